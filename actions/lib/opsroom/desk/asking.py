"""Asking what runs: one place, or many at once, each within its own time limit."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue
from typing import Callable, Dict, Hashable, Mapping, Optional, Tuple, TypeVar, Union

from ..errors import Code, Failure, OpsroomError
from ..settings.model import App, Environment
from ..versions import Running
from .places import version_source_for

Key = TypeVar("Key", bound=Hashable)
Answer = Union[Running, OpsroomError]

# As many as `curl --parallel` opens; beyond that threads only wait for each other.
AT_ONCE = 50
# Longer than any single source is meant to take; a source that outlives it is reported, not waited for.
TOGETHER = 30.0


def ask(app: App, environment: Environment) -> Running:
    """What runs there now. Raises Refusal(cannot_tell_version) or Failure."""
    return version_source_for(app, environment).ask()


def ask_or_none(app: App, environment: Environment) -> Optional[Running]:
    """What runs there now, or None where that cannot be told. For records, which are written all the same."""
    try:
        return ask(app, environment)
    except OpsroomError:
        return None


def ask_many(questions: Mapping[Key, Callable[[], Running]], limit: float = TOGETHER) -> Dict[Key, Answer]:
    """Put all questions at once. The answer to each is what runs or the error; none is ever missing.

    The threads are daemons: one that hangs (a dead network disk) must keep neither the answer nor the process waiting.
    """
    waiting: SimpleQueue[Tuple[Key, Callable[[], Running]]] = SimpleQueue()
    answered: SimpleQueue[Tuple[Key, Answer]] = SimpleQueue()
    for pair in questions.items():
        waiting.put(pair)

    def work() -> None:
        while True:
            try:
                key, question = waiting.get_nowait()
            except Empty:
                return
            answered.put((key, _answer(question)))

    for _ in range(min(AT_ONCE, len(questions))):
        threading.Thread(target=work, daemon=True).start()
    answers: Dict[Key, Answer] = {}
    deadline = time.monotonic() + limit
    while len(answers) < len(questions):
        try:
            key, answer = answered.get(timeout=max(deadline - time.monotonic(), 0.001))
        except Empty:
            break
        answers[key] = answer
    late = Failure(Code.TIMED_OUT, f"no answer within {limit:g} s")
    return {key: answers.get(key, late) for key in questions}


def _answer(question: Callable[[], Running]) -> Answer:
    try:
        return question()
    except OpsroomError as error:
        return error
    except Exception as error:  # a defect in one source must not hide the answers of the others
        return Failure(Code.CRASHED, f"asking failed ({type(error).__name__})")
