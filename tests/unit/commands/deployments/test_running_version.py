"""Asking many places at once."""

from __future__ import annotations

import threading

from opsroom.commands.live_version import ask_many
from opsroom.errors import Code, Failure, OpsroomError
from opsroom.versions import Running


def test_all_are_asked_at_once_and_each_answer_stands_with_its_question() -> None:
    together = threading.Barrier(40)

    def question(number: int) -> Running:
        together.wait(timeout=20)  # passes only when forty are under way at the same time
        return Running(str(number))

    answers = ask_many({number: (lambda number=number: question(number)) for number in range(40)})
    assert answers == {number: Running(str(number)) for number in range(40)}


def test_one_that_fails_and_one_that_has_a_defect_do_not_hide_the_others() -> None:
    def fails() -> Running:
        raise Failure(Code.UNREACHABLE, "nobody there")

    def breaks() -> Running:
        raise ZeroDivisionError

    answers = ask_many({"ok": lambda: Running("1"), "fails": fails, "breaks": breaks})
    assert answers["ok"] == Running("1")
    assert isinstance(answers["fails"], OpsroomError)
    assert answers["fails"].message == "nobody there"
    assert isinstance(answers["breaks"], OpsroomError)
    assert answers["breaks"].code is Code.CRASHED


def test_one_that_hangs_is_reported_and_not_waited_for() -> None:
    never = threading.Event()
    try:
        answers = ask_many(
            {"ok": lambda: Running("1"), "hangs": lambda: Running(str(never.wait()))}, limit=0.5
        )
        assert answers["ok"] == Running("1")
        assert isinstance(answers["hangs"], OpsroomError)
        assert answers["hangs"].code is Code.TIMED_OUT
    finally:
        never.set()


def test_no_questions_have_no_answers() -> None:
    assert ask_many({}) == {}
