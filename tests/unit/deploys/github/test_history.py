"""The commits between two versions, as GitHub compares them."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.deploys import Resolved
from support.deploys.sites import Site
from support.servers.http import Reply
from support.vendors.github_deployments import GithubDeployments


@pytest.fixture
def deployer(site: Site) -> Any:
    return site.deployer()


def to(commit: str) -> Resolved:
    return Resolved("v2.0.0", "v2.0.0", commit)


def test_children_come_before_parents_whatever_their_dates(
    github: GithubDeployments, deployer: Any
) -> None:
    start = github.tags["v1.0.0"]
    side = github.commit("side", start)
    main = github.commit("main", start)
    merge = github.commit("merge", main, side)
    # GitHub lists by date, and the clock of whoever merged was slow.
    github.commits = {id: github.commits[id] for id in (start, merge, side, main)}
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


def test_an_unknown_end_has_no_commits(deployer: Any) -> None:
    assert deployer.commits("v1.0.0", to("f" * 40)) == ()


def test_a_comparison_of_another_shape_is_a_failure(site: Site, deployer: Any) -> None:
    site.vendor.instead(Reply(200, "{}"), where=lambda one: "/compare/" in one.path)
    error = site.refused(deployer.commits, "v1.0.0", to("f" * 40))
    assert "JSON in which there is no number of commits" in error.message


def test_the_link_shows_the_same_on_github(site: Site, deployer: Any) -> None:
    link = deployer.compare_link("v1.0.0", "release/2@x")
    assert link == "https://github.com/acme/web/compare/v1.0.0...release%2F2@x"
    assert deployer.compare_link("", "v1.0.0") == ""
    # Versions that are not those of git have none.
    any_version = site.deployer(versions="any", ref="main", inputs={"tag": "{version}"})
    assert any_version.compare_link("1", "2") == ""
