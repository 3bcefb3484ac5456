"""What a run of a workflow waits for, and how it ends."""

from __future__ import annotations

from typing import Any, List

import pytest

from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.github import (
    LINK,
    a_job,
    caught,
    deployer_at,
    dispatched,
    v1,
)
from support.vendors.github_deployments import GithubDeployments, job


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (
            [{"environment": {"name": "production"}, "wait_timer": 0, "reviewers": [{}]}],
            "waits for approval of environment production on GitHub",
        ),
        (
            [{"environment": {"name": "uat"}, "wait_timer": 30, "reviewers": []}],
            "waits 30 min, as environment uat has it on GitHub",
        ),
        (
            [{"environment": {"name": "uat"}, "wait_timer": 0, "reviewers": []}],
            "waits for the protection rules of environment uat on GitHub",
        ),
        ([], "waits for the protection rules of an environment"),
    ],
)
def test_a_run_says_what_it_waits_for(
    vendor: Vendor, github: GithubDeployments, gates: List[Any], words: str
) -> None:
    github.states = [("queued", None), ("waiting", None), ("completed", "success")]
    github.gates = gates
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert work.lines[-1] == f"GitHub run 4711 {words}"


def test_a_run_that_ended_without_a_decision_waits_for_someone(
    vendor: Vendor, github: GithubDeployments
) -> None:
    """GitHub calls it completed: it is neither a success nor a failure."""
    github.states = [("queued", None), ("completed", "action_required"), ("completed", "success")]
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert work.lines[-1] == "GitHub run 4711 waits for someone to approve it on GitHub"


def test_a_run_that_nobody_approves_in_time_says_so(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.states = [("waiting", None)]
    github.gates = [{"environment": {"name": "uat"}, "wait_timer": 0, "reviewers": [{}]}]
    deployer = deployer_at(vendor, time_limit="60s")
    error = caught(deployer.deploy, v1(deployer), a_job())
    assert error.code is Code.TIMED_OUT
    assert "waits for approval of environment uat on GitHub" in error.message
    assert github.cancels == ["cancel"]


@pytest.mark.parametrize(
    ("enterprise", "words"),
    [
        (False, "is queued behind 3 others"),
        (True, "waits for another run of its concurrency group"),
    ],
)
def test_a_run_behind_others_says_so(
    vendor: Vendor, github: GithubDeployments, enterprise: bool, words: str
) -> None:
    github.states = [("pending", None), ("pending", None), ("completed", "success")]
    github.position = 3
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)
    github.enterprise = enterprise
    deployer.deploy(resolved, work)
    assert work.lines[-1] == f"GitHub run 4711 {words}"


@pytest.mark.parametrize(
    ("conclusion", "words"),
    [
        ("failure", "failed: job 'deploy' at step 'Push image'"),
        ("timed_out", "failed: took longer than GitHub or the workflow allows"),
        ("startup_failure", "failed: could not start"),
        ("skipped", "failed: ran none of its jobs"),
        ("stale", "failed: was given up by GitHub"),
        ("neutral", "failed: ended as neutral"),
        ("brand_new", "failed: ended as brand_new"),
        ("cancelled", "was cancelled at GitHub: by someone there, or by a newer run of its"),
    ],
)
def test_a_run_that_does_not_succeed_fails_the_deployment(
    vendor: Vendor, github: GithubDeployments, conclusion: str, words: str
) -> None:
    github.states = [("in_progress", None), ("completed", conclusion)]
    github.jobs = [job("test"), job("deploy", "failure", "Push image"), job("note", "cancelled")]
    deployer, work = deployer_at(vendor), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert (error.code, error.facts["link"]) == (Code.DEPLOY_FAILED, LINK)
    assert f"GitHub run 4711 {words}" in error.message
    assert work.handles == {"github": ""}


@pytest.mark.parametrize(
    ("state", "comment", "words"),
    [
        ("rejected", "Not before Monday.", "bob-gh rejected it on GitHub: Not before Monday."),
        ("rejected", "", "bob-gh rejected it on GitHub."),
        ("approved", "", "job 'deploy'."),
    ],
)
def test_a_run_that_someone_rejected_says_who(
    vendor: Vendor, github: GithubDeployments, state: str, comment: str, words: str
) -> None:
    github.states = [("waiting", None), ("completed", "failure")]
    github.jobs = [job("build"), {**job("deploy", None), "conclusion": "failure"}]
    github.approvals = [{"state": state, "user": {"login": "bob-gh"}, "comment": comment}]
    deployer = deployer_at(vendor)
    error = caught(deployer.deploy, v1(deployer), a_job())
    assert error.message == f"GitHub run 4711 failed: {words}"


def test_a_run_that_a_newer_one_of_its_group_replaced_says_so(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.states = [("pending", None), ("completed", "cancelled")]
    github.jobs = [job("deploy", None)]
    deployer = deployer_at(vendor)
    error = caught(deployer.deploy, v1(deployer), a_job())
    assert "was cancelled at GitHub: none of its jobs had begun" in error.message
    assert "concurrency group" in error.message


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ([job("build"), job("deploy (uat)", "skipped")], "its job 'deploy (uat)' was skipped"),
        ([job("build"), job("deploy (uat)", "neutral")], "its job 'deploy (uat)' ended as neutral"),
        ([job("build"), job("ship")], "has no job 'deploy (uat)': it has build and ship"),
        ([job("build", "failure"), job("deploy (uat)")], ""),
    ],
)
def test_the_job_that_counts_must_have_succeeded(
    vendor: Vendor, github: GithubDeployments, jobs: List[Any], words: str
) -> None:
    github.jobs = jobs
    deployer = deployer_at(vendor, job="deploy ({environment})")
    if not words:
        deployer.deploy(v1(deployer), a_job())
        return
    error = caught(deployer.deploy, v1(deployer), a_job())
    assert error.code is Code.DEPLOY_FAILED
    assert words in error.message


def test_a_later_attempt_does_not_change_what_became_of_ours(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)

    def note(line: str) -> None:
        if line.endswith("was started"):
            github.runs[4711].update(status="completed", conclusion="failure")
            github.run_again(4711, "completed", "success")

    work._on_note = note
    error = caught(deployer.deploy, resolved, work)
    assert error.code is Code.DEPLOY_FAILED


def test_a_tag_that_was_moved_since_it_was_looked_up_is_not_deployed(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)
    github.tags["v1.0.0"] = github.commit("second")
    assert caught(deployer.deploy, resolved, work).code is Code.CHANGED_MEANWHILE
    assert (dispatched(vendor), work.handles["github"]) == ([], "")


def test_a_run_of_another_commit_is_no_success(vendor: Vendor, github: GithubDeployments) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved, moved = v1(deployer), github.commit("second")
    work._on_note = lambda line: github.runs[4711].update(head_sha=moved)
    error = caught(deployer.deploy, resolved, work)
    assert f"ran commit {moved[:12]} and not {resolved.commit[:12]}" in error.message
