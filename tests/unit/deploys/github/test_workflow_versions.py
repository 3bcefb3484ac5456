"""Versions that a workflow of GitHub Actions runs on, or gets."""

from __future__ import annotations

from opsroom.deploys import Resolved
from opsroom.errors import Code
from support.deploys.github import dispatched
from support.deploys.sites import MARK, Site
from support.vendors.github_deployments import GithubDeployments


def test_a_branch_is_started_by_name(site: Site, github: GithubDeployments) -> None:
    github.branches["feature/x"] = commit = github.commit("x")
    site.deploy(Resolved(commit[:12], "feature/x", commit))
    assert dispatched(site)[0]["ref"] == "feature/x"


def test_a_commit_that_was_approved_earlier_is_refused_too(site: Site) -> None:
    commit = site.v1.commit
    assert site.fails(Resolved(commit[:12], commit[:12], commit)).code is Code.NOT_POSSIBLE
    assert dispatched(site) == []


def test_a_commit_is_an_input_where_the_workflow_runs_on_a_branch(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs += ["version", "commit"]
    inputs = {"version": "{version}", "commit": "{commit}"}
    commit = github.commit("second")
    site.deploy(Resolved(commit[:12], commit[:9], commit), ref="main", inputs=inputs)
    sent = dispatched(site)[0]
    assert sent["ref"] == "main"
    assert sent["inputs"] == {"version": commit[:12], "commit": commit, "opsroom": MARK}


def test_any_version_goes_where_versions_are_not_those_of_git(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs.append("tag")
    made = Resolved("2026.11", "2026.11")
    site.deploy(made, versions="any", ref="main", inputs={"tag": "{version}"})
    assert dispatched(site)[0]["inputs"]["tag"] == "2026.11"
