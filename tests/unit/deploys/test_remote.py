"""Deploying by a service: started once, followed, found again, cancelled; against a service that
does what the test says."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

import pytest

from opsroom.deploys import Canceller, OwnRollback, Resolved, Target
from opsroom.deploys.remote import Assignment, Run, Service, State
from opsroom.deploys.remote.deployer import RemoteDeployer
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from support.deploys.jobs import Notes, lost
from support.deploys.runs import Clock, stopping
from support.errors import failure_of

V1 = Resolved("v1.0.0", "v1.0.0", "c0ffee1")
V2 = Resolved("v2.0.0", "v2.0.0", "c0ffee2")
LOST = Failure(Code.TIMED_OUT, "CI did not answer within 10 s.", facts={"sent": True})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(1000.0)
    made.install(monkeypatch)
    return made


class Played(Service):
    """`runs` is what the service has, by id; `states` what each further look finds; `start_fails`
    is raised by `start`, after the run was made where `made_anyway` says so."""

    name = "CI"

    def __init__(self) -> None:
        self.runs: Dict[str, Assignment] = {}
        self.states: List[Any] = [State.RUNNING, State.SUCCEEDED]
        self.state = State.QUEUED
        self.start_fails: Optional[OpsroomError] = None
        self.made_anyway = False
        self.hidden_for = 0
        self.cancel_fails: Optional[OpsroomError] = None
        self.cancelled: List[str] = []
        self.after_cancel = State.CANCELLED

    def start(self, assignment: Assignment) -> Run:
        if self.start_fails is None or self.made_anyway:
            self.runs[f"r{len(self.runs) + 1}"] = assignment
            self.state = State.QUEUED
        if self.start_fails is not None:
            raise self.start_fails
        return self._run(f"r{len(self.runs)}")

    def find(self, assignment: Assignment) -> Optional[Run]:
        if self.hidden_for:
            self.hidden_for -= 1
            return None
        for run_id, one in self.runs.items():
            if one.deployment == assignment.deployment:
                return self._run(run_id)
        return None

    def look(self, run_id: str) -> Run:
        found = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(found, OpsroomError):
            raise found
        self.state = found
        return self._run(run_id)

    def cancel(self, run: Run) -> None:
        if self.cancel_fails is not None:
            raise self.cancel_fails
        self.cancelled.append(run.id)
        self.states = [self.after_cancel]

    def _run(self, run_id: str) -> Run:
        return Run(run_id, f"CI run {run_id}", self.state, link=f"https://ci.example/{run_id}")


@pytest.fixture
def ci() -> Played:
    return Played()


def deploying(ci: Played, time_limit: float = 600.0) -> RemoteDeployer:
    return RemoteDeployer(ci, Target("web", "uat"), "ci", time_limit, "https://ci.example")


def left_behind(ci: Played, resolved: Resolved = V1, run: str = "") -> Notes:
    """A job at a place where an earlier deployment, d0, asked for a run and died."""
    left = Assignment(
        "web", "uat", resolved.version, resolved.commit, resolved.asked, "d0", "bob", 1000.0
    )
    job = Notes()
    values = {**left.__dict__, "run": run}
    job.handles["ci"] = json.dumps(values)
    if run:
        ci.runs[run] = left
    return job


def test_a_run_is_started_with_the_deployment_s_id_and_followed(ci: Played, clock: Clock) -> None:
    job = Notes()
    deploying(ci).deploy(V1, job)
    assert [one.deployment for one in ci.runs.values()] == ["d1"]
    assert job.handles == {"ci": ""}
    assert job.links == ["https://ci.example/r1"]
    assert job.lines == ["CI run r1 queued", "CI run r1 running"]
    assert clock.now == 1006.0


def test_that_it_will_be_asked_is_written_down_before_it_is_asked(ci: Played) -> None:
    job, kept = Notes(), []
    original = ci.start

    def start(assignment: Assignment) -> Run:
        kept.append(json.loads(job.handles["ci"]))
        return original(assignment)

    ci.start = start
    deploying(ci).deploy(V1, job)
    assert (kept[0]["deployment"], kept[0]["run"], kept[0]["since"]) == ("d1", "", 1000.0)


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
def test_a_run_that_does_not_succeed_fails_the_deployment(ci: Played, end: State) -> None:
    ci.states, job = [end], Notes()
    error = failure_of(deploying(ci).deploy, V1, job)
    assert error.code is Code.DEPLOY_FAILED
    assert error.facts["link"] == "https://ci.example/r1"
    assert ("cancelled at CI" in error.message) == (end is State.CANCELLED)
    assert job.handles["ci"] == ""


def test_trouble_with_the_service_is_waited_out(ci: Played, clock: Clock) -> None:
    limited = Failure(Code.RATE_LIMITED, "CI is busy.", facts={"retry_after": 20})
    ci.states = [Failure(Code.UNREACHABLE, "away"), limited, State.SUCCEEDED]
    job = Notes()
    deploying(ci).deploy(V1, job)
    assert "CI does not answer (unreachable)" in job.lines
    assert clock.now == 1026.0
    assert ci.cancelled == []


@pytest.mark.parametrize("code", [Code.UNAUTHORIZED, Code.GONE, Code.OUTCOME_UNKNOWN])
def test_a_run_out_of_sight_is_neither_cancelled_nor_forgotten(ci: Played, code: Code) -> None:
    ci.states, job = [State.RUNNING, Failure(code, "No.")], Notes()
    with pytest.raises(Failure, match="may still go on"):
        deploying(ci).deploy(V1, job)
    assert ci.cancelled == []
    assert json.loads(job.handles["ci"])["run"] == "r1"


def test_a_cancelled_deployment_cancels_its_run(ci: Played) -> None:
    ci.states, job = [State.RUNNING], stopping(5)
    with pytest.raises(Failure, match=r"carol cancelled it. CI run r1 was cancelled.") as error:
        deploying(ci).deploy(V1, job)
    assert error.value.code is Code.CANCELLED
    assert ci.cancelled == ["r1"]
    assert job.handles["ci"] == ""
    assert "left_running" not in error.value.facts


def test_what_cannot_be_cancelled_is_said_to_go_on(ci: Played) -> None:
    ci.states, job = [State.RUNNING], stopping(5)
    ci.cancel_fails = Failure(Code.UNAUTHORIZED, "CI does not allow this.")
    with pytest.raises(Failure, match=r"could not be cancelled .* may still go on") as error:
        deploying(ci).deploy(V1, job)
    assert error.value.facts["left_running"] == "CI run r1"
    assert json.loads(job.handles["ci"])["run"] == "r1"


def test_a_run_that_does_not_stop_is_said_to_go_on(ci: Played) -> None:
    ci.states, job = [State.RUNNING], stopping(5)
    ci.after_cancel = State.RUNNING
    with pytest.raises(Failure, match="still runs after 30 s"):
        deploying(ci).deploy(V1, job)
    assert json.loads(job.handles["ci"])["run"] == "r1"


def test_a_run_that_was_faster_than_its_end_is_said_to_have_succeeded(ci: Played) -> None:
    ci.states, job = [State.RUNNING], stopping(5)
    ci.after_cancel = State.SUCCEEDED
    with pytest.raises(Failure, match="had already succeeded"):
        deploying(ci).deploy(V1, job)


def test_who_lost_the_claim_leaves_the_run_to_whoever_took_over(ci: Played) -> None:
    ci.states, job = [State.RUNNING], stopping(5, lost)
    with pytest.raises(Failure):
        deploying(ci).deploy(V1, job)
    assert ci.cancelled == []
    assert json.loads(job.handles["ci"])["run"] == "r1"


def test_a_run_out_of_time_is_cancelled(ci: Played) -> None:
    ci.states, job = [State.BLOCKED], Notes()
    with pytest.raises(Failure, match="did not end within 10 s") as error:
        deploying(ci, time_limit=10.0).deploy(V1, job)
    assert error.value.code is Code.TIMED_OUT
    assert ci.cancelled == ["r1"]


def test_a_refused_start_leaves_nothing_behind(ci: Played) -> None:
    ci.start_fails, job = Refusal(Code.NOT_ACCEPTED, "CI has no such job."), Notes()
    with pytest.raises(Refusal, match="no such job"):
        deploying(ci).deploy(V1, job)
    assert job.handles["ci"] == ""


def test_a_lost_answer_is_looked_up(ci: Played) -> None:
    ci.start_fails, ci.made_anyway, ci.hidden_for, job = LOST, True, 2, Notes()
    deploying(ci).deploy(V1, job)
    assert len(ci.runs) == 1
    assert job.handles["ci"] == ""


def test_one_that_is_cancelled_while_its_answer_is_looked_up_may_go_on(ci: Played) -> None:
    ci.start_fails, ci.made_anyway, ci.hidden_for = LOST, True, 99
    job = stopping(3)
    with pytest.raises(Failure, match=r"carol cancelled it. CI was asked to deploy v1") as error:
        deploying(ci).deploy(V1, job)
    assert error.value.code is Code.CANCELLED
    assert error.value.hint == "To end it where it began: cancel deploy of web on uat"
    ci.hidden_for, ci.states = 0, [State.RUNNING]
    assert deploying(ci).cancel_left(job).text == "CI run r1 was cancelled."


def test_nothing_is_repeated_when_nothing_was_started(ci: Played, clock: Clock) -> None:
    ci.start_fails, job = LOST, Notes()
    with pytest.raises(Failure, match="CI started nothing") as error:
        deploying(ci).deploy(V1, job)
    assert error.value.facts["sent"] is False
    assert clock.now >= 1060.0
    assert job.handles["ci"] == ""
    assert ci.runs == {}


def test_where_it_cannot_be_told_nothing_is_repeated_before_it_must_be_over(
    ci: Played, clock: Clock
) -> None:
    ci.settles, ci.start_fails, job = None, LOST, Notes()
    made = deploying(ci, time_limit=100.0)
    for _ in range(2):
        with pytest.raises(Failure, match="whether it does so is not certain") as error:
            made.deploy(V1, job)
        assert error.value.code is Code.OUTCOME_UNKNOWN
        clock.now += 40.0
    clock.now += 40.0
    ci.start_fails = None
    made.deploy(V1, job)
    assert len(ci.runs) == 1


def test_a_run_that_was_left_is_followed_not_started_again(ci: Played) -> None:
    job = left_behind(ci, run="r7")
    deploying(ci).deploy(V1, job)
    assert list(ci.runs) == ["r7"]
    assert job.handles["ci"] == ""
    assert job.links == ["https://ci.example/r7"]


def test_a_left_run_is_also_found_when_its_runner_died_before_it_read_the_answer(
    ci: Played,
) -> None:
    job = left_behind(ci)
    ci.runs["r7"] = Assignment("web", "uat", "v1.0.0", "c0ffee1", "v1.0.0", "d0", "bob", 1000.0)
    ci.hidden_for = 3
    deploying(ci).deploy(V1, job)
    assert list(ci.runs) == ["r7"]


def test_a_left_run_that_succeeded_meanwhile_is_not_repeated(ci: Played) -> None:
    ci.states, job = [State.SUCCEEDED], left_behind(ci, run="r7")
    deploying(ci).deploy(V1, job)
    assert list(ci.runs) == ["r7"]
    assert "CI run r7 has already done this" in job.lines


def test_one_that_succeeded_long_ago_does_not_count(ci: Played, clock: Clock) -> None:
    ci.states, job = [State.SUCCEEDED], left_behind(ci, run="r7")
    clock.now += 601.0
    deploying(ci, time_limit=600.0).deploy(V1, job)
    assert list(ci.runs) == ["r7", "r2"]


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED, Failure(Code.GONE, "Purged.")])
def test_after_a_left_run_that_did_not_succeed_another_is_started(ci: Played, end: Any) -> None:
    job = left_behind(ci, run="r1")
    ci.states = [end, State.SUCCEEDED]
    deploying(ci).deploy(V1, job)
    assert list(ci.runs) == ["r1", "r2"]


def test_another_version_waits_for_the_run_that_was_left(ci: Played) -> None:
    ci.states, job = [State.RUNNING], left_behind(ci, run="r7")
    with pytest.raises(Refusal, match=r"still deploying v1\.0\.0 there") as error:
        deploying(ci).deploy(V2, job)
    assert error.value.code is Code.BUSY
    assert "cancel deploy of web on uat" in error.value.hint
    assert list(ci.runs) == ["r7"]


def test_another_version_goes_on_after_the_left_run_ended(ci: Played) -> None:
    ci.states, job = [State.SUCCEEDED], left_behind(ci, run="r7")
    deploying(ci).deploy(V2, job)
    assert list(ci.runs) == ["r7", "r2"]


def test_what_was_left_is_cancelled_for_someone_else(ci: Played) -> None:
    ci.states, job = [State.RUNNING], left_behind(ci, run="r7")
    ended = deploying(ci).cancel_left(job)
    assert (ended.text, ended.left_running) == ("CI run r7 was cancelled.", False)
    assert ci.cancelled == ["r7"]
    assert job.handles["ci"] == ""


def test_what_was_left_and_has_ended_is_not_undone(ci: Played) -> None:
    ci.states, job = [State.SUCCEEDED], left_behind(ci, run="r7")
    ended = deploying(ci).cancel_left(job)
    assert (ended.found, ended.text) == (False, "CI run r7 had already succeeded.")
    assert ci.cancelled == []


def test_nothing_is_said_to_be_cancelled_that_may_still_begin(ci: Played, clock: Clock) -> None:
    job = left_behind(ci)
    error = failure_of(deploying(ci).cancel_left, job)
    assert error.code is Code.OUTCOME_UNKNOWN
    clock.now += 61.0
    assert deploying(ci).cancel_left(job).text == "It had started nothing at CI."
    assert deploying(ci).cancel_left(Notes()).left_running is False


def test_a_rollback_is_started_as_one(ci: Played) -> None:
    made = deploying(ci)
    made.roll_back(V1, Notes())
    assert ci.runs["r1"].rollback
    assert isinstance(made, OwnRollback)
    assert isinstance(made, Canceller)


@pytest.mark.parametrize(
    ("patience", "waits", "starts", "fails"),
    [(0.0, [60.0], 1, True), (120.0, [60.0, 60.0], 3, False), (120.0, [60.0] * 3, 3, True),
     (120.0, [121.0], 1, True)],
)  # fmt: skip
def test_a_service_that_wants_a_pause_gets_it(
    ci: Played, clock: Clock, patience: float, waits: List[float], starts: int, fails: bool
) -> None:
    asked, original, began = [], ci.start, clock.now

    def start(assignment: Assignment) -> Run:
        asked.append(clock.now - began)
        if waits:
            facts = {"sent": False, "retry_after": waits.pop(0)}
            raise Failure(Code.RATE_LIMITED, "CI is rate-limiting opsroom.", facts=facts)
        return original(assignment)

    ci.patience = patience
    ci.start = start
    job = Notes()
    if fails:
        with pytest.raises(Failure, match="rate-limiting"):
            deploying(ci).deploy(V1, job)
    else:
        deploying(ci).deploy(V1, job)
    assert asked == [60.0 * number for number in range(starts)]
    assert job.handles == {"ci": ""}


def test_what_may_have_been_done_is_not_put_off_and_repeated(ci: Played) -> None:
    ci.patience, ci.made_anyway = 120.0, True
    facts = {"sent": True, "retry_after": 5.0}
    ci.start_fails = Failure(Code.RATE_LIMITED, "CI is rate-limiting opsroom.", facts=facts)
    deploying(ci).deploy(V1, Notes())
    assert list(ci.runs) == ["r1"]
