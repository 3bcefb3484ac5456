"""Versions that a workflow of GitHub Actions runs on, or gets."""

from __future__ import annotations

from opsroom.deploys import Resolved
from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.github import (
    MARK,
    a_job,
    caught,
    deployer_at,
    dispatched,
)
from support.vendors.github_deployments import GithubDeployments


def test_a_tag_stands_for_itself(vendor: Vendor, github: GithubDeployments) -> None:
    github.branches["v1.0.0"] = github.commit("another")  # git means the tag, too
    found = deployer_at(vendor).resolve("v1.0.0")
    assert found == Resolved("v1.0.0", "v1.0.0", github.tags["v1.0.0"])


def test_a_branch_is_recorded_as_its_commit_and_started_by_name(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.branches["feature/x"] = commit = github.commit("x")
    deployer = deployer_at(vendor)
    found = deployer.resolve("feature/x")
    assert found == Resolved(commit[:12], "feature/x", commit)
    deployer.deploy(found, a_job())
    assert dispatched(vendor)[0]["ref"] == "feature/x"


def test_a_commit_is_refused_where_the_workflow_runs_on_the_version(
    vendor: Vendor, github: GithubDeployments
) -> None:
    commit = github.tags["v1.0.0"]
    error = caught(deployer_at(vendor).resolve, commit[:10])
    assert error.code is Code.NOT_POSSIBLE
    assert "on a branch or tag only" in error.message
    left = Resolved(commit[:12], commit[:12], commit)  # also one that was approved earlier
    assert caught(deployer_at(vendor).deploy, left, a_job()).code is Code.NOT_POSSIBLE
    assert dispatched(vendor) == []


def test_a_commit_is_an_input_where_the_workflow_runs_on_a_branch(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs += ["version", "commit"]
    inputs = {"version": "{version}", "commit": "{commit}"}
    deployer = deployer_at(vendor, ref="main", inputs=inputs)
    commit = github.commit("second")
    deployer.deploy(deployer.resolve(commit[:9]), a_job())
    sent = dispatched(vendor)[0]
    assert sent["ref"] == "main"
    assert sent["inputs"] == {"version": commit[:12], "commit": commit, "opsroom": MARK}


def test_an_unknown_version_is_answered_with_the_nearest(
    vendor: Vendor, github: GithubDeployments
) -> None:
    error = caught(deployer_at(vendor).resolve, "v1.0.1")
    assert (error.code, error.hint) == (Code.UNKNOWN_VERSION, "Did you mean v1.0.0?")
    assert caught(deployer_at(vendor).resolve, "zzz").facts["nearest"] == ["v1.0.0"]


def test_any_version_goes_where_versions_are_not_those_of_git(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs.append("tag")
    deployer = deployer_at(vendor, versions="any", ref="main", inputs={"tag": "{version}"})
    assert deployer.resolve("2026.11") == Resolved("2026.11", "2026.11")
    assert vendor.requests == []
    deployer.deploy(deployer.resolve("2026.11"), a_job())
    assert dispatched(vendor)[0]["inputs"]["tag"] == "2026.11"
