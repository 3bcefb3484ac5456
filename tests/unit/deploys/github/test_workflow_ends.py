"""What a run of a workflow waits for, and how it ends."""

from __future__ import annotations

from typing import Any, List

import pytest

from opsroom.errors import Code
from support.deploys.github import LINK
from support.deploys.sites import Site
from support.vendors.github_deployments import GithubDeployments, job


def gate(environment: str, wait: int = 0, *reviewers: Any) -> List[Any]:
    """The protection of one environment, as a waiting run has it."""
    protection = {"wait_timer": wait, "reviewers": list(reviewers)}
    return [{"environment": {"name": environment}, **protection}]


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (gate("production", 0, {}), "waits for approval of environment production on GitHub"),
        (gate("uat", 30), "waits 30 min, as environment uat has it on GitHub"),
        (gate("uat"), "waits for the protection rules of environment uat on GitHub"),
        ([], "waits for the protection rules of an environment"),
    ],
)
def test_a_run_says_what_it_waits_for(
    site: Site, github: GithubDeployments, gates: List[Any], words: str
) -> None:
    github.states = [("queued", None), ("waiting", None), ("completed", "success")]
    github.gates = gates
    assert site.deploy().lines[-1] == f"GitHub run 4711 {words}"


def test_a_run_that_ended_without_a_decision_waits_for_someone(
    site: Site, github: GithubDeployments
) -> None:
    """GitHub calls it completed: it is neither a success nor a failure."""
    github.states = [("queued", None), ("completed", "action_required"), ("completed", "success")]
    lines = site.deploy().lines
    assert lines[-1] == "GitHub run 4711 waits for someone to approve it on GitHub"


def test_a_run_that_nobody_approves_in_time_says_so(site: Site, github: GithubDeployments) -> None:
    github.states = [("waiting", None)]
    github.gates = gate("uat", 0, {})
    message = site.fails(time_limit="60s").message
    assert "waits for approval of environment uat on GitHub" in message
    assert github.cancels == ["cancel"]


@pytest.mark.parametrize(
    ("enterprise", "words"),
    [
        (False, "is queued behind 3 others"),
        (True, "waits for another run of its concurrency group"),
    ],
)
def test_a_run_behind_others_says_so(
    site: Site, github: GithubDeployments, enterprise: bool, words: str
) -> None:
    github.states = [("pending", None), ("pending", None), ("completed", "success")]
    github.position, github.enterprise = 3, enterprise
    assert site.deploy().lines[-1] == f"GitHub run 4711 {words}"


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
    site: Site, github: GithubDeployments, conclusion: str, words: str
) -> None:
    github.states = [("in_progress", None), ("completed", conclusion)]
    github.jobs = [job("test"), job("deploy", "failure", "Push image"), job("note", "cancelled")]
    error = site.fails()
    assert (error.code, error.facts["link"]) == (Code.DEPLOY_FAILED, LINK)
    assert f"GitHub run 4711 {words}" in error.message
    assert site.kept == ""


@pytest.mark.parametrize(
    ("state", "comment", "words"),
    [
        ("rejected", "Not before Monday.", "bob-gh rejected it on GitHub: Not before Monday."),
        ("rejected", "", "bob-gh rejected it on GitHub."),
        ("approved", "", "job 'deploy'."),
    ],
)
def test_a_run_that_someone_rejected_says_who(
    site: Site, github: GithubDeployments, state: str, comment: str, words: str
) -> None:
    github.states = [("waiting", None), ("completed", "failure")]
    github.jobs = [job("build"), {**job("deploy", None), "conclusion": "failure"}]
    github.approvals = [{"state": state, "user": {"login": "bob-gh"}, "comment": comment}]
    assert site.fails().message == f"GitHub run 4711 failed: {words}"


def test_a_run_that_a_newer_one_of_its_group_replaced_says_so(
    site: Site, github: GithubDeployments
) -> None:
    github.states = [("pending", None), ("completed", "cancelled")]
    github.jobs = [job("deploy", None)]
    message = site.fails().message
    assert "was cancelled at GitHub: none of its jobs had begun" in message
    assert "concurrency group" in message


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ([job("build"), job("deploy (uat)", "skipped")], "its job 'deploy (uat)' was skipped"),
        ([job("build"), job("deploy (uat)", "neutral")], "its job 'deploy (uat)' ended as neutral"),
        ([job("build"), job("ship")], "has no job 'deploy (uat)': it has build and ship"),
    ],
)
def test_the_job_that_counts_must_have_succeeded(
    site: Site, github: GithubDeployments, jobs: List[Any], words: str
) -> None:
    github.jobs = jobs
    error = site.fails(job="deploy ({environment})")
    assert error.code is Code.DEPLOY_FAILED
    assert words in error.message


def test_another_job_than_the_one_that_counts_may_fail(
    site: Site, github: GithubDeployments
) -> None:
    github.jobs = [job("build", "failure"), job("deploy (uat)")]
    site.deploy(job="deploy ({environment})")


def test_a_later_attempt_does_not_change_what_became_of_ours(
    site: Site, github: GithubDeployments
) -> None:
    def note(line: str) -> None:
        if line.endswith("was started"):
            github.runs[4711].update(status="completed", conclusion="failure")
            github.run_again(4711, "completed", "success")

    site.job._on_note = note
    assert site.fails().code is Code.DEPLOY_FAILED


def test_a_run_of_another_commit_is_no_success(site: Site, github: GithubDeployments) -> None:
    moved = github.commit("second")
    site.job._on_note = lambda line: github.runs[4711].update(head_sha=moved)
    assert f"ran commit {moved[:12]} and not {site.v1.commit[:12]}" in site.fails().message
