"""A process that stood still (stopped, or its machine was) does not take that for a database that
did not answer."""

from __future__ import annotations

import threading
from queue import Empty
from types import SimpleNamespace
from typing import Any, Optional

import pytest

from opsroom import deadline
from opsroom.commands.deployments.job import RunningJob
from opsroom.errors import Code, Failure
from support.errors import failure_of


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Answers:
    """A queue in which nothing comes; the first wait takes `first` seconds instead of what was
    asked."""

    def __init__(self, clock: Clock, first: float) -> None:
        self.clock, self.first, self.waits = clock, first, 0

    def get(self, timeout: float) -> Any:
        self.waits += 1
        self.clock.now += self.first if self.waits == 1 else timeout
        raise Empty


@pytest.mark.parametrize(("first", "waits"), [(1.0, 11), (600.0, 10), (1.5, 11)])
def test_the_time_in_which_it_stood_still_does_not_count(
    monkeypatch: pytest.MonkeyPatch, first: float, waits: int
) -> None:
    clock = Clock()
    monkeypatch.setattr(deadline, "time", clock)
    answers: Any = Answers(clock, first)
    with pytest.raises(Empty):
        deadline._next_answer(answers, 11.0)
    assert answers.waits == waits


def test_what_comes_in_time_is_the_answer() -> None:
    assert deadline.answer_of(5.0, lambda: threading.current_thread().name, "asked") == "asked"


@pytest.mark.parametrize(
    ("trouble", "still", "told"),
    [
        (Failure(Code.STORE_BUSY, "It is busy."), 0.0, "while the database was busy"),
        (Failure(Code.STORE_UNREACHABLE, "It is away."), 0.0, "while the database did not answer"),
        (None, 300.0, "while this runner stood still for 5 min"),
        (None, 0.0, "before it was renewed"),
    ],
)
def test_a_lost_claim_says_what_kept_it_from_being_renewed(
    trouble: Optional[Failure], still: float, told: str
) -> None:
    job: Any = RunningJob.__new__(RunningJob)
    job._termination = SimpleNamespace(noticed=lambda: False)
    job._context = SimpleNamespace(stopped=lambda: False)
    job._lost, job._lease, job._renewed = True, 60.0, 0.0
    job._failure, job._stood_still, job._cancelled_by = trouble, still, ""
    caught = failure_of(job.check)
    assert caught.code is Code.CLAIM_LOST
    assert told in caught.message
