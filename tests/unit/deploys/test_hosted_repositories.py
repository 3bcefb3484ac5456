"""What a version stands for at GitHub and GitLab, and the commits between two of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, List

import pytest

from opsroom.deploys import Comparer, Historian, Resolved
from opsroom.errors import Code, Failure, Refusal
from support.deploys.sites import Site

pytestmark = pytest.mark.parametrize("kind", ["github", "gitlab"])


@pytest.fixture
def played(site: Site) -> Any:
    return site.played


def line_of(played: Any, count: int) -> List[str]:
    """So many commits, each on top of the one before, v1.0.0 the first; the oldest first."""
    made = [played.tags["v1.0.0"]]
    for number in range(count):
        made.append(played.commit(f"work {number}", made[-1]))
    return made[1:]


def to(commit: str) -> Resolved:
    return Resolved("v2.0.0", "v2.0.0", commit)


def test_a_tag_goes_before_a_branch(site: Site, played: Any) -> None:
    played.branches["v1.0.0"] = played.commit("branch")  # git means the tag, too
    assert site.deployer().resolve("v1.0.0") == site.v1


def test_a_branch_is_recorded_as_its_commit(site: Site, played: Any) -> None:
    made = played.branches["feature/x"] = played.commit("x")
    assert site.deployer().resolve("feature/x") == Resolved(made[:12], "feature/x", made)


def test_a_commit_is_refused_where_it_is_run_on_the_version(site: Site) -> None:
    error = site.refused(site.deployer().resolve, site.v1.commit[:10])
    assert isinstance(error, Refusal)
    assert error.code is Code.NOT_POSSIBLE
    words = {"github": "on a branch or tag only", "gitlab": "GitLab makes a pipeline of a branch"}
    assert words[site.name] in error.message


def test_a_commit_may_be_an_input(site: Site) -> None:
    made, asked = site.v1.commit, site.v1.commit[:10].upper()
    fixed = site.deployer(ref="main", inputs={"version": "{version}"})
    assert fixed.resolve(asked) == Resolved(made[:12], asked, made)


def test_an_unknown_version_is_answered_with_the_nearest(site: Site) -> None:
    error = site.refused(site.deployer().resolve, "v1.0.1")
    assert (error.code, error.hint) == (Code.UNKNOWN_VERSION, "Did you mean v1.0.0?")
    assert "no tag, branch or commit 'v1.0.1' in acme/web" in error.message
    assert site.refused(site.deployer().resolve, "zzz").facts["nearest"] == ["v1.0.0"]


def test_any_version_asks_nobody(site: Site) -> None:
    fixed = site.deployer(ref="main", versions="any", inputs={"tag": "{version}"})
    assert fixed.resolve("2026-11-30") == Resolved("2026-11-30", "2026-11-30")
    assert site.vendor.requests == []


# What changed.


def test_the_kind_knows_what_changed(site: Site) -> None:
    assert isinstance(site.deployer(), Historian)
    assert isinstance(site.deployer(), Comparer)


@pytest.mark.parametrize("digits", [0, 12, 40])
def test_commits_are_the_newest_first(site: Site, played: Any, digits: int) -> None:
    made = line_of(played, 3)
    found = site.deployer().commits(site.v1.commit[:digits] or "v1.0.0", to(made[-1]))
    assert [one.id for one in found] == made[::-1]
    assert [one.message for one in found] == ["work 2", "work 1", "work 0"]
    assert (found[0].parents, found[0].new, found[0].author) == ((made[1],), True, "Alice Adams")
    assert found[0].at == datetime(2026, 11, 23, 10, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("count", "pages"),
    [
        (99, {"github": 1, "gitlab": 1}),
        (100, {"github": 1, "gitlab": 2}),
        (101, {"github": 2, "gitlab": 2}),
        (499, {"github": 5, "gitlab": 5}),
        (734, {"github": 7, "gitlab": 5}),
    ],
)
def test_of_many_commits_the_newest_500_are_read(
    site: Site, played: Any, kind: str, count: int, pages: Any
) -> None:
    made = line_of(played, count)
    found = site.deployer().commits("v1.0.0", to(made[-1]))
    assert [one.id for one in found] == made[::-1][:500]
    asked = {"github": "/compare/", "gitlab": "/commits?"}[kind]
    lists = [one for one in site.vendor.requests if asked in f"{one.path}?"]
    assert len(lists) == pages[kind]


@pytest.mark.parametrize(
    ("before", "version"),
    [("v0.9.0", None), ("", None), ("v1.0.0", Resolved("v2.0.0", "v2.0.0"))],
    ids=["unknown", "none", "to no commit"],
)
def test_between_what_is_not_known_there_are_no_commits(
    site: Site, before: str, version: Any
) -> None:
    assert site.deployer().commits(before, version or site.v1) == ()


def test_commits_that_cannot_be_read_are_a_failure(site: Site, played: Any) -> None:
    played.missing_rights, played.forbidden = ["contents"], "/repository/commits"
    error = site.refused(site.deployer().commits, "v1.0.0", to("f" * 40))
    assert isinstance(error, Failure)
    assert error.code is Code.UNAUTHORIZED
    assert {"github": "Contents (read)", "gitlab": "read_api"}[site.name] in error.hint
