"""The commits between two versions, as GitHub compares them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, List

import pytest

from opsroom.deploys import Comparer, Historian, Resolved
from opsroom.errors import Failure
from support.contracts.vendor import Vendor
from support.deploys.github import caught, deployer_at
from support.servers.http import Reply
from support.vendors.github_deployments import GithubDeployments


@pytest.fixture
def deployer(vendor: Vendor) -> Any:
    return deployer_at(vendor)


def line_of(github: GithubDeployments, count: int, start: str) -> List[str]:
    """So many commits, each on top of the one before, the oldest first."""
    made = [start]
    for number in range(count):
        made.append(github.commit(f"work {number}", made[-1]))
    return made[1:]


def to(commit: str) -> Resolved:
    return Resolved("v2.0.0", "v2.0.0", commit)


def test_the_kind_knows_what_changed(deployer: Any) -> None:
    assert isinstance(deployer, Historian)
    assert isinstance(deployer, Comparer)


@pytest.mark.parametrize("digits", [0, 12, 40])
def test_commits_are_the_newest_first(
    github: GithubDeployments, deployer: Any, digits: int
) -> None:
    start = github.tags["v1.0.0"]
    made = line_of(github, 3, start)
    found = deployer.commits(start[:digits] or "v1.0.0", to(made[-1]))
    assert [one.id for one in found] == made[::-1]
    assert [one.message for one in found] == ["work 2", "work 1", "work 0"]
    assert (found[0].parents, found[0].new, found[0].author) == ((made[1],), True, "Alice Adams")
    assert found[0].at == datetime(2026, 11, 23, 10, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(("count", "pages"), [(100, 1), (101, 2), (499, 5), (734, 7)])
def test_of_many_commits_the_newest_500_are_read(
    vendor: Vendor, github: GithubDeployments, deployer: Any, count: int, pages: int
) -> None:
    made = line_of(github, count, github.tags["v1.0.0"])
    found = deployer.commits("v1.0.0", to(made[-1]))
    assert [one.id for one in found] == made[::-1][:500]
    assert len([one for one in vendor.requests if "/compare/" in one.path]) == pages


def test_children_come_before_parents_whatever_their_dates(
    github: GithubDeployments, deployer: Any
) -> None:
    start = github.tags["v1.0.0"]
    side = github.commit("side", start)
    main = github.commit("main", start)
    merge = github.commit("merge", main, side)
    # GitHub lists by date, and the clock of whoever merged was slow.
    github.commits = {
        id: github.commits[id] for id in (start, merge, side, main) if id in github.commits
    }
    found = [one.id for one in deployer.commits("v1.0.0", to(merge))]
    assert (found[0], sorted(found[1:])) == (merge, sorted([side, main]))


def test_older_commits_that_are_reverted_come_last(
    github: GithubDeployments, deployer: Any
) -> None:
    start = github.tags["v1.0.0"]
    never = github.commit("elsewhere")
    revert = github.commit(
        f'Revert "first"\n\nThis reverts commit {start}.\nThis reverts commit {never}.', start
    )
    found = deployer.commits("v1.0.0", to(revert))
    assert [(one.id, one.new) for one in found] == [(revert, True), (start, False)]


def test_what_is_not_known_has_no_commits(github: GithubDeployments, deployer: Any) -> None:
    commit = github.tags["v1.0.0"]
    assert deployer.commits("v0.1.0", to(commit)) == ()
    assert deployer.commits("", to(commit)) == ()
    assert deployer.commits("v1.0.0", Resolved("any", "any")) == ()
    assert deployer.commits("v1.0.0", to("f" * 40)) == ()


def test_a_repository_out_of_sight_is_a_failure(github: GithubDeployments, deployer: Any) -> None:
    github.missing_rights = ["contents"]
    error = caught(deployer.commits, "v1.0.0", to("f" * 40))
    assert isinstance(error, Failure)
    assert "Contents (read)" in error.hint


def test_a_comparison_of_another_shape_is_a_failure(vendor: Vendor, deployer: Any) -> None:
    vendor.instead(Reply(200, "{}"), where=lambda one: "/compare/" in one.path)
    error = caught(deployer.commits, "v1.0.0", to("f" * 40))
    assert "JSON in which there is no number of commits" in error.message


def test_the_link_shows_the_same_on_github(deployer: Any) -> None:
    link = deployer.compare_link("v1.0.0", "release/2@x")
    assert link == "https://github.com/acme/web/compare/v1.0.0...release%2F2@x"
    assert deployer.compare_link("", "v1.0.0") == ""


def test_versions_that_are_not_those_of_git_have_no_link(vendor: Vendor) -> None:
    made = deployer_at(vendor, versions="any", ref="main", inputs={"tag": "{version}"})
    assert made.compare_link("1", "2") == ""
