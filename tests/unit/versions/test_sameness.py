"""Whether two versions are one: by their commits where both are known, else by their names."""

from __future__ import annotations

from opsroom.versions import Running, distinct_names, same, same_version
from support.cases import cases

ONE, OTHER = "a1" * 20, "b2" * 20
SHA256 = "c3" * 32


@cases(
    ("one", "other", "wanted"),
    [
        (Running("v1", ONE), Running("v1", ONE), True),
        (Running("v1", ONE), Running("v2", ONE), True),
        (Running("v1", ONE), Running("v1", OTHER), False),
        (Running("v1", ONE), Running("v1"), True),
        (Running("v1"), Running("1"), True),
        (Running("v1", ONE), Running("v2"), False),
        (Running("v1", ONE), Running("v1", ONE[:12]), True),
        (Running("v1", ONE), Running("v1", ONE.upper()), True),
        (Running("v1", SHA256), Running("v2", SHA256[:7]), True),
        # An application that says its commit.
        (Running("v1", ONE), Running(ONE), True),
        (Running("v1", ONE), Running(ONE[:7]), True),
        (Running("v1", ONE), Running(OTHER[:7]), False),
        (Running(ONE[:12], ONE), Running("v1", ONE), True),
        # Nothing is the same as nothing else.
        (Running(""), Running(""), False),
        (Running("", ONE), Running("v1"), False),
    ],
)
def test_the_commit_decides_where_both_are_known(
    one: Running, other: Running, wanted: bool
) -> None:
    assert same(one, other) is same(other, one) is wanted


@cases(
    ("one", "other", "wanted"),
    [
        ("v1.2.0", "1.2.0", True),
        ("V1", "v1", True),
        ("1.2.0", "1.2", False),
        ("v1.2.0+build.5", "v1.2.0+build.6", False),
        ("web@1.1.0", "api@1.1.0", False),
        (ONE, ONE[:7], True),
        (ONE, ONE[:6], False),
        # Numbers of builds, and days.
        ("1234567", "12345678", False),
        ("20261130", "202611301", False),
        ("1234567", "1234567", True),
        ("1234567", "1234567a" + "0" * 32, True),
    ],
)
def test_names_are_compared_as_people_write_them(one: str, other: str, wanted: bool) -> None:
    assert same_version(one, other) is same_version(other, one) is wanted


def test_commits_are_told_only_where_one_name_was_moved() -> None:
    assert distinct_names(Running("v1", ONE), Running("v2", OTHER)) == ("v1", "v2")
    assert distinct_names(Running("v1", ONE), Running("v1", OTHER)) == (
        f"v1 ({ONE[:12]})",
        f"v1 ({OTHER[:12]})",
    )
    assert distinct_names(Running("v1", ONE), Running("v1")) == ("v1", "v1")
