"""Waiting no longer than so many seconds: what is in time, what is late, what breaks."""

from __future__ import annotations

import threading
from typing import Callable, Dict

import pytest

from opsroom.deadline import Late, answer_of, together, within
from opsroom.errors import Code, Refusal
from support.errors import failure_of, refusal_of


def fails(error: BaseException) -> Callable[[], str]:
    def ask() -> str:
        raise error

    return ask


def test_what_is_in_time_is_handed_over_and_so_is_what_is_raised() -> None:
    assert answer_of(20, lambda: "there", "test") == "there"
    with pytest.raises(ZeroDivisionError):
        answer_of(20, fails(ZeroDivisionError()), "test")
    refusal = Refusal(Code.NOT_POSSIBLE, "No.")
    caught = refusal_of(within, 20, "duty", fails(refusal))
    assert caught is refusal


@pytest.mark.parametrize("seconds", [0.05, 0.0, -5.0])
def test_what_is_late_is_left_behind_and_may_have_been_done(seconds: float) -> None:
    never, given_up = threading.Event(), threading.Event()
    caught = failure_of(within, seconds, "duty", lambda: never.wait(20), given_up)
    never.set()
    assert caught.code is Code.TIMED_OUT
    assert caught.message.startswith("duty did not answer within ")
    assert caught.facts["sent"] is True
    assert given_up.is_set()
    with pytest.raises(Late):
        answer_of(seconds, lambda: threading.Event().wait(1), "test")


def test_a_defect_is_a_failure_that_leaves_the_outcome_open() -> None:
    caught = failure_of(within, 20, "duty", fails(KeyError("incident")))
    assert (caught.code, caught.facts["sent"]) == (Code.CRASHED, True)
    assert "incident" not in caught.message


def test_no_more_are_under_way_at_once_than_wanted() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def ask() -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with lock:
            now[0] -= 1
        return 1

    answers: Dict[int, object] = dict(together(dict.fromkeys(range(30), ask), 20, at_once=3))
    assert list(answers.values()) == [1] * 30
    assert most[0] <= 3
