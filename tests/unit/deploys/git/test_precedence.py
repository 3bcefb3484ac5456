"""Which of several versions is newer."""

from __future__ import annotations

import random
from typing import List

import pytest

from opsroom.deploys.git.precedence import Ref, family, natural, newest_first, precedence
from support.cases import cases

# Each the oldest first.
SEMVER = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
]
ORDERED = [
    SEMVER,
    [f"v{one}" for one in SEMVER],
    ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.9.0", "v1.10.0", "v2.0.0-rc.1", "v2.0.0"],
    ["1.2.0~rc1", "1.2.0", "1.2.0.1", "1.2.1"],
    ["1.2.0-rc2", "1.2.0-rc10", "1.2.0"],
    ["1.2.0a1", "1.2.0b1", "1.2.0rc1", "1.2.0", "1.2.0.post1"],
    ["1.2.0-SNAPSHOT", "1.2.0.Final", "1.2.1.Final"],
    ["1.0.0.1", "1.0.0.9", "1.0.0.10", "1.0.1.0"],
    ["1.2.0+build.5", "1.2.0+build.10"],
    ["2025-12", "2026-01", "2026-11"],
    ["2026-11-5", "2026-11-30", "2026-12-01"],
    ["2026.9.30", "2026.11.1", "2026.11.30", "2026.11.30.1"],
    ["20261129", "20261130"],
    ["web@1.1.0-rc.1", "web@1.1.0", "web@1.10.0"],
    ["release/2025-12", "release/2026-11"],
    ["web-1.2.0-rc.1", "web-1.2.0", "web-v1.3.0"],
    ["acme/web/v1.2.0", "acme/web/v1.10.0"],
    ["deploy-9", "deploy-10", "deploy-1234"],
    ["9", "10", "1234"],
]


@cases("oldest_first", ORDERED)
def test_versions_are_ordered_as_people_mean_them(oldest_first: List[str]) -> None:
    mixed = list(oldest_first)
    random.Random(7).shuffle(mixed)
    assert newest_first(map(Ref, mixed)) == oldest_first[::-1]


def test_versions_go_by_their_numbers_also_where_an_older_one_was_tagged_later() -> None:
    tags = [Ref("v1.3.0", 100), Ref("v1.2.1", 300), Ref("v1.10.0", 200)]
    assert newest_first(tags) == ["v1.10.0", "v1.3.0", "v1.2.1"]


def test_what_is_no_version_comes_last_and_goes_by_its_date_then_by_its_name() -> None:
    tags = [
        Ref("nightly", 900),
        Ref("beta", 100),
        Ref("test9", 200),
        Ref("test10", 200),
        Ref("v1.0.0", 1),
    ]
    assert newest_first(tags) == ["v1.0.0", "nightly", "test10", "test9", "beta"]


def test_families_are_not_mixed_and_that_of_what_was_typed_comes_first() -> None:
    tags = [
        Ref("web@1.1.0", 300),
        Ref("api@2.0.0", 100),
        Ref("web@1.2.0", 50),
        Ref("api@2.1.0", 90),
    ]
    assert newest_first(tags) == ["web@1.2.0", "web@1.1.0", "api@2.1.0", "api@2.0.0"]
    assert newest_first(tags, like="api@9.9.9") == [
        "api@2.1.0",
        "api@2.0.0",
        "web@1.2.0",
        "web@1.1.0",
    ]
    assert newest_first([*tags, Ref("v3.0.0", 1)], like="v4")[0] == "v3.0.0"


def test_equal_versions_go_by_their_date() -> None:
    assert newest_first([Ref("v1.2", 5), Ref("1.2.0", 9), Ref("v1.2.0", 7)]) == [
        "1.2.0",
        "v1.2.0",
        "v1.2",
    ]


@cases(
    "name", ["", "main", "nightly", "test1", "release", "feature/login", "v", "-", "web@", "vv1"]
)
def test_other_names_are_no_versions(name: str) -> None:
    assert precedence(name) is None


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("v1.2.0", ""),
        ("web@1.2.0", "web@"),
        ("release/2026-11", "release/"),
        ("web-1.2.0-rc.1", "web-"),
        ("main", "main"),
    ],
)
def test_a_family_is_what_stands_before_the_version(name: str, before: str) -> None:
    assert family(name) == before


def test_nothing_that_a_repository_may_hold_is_too_much() -> None:
    names = [
        "9" * 128,
        "9" * 9000,
        "1." * 2000 + "1",
        "v" * 4000,
        "-1" * 2000,
        "1-" * 2000,
        "@1/" * 1300,
    ]
    assert sorted(newest_first(map(Ref, names))) == sorted(names)
    assert natural("rc10") > natural("rc9")
