"""Waiting no longer than so many seconds for what may hang: a vendor, a version source, a database.

The time limits of sockets and drivers count from byte to byte, and looking up a name has none; a thread that can be
left behind keeps a limit in every case. Such a thread is a daemon, so that it does not hold up the end of the process.
"""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, Callable, Dict, Hashable, Mapping, Optional, Tuple, TypeVar, Union

from .errors import Code, Failure, OpsroomError
from .text import length

Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Hashable)

# What a command may take at a vendor, and what looking for a lost answer may add to that: where the config does not
# say, in seconds. A server that is still at it needs ten to finish; a look that counts comes after that.
TIME_LIMIT = 10.0
LOOK_FOR = 15.0
LOOK_FOR_MOST = 60.0
# An answer is waited for in parts of so many seconds, and a busy machine makes none of them longer than by that much.
PART = 1.0
BUSY = 1.0


class Late(Exception):
    """There was no answer in time."""


def answer_of(seconds: float, ask: Callable[[], Answer], name: str) -> Answer:
    """What `ask` returns or raises, in a thread called `name`. Raises Late after so many seconds."""
    answered: SimpleQueue[Tuple[Any, Optional[BaseException]]] = SimpleQueue()

    def work() -> None:
        try:
            answered.put((ask(), None))
        except BaseException as error:
            answered.put((None, error))

    threading.Thread(target=work, name=name, daemon=True).start()
    try:
        answer, error = _came(answered, max(seconds, 0.0))
    except Empty:
        raise Late from None
    if error is not None:
        raise error
    found: Answer = answer
    return found


def _came(answered: SimpleQueue[Tuple[Any, Optional[BaseException]]], seconds: float) -> Tuple[Any, Any]:
    """What comes within so many seconds. Raises Empty.

    Time in which this process stood still (it was stopped, or its machine was) says nothing of who was asked: it does
    not count.
    """
    left = seconds
    while True:
        part = min(left, PART)
        began = time.monotonic()
        try:
            return answered.get(timeout=part)
        except Empty:
            left -= min(time.monotonic() - began, part + BUSY)
            if left <= 0:
                raise


def within(seconds: float, what: str, ask: Callable[[], Answer], given_up: Optional[threading.Event] = None) -> Answer:
    """The answer of a vendor, or Failure(timed_out) after so many seconds; then it may have been done anyway.

    A command is some requests, each with a limit of its own; this is the limit of them all. `given_up` tells the thread
    that is left behind. A defect in one kind is a Failure(crashed): it must not keep the next from being tried.
    """
    try:
        return answer_of(seconds, ask, "opsroom-vendor")
    except Late:
        if given_up is not None:
            given_up.set()
        limit = length(round(seconds, 1))
        raise Failure(Code.TIMED_OUT, f"{what} did not answer within {limit}.", facts={"sent": True}) from None
    except OpsroomError:
        raise
    except BaseException as error:
        told = f"asking {what} failed ({type(error).__name__})."
        raise Failure(Code.CRASHED, told, facts={"sent": True}) from error


def together(
    questions: Mapping[Key, Callable[[], Answer]], limit: float, at_once: Optional[int] = None
) -> Dict[Key, Union[Answer, OpsroomError]]:
    """Put all questions at once, or `at_once` of them. The answer to each is there, or the error; none is ever missing.

    `limit`: seconds for all of them.
    """
    waiting: SimpleQueue[Tuple[Key, Callable[[], Answer]]] = SimpleQueue()
    answered: SimpleQueue[Tuple[Key, Union[Answer, OpsroomError]]] = SimpleQueue()
    for pair in questions.items():
        waiting.put(pair)

    def work() -> None:
        while True:
            try:
                key, ask = waiting.get_nowait()
            except Empty:
                return
            answered.put((key, _answer(ask)))

    for _ in range(len(questions) if at_once is None else min(at_once, len(questions))):
        threading.Thread(target=work, name="opsroom-vendor", daemon=True).start()
    answers: Dict[Key, Union[Answer, OpsroomError]] = {}
    deadline = time.monotonic() + limit
    while len(answers) < len(questions):
        try:
            key, answer = answered.get(timeout=max(deadline - time.monotonic(), 0.001))
        except Empty:
            break
        answers[key] = answer
    late = Failure(Code.TIMED_OUT, f"no answer within {limit:g} s.")
    return {key: answers.get(key, late) for key in questions}


def _answer(ask: Callable[[], Answer]) -> Union[Answer, OpsroomError]:
    try:
        return ask()
    except OpsroomError as error:
        return error
    except BaseException as error:  # a defect in one must not hide the answers of the others
        return Failure(Code.CRASHED, f"asking failed ({type(error).__name__}).")
