"""Time limits that always hold: for vendors, version sources and the database.

The time limits of sockets and drivers count from byte to byte, and resolving a name has none. So
the call runs in a daemon thread, which is left behind when the time is up and does not delay the
end of the process.

The database needs this too: a server whose machine or disk is frozen says nothing, and no time
limit of a driver covers every moment of a transaction. A page must not wait for it.
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

# What a command may take at a vendor where the config does not say, in seconds.
TIME_LIMIT = 10.0
# An answer is waited for in parts of so many seconds, and a busy machine makes none of them longer
# than by that much.
PART = 1.0
BUSY = 1.0


class Late(Exception):
    """There was no answer in time."""


def answer_of(seconds: float, ask: Callable[[], Answer], name: str) -> Answer:
    """What `ask` returns or raises, in a thread called `name`. Raises Late after so many
    seconds."""
    answered: SimpleQueue[Tuple[Any, Optional[BaseException]]] = SimpleQueue()

    def work() -> None:
        try:
            answered.put((ask(), None))
        except BaseException as error:
            answered.put((None, error))

    threading.Thread(target=work, name=name, daemon=True).start()
    try:
        answer, error = _next_answer(answered, max(seconds, 0.0))
    except Empty:
        raise Late from None
    if error is not None:
        raise error
    found: Answer = answer
    return found


def _next_answer(
    answered: SimpleQueue[Tuple[Any, Optional[BaseException]]], seconds: float
) -> Tuple[Any, Any]:
    """What comes within so many seconds. Raises Empty.

    Time in which this process stood still (it was stopped, or its machine was) says nothing of who
    was asked: it does not count.
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


def within(
    seconds: float, what: str, ask: Callable[[], Answer], given_up: Optional[threading.Event] = None
) -> Answer:
    """The answer of a vendor, or Failure(timed_out) after so many seconds; then it may have been
    done anyway.

    A command is some requests, each with a limit of its own; this is the limit of them all.
    `given_up` informs the thread that is left behind. A defect in one kind is a Failure(crashed):
    it must not keep the next from being tried."""
    try:
        return answer_of(seconds, ask, "opsroom-vendor")
    except Late:
        if given_up is not None:
            given_up.set()
        limit = length(round(seconds, 1))
        raise Failure(
            Code.TIMED_OUT, f"{what} did not answer within {limit}.", facts={"sent": True}
        ) from None
    except OpsroomError:
        raise
    except BaseException as error:
        message = f"asking {what} failed ({type(error).__name__})."
        raise Failure(Code.CRASHED, message, facts={"sent": True}) from error


def together(
    questions: Mapping[Key, Callable[[], Answer]], limit: float, at_once: Optional[int] = None
) -> Dict[Key, Union[Answer, OpsroomError]]:
    """Put all questions at once, or `at_once` of them. The answer to each is there, or the error;
    none is ever missing.

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


# Longer than a database that works makes anyone wait (db.connect.LOCK_WAIT), in seconds.
LIMIT = 11.0


class GivenUp:
    """Whether the caller has gone on; to be asked last in a transaction, so that it is not
    committed then."""

    def __init__(self) -> None:
        self._gone_on = threading.Event()

    def set(self) -> None:
        self._gone_on.set()

    def check(self) -> None:
        """Raises Failure(store_unreachable), which undoes a transaction."""
        if self._gone_on.is_set():
            raise Failure(Code.STORE_UNREACHABLE, "The database was too slow; nothing was written.")


def in_time(use: Callable[[GivenUp], Answer], limit: Optional[float] = None) -> Answer:
    """What `use` returns or raises, or Failure(store_unreachable) after `limit` seconds (by default
    LIMIT).

    The thread that is left behind is a daemon, and its transaction is undone when `use` ends it
    with `check`.
    """
    given_up = GivenUp()
    seconds = LIMIT if limit is None else limit
    try:
        return answer_of(seconds, lambda: use(given_up), "opsroom-database")
    except Late:
        given_up.set()
        message = f"The database did not answer within {seconds:.0f} s."
        raise Failure(Code.STORE_UNREACHABLE, message, "See whether its server hangs.") from None
