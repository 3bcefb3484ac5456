"""What has to hold between two steps: the version source, the check, the pause; and where one goes
on when a runner died in between."""

from __future__ import annotations

import json
from typing import Any, List, Optional

import pytest

from opsroom.deploys import course as module
from opsroom.deploys.checks import CheckFailed
from opsroom.deploys.course import Course
from opsroom.deploys.remote import follower
from opsroom.deploys.steps import Check, Size, Steps
from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.deploys.jobs import Notes, cancelled
from support.servers.http import HttpServer, Reply

SIZES = (Size(10, percent=True), Size(50, percent=True), Size(100, percent=True))
NEW = Running("v2", "c" * 40)
VALUES = {"app": "web", "environment": "uat", "deployment": "d1"}
OLD = Running("v1")


def mixed(*versions: str) -> Failure:
    facts = {"mixed": True, "versions": dict.fromkeys(versions, 1)}
    return Failure(Code.BAD_ANSWER, f"Parts differ: {' and '.join(versions)}.", facts=facts)


def silent() -> Failure:
    return Failure(Code.UNREACHABLE, "http://web.example.com is unreachable.", "Look there.")


class Clock:
    """Time of both kinds, which passes only while someone waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(follower, "clock", lambda: self.now)
        monkeypatch.setattr(follower, "wait", self.wait)
        monkeypatch.setattr(module, "now", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def job_that(*reports: Any) -> Notes:
    job = Notes()
    job.reports = list(reports)
    return job


def course(job: Notes, steps: Optional[Steps] = None, begin: bool = True) -> Course:
    made = Course(steps or Steps(SIZES, pause=300.0), "d1", NEW, VALUES, job)
    if begin:
        made.begin()
    return made


def follow(made: Course, job: Notes, *numbers: int) -> None:
    for number in numbers or (1, 2, 3):
        made.follow(number, 3, [f"web{number}"], lambda seconds: follower.pause(seconds, job))


@pytest.mark.parametrize(
    "reports",
    [
        [OLD],
        [OLD, NEW],
        [OLD, mixed("v1", "v2")],
        [Running("", ""), mixed("", "v2")],
        # By its commit, which a source may know only.
        [OLD, Running("c" * 7)],
        # Parts that differed at first may do so for longer.
        [mixed("v0", "v1"), mixed("v0", "v1", "v2")],
    ],
)
def test_old_and_new_may_run_side_by_side_between_steps(reports: List[Any], clock: Clock) -> None:
    job = job_that(*reports)
    follow(course(job), job)
    assert clock.now == 1600.0
    assert job.handles == {"steps": ""}


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        ([OLD, Running("v9")], "After step 1 of 3 the application reports v9, expected v1 or v2."),
        ([OLD, mixed("v1", "v9", "v2")], "the application reports v9, expected v1 or v2."),
        ([OLD, Running("")], "the application reports no version, expected v1 or v2."),
        ([OLD, silent()], "the version cannot be read: http://web.example.com is unreachable."),
        # Parts that differ, without a word about the versions.
        ([OLD, Failure(Code.BAD_ANSWER, "?", facts={"mixed": True})], "cannot be read"),
    ],
)
def test_what_cannot_be_true_stops_it_after_a_while(
    reports: List[Any], words: str, clock: Clock
) -> None:
    job = job_that(*reports)
    with pytest.raises(CheckFailed) as caught:
        follow(course(job), job)
    assert words in caught.value.message
    assert caught.value.code is Code.DEPLOY_FAILED
    # As long as an application may take after a deployment.
    assert clock.now == 1010.0
    assert job.handles == {"steps": ""}


def test_an_application_may_be_away_for_a_moment() -> None:
    job = job_that(OLD, silent(), Running("v9"), NEW)
    follow(course(job), job)
    assert any("is unreachable" in line for line in job.lines)


def test_after_the_last_step_the_source_is_not_asked_here() -> None:
    job = job_that(OLD, OLD, OLD, NEW, NEW, Running("v9"))
    follow(course(job), job)


def test_after_the_pause_it_is_asked_once_more(clock: Clock) -> None:
    job = job_that(OLD, NEW, Running("v9"))
    with pytest.raises(CheckFailed, match="After step 1 of 3 the application reports v9"):
        follow(course(job), job)
    assert clock.now == 1310.0


def test_a_source_that_did_not_answer_at_first_is_not_asked_later() -> None:
    job = job_that(silent(), Running("v9"))
    follow(course(job), job)
    assert "the version is not read between steps" in job.lines[0]


def test_without_a_source_or_without_steps_nobody_is_asked() -> None:
    job = job_that()
    follow(course(job), job)
    job = job_that(OLD, Running("v9"))
    follow(course(job, Steps(pause=5.0)), job)
    assert job.reports == [OLD, Running("v9")]


def test_where_nothing_is_to_come_in_between_nothing_is_noted() -> None:
    job = job_that(OLD)
    follow(course(job, Steps()), job)
    assert job.handles == {}


def test_the_check_is_asked_after_each_step_and_each_pause() -> None:
    with HttpServer() as server:
        server.on("/v2", Reply(200))
        steps = Steps(SIZES, pause=5.0, check=Check(url=server.url("/{version}")))
        job = job_that()
        follow(course(job, steps), job)
        assert server.paths() == ["/v2"] * 5


# Runners that die.


def died(job: Notes, during: str) -> None:
    """A runner that dies at the first note that says this."""

    class Killed(BaseException):
        pass

    def note(line: str) -> None:
        if during in line:
            raise Killed

    job._on_note = note
    made = course(job)
    with pytest.raises(Killed):
        follow(made, job)
    job._on_note = None


def test_the_next_runner_waits_for_what_is_left_of_the_pause(clock: Clock) -> None:
    job = job_that(OLD, OLD)
    died(job, "step 1 of 3 is done; waiting 5 min")
    clock.now += 200.0
    made = course(job, begin=False)
    assert made.passed == 0
    follow(made, job)
    assert "step 1 of 3 is done; waiting 1 min 40 s" in job.lines
    assert clock.now == 1600.0


def test_what_is_passed_is_neither_asked_nor_waited_for_again(clock: Clock) -> None:
    job = job_that(OLD)
    died(job, "step 2 of 3 is done")
    clock.now += 1000.0
    made = course(job, begin=False)
    assert made.passed == 1
    job.lines.clear()
    follow(made, job, 1)
    assert job.lines == []
    follow(made, job, 2, 3)
    assert clock.now == 2300.0


def test_the_next_runner_knows_what_ran_before_the_first_step() -> None:
    job = job_that(OLD, OLD)
    died(job, "step 1 of 3 is done")
    job.reports = [mixed("v1", "v2"), Running("v9")]
    with pytest.raises(CheckFailed, match="reports v9, expected v1 or v2"):
        follow(course(job, begin=False), job)


def test_what_another_deployment_noted_does_not_count() -> None:
    job = job_that(OLD)
    died(job, "step 2 of 3 is done")
    job.handles["steps"] = json.dumps({**json.loads(job.handles["steps"]), "key": "d0"})
    assert course(job, begin=False).passed == 0


def test_a_deployment_that_is_cancelled_in_a_pause_ends_at_once(clock: Clock) -> None:
    job = job_that(OLD)
    made = course(job)
    job._on_check = lambda: cancelled() if clock.now > 1100.0 else None
    with pytest.raises(Failure, match="carol cancelled it"):
        follow(made, job)
    assert clock.now < 1103.0
