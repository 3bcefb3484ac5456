"""The pagers of the config: built when they are needed, found by name, asked within a time that holds in any case."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any, Callable, Dict, Hashable, Mapping, Optional, Tuple, TypeVar, Union

from .. import paging
from ..author import Author
from ..errors import Code, Failure, OpsroomError, Refusal
from ..names import bare, either, pick, unquoted
from ..paging import Pager
from ..people import Speaker
from ..settings.model import Team
from ..text import length
from . import Desk

Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Hashable)

# Looking something up at all pagers at once, in seconds.
TOGETHER = 15.0
# One request to one pager that is no page, with all that the pager makes of it, in seconds.
ONE = 30.0


def names(desk: Desk) -> Tuple[str, ...]:
    """The pagers of the config, in its order. Raises Refusal(no_pager) when there is none."""
    found = tuple(desk.settings.pagers)
    if not found:
        raise Refusal(
            Code.NO_PAGER,
            "No pager is configured.",
            "An administrator can add one under pagers in opsroom.yaml; pager: {kind: local} needs nothing else.",
        )
    return found


def build(desk: Desk, name: str) -> Pager:
    """A pager of the config. It is not for two threads at once: each takes its own."""
    known = desk.settings.pagers[name]
    return paging.REGISTRY.make(known.kind, known.options, name=name, store=lambda: desk.store, keep=desk.keep)


def watch_until(desk: Desk, team: Optional[Team], now: datetime) -> Optional[datetime]:
    """When the room is told that nobody has answered a page; None where nobody wants to be told."""
    watch = desk.settings.watch if team is None or team.watch is None else team.watch
    return now + timedelta(seconds=watch) if watch > 0 else None


def split(desk: Desk, text: str) -> Tuple[str, str]:
    """`PAGER:REST` as (the pager's name in the config, REST); ("", text) where no pager is named.

    Raises Refusal(unknown_pager) when what stands before the colon is no pager, Refusal(no_pager).
    """
    known, text = names(desk), unquoted(text)
    before, colon, rest = text.partition(":")
    if not colon or not rest.strip():
        return "", bare(text.rstrip(": "))
    return pick(before, known, Code.UNKNOWN_PAGER, "pager"), bare(rest)


def author(desk: Desk, pager: str, speaker: Optional[Speaker] = None) -> Author:
    """Who asked, as a pager may be told: with their name in that pager and their address, where the config has them."""
    by = speaker or desk.speaker
    person = by.person
    return Author(
        shown=by.shown,
        room=by.room,
        identity=identity(person.identities, pager, desk.settings.pagers[pager].kind) if person else "",
        email=person.email if person else "",
        link=desk.link(),
    )


def identity(identities: Mapping[str, str], pager: str, kind: str) -> str:
    """A person's name in a pager: under the pager's own name, else under its kind; empty when there is none."""
    return identities.get(pager) or identities.get(kind) or ""


def within(seconds: float, what: str, ask: Callable[[], Answer], given_up: Optional[threading.Event] = None) -> Answer:
    """The answer of a pager, or Failure(timed_out) after so many seconds; then it may have been done all the same.

    A pager is some requests, each with a limit of its own; this is the limit of them all. The thread that is left
    behind is a daemon, so that it holds nothing up; `given_up` tells it. A defect in one kind must not keep the next
    from being tried.
    """
    answered: SimpleQueue[Tuple[Any, Optional[BaseException]]] = SimpleQueue()

    def work() -> None:
        try:
            answered.put((ask(), None))
        except BaseException as error:
            answered.put((None, error))

    threading.Thread(target=work, name="opsroom-pager", daemon=True).start()
    try:
        answer, error = answered.get(timeout=max(seconds, 0.0))
    except Empty:
        if given_up is not None:
            given_up.set()
        limit = length(round(seconds, 1))
        raise Failure(Code.TIMED_OUT, f"{what} did not answer within {limit}.", facts={"sent": True}) from None
    if isinstance(error, OpsroomError):
        raise error
    if error is not None:
        told = f"asking {what} failed ({type(error).__name__})."
        raise Failure(Code.CRASHED, told, facts={"sent": True}) from error
    found: Answer = answer
    return found


def together(
    questions: Mapping[Key, Callable[[], Answer]], limit: float = TOGETHER
) -> Dict[Key, Union[Answer, OpsroomError]]:
    """Put all questions at once. The answer to each is there, or the error; none is ever missing."""
    answers: Dict[Key, Union[Answer, OpsroomError]] = {}
    deadline = time.monotonic() + limit
    waiting: SimpleQueue[Tuple[Key, Union[Answer, OpsroomError]]] = SimpleQueue()

    def work(key: Key, ask: Callable[[], Answer]) -> None:
        try:
            waiting.put((key, ask()))
        except OpsroomError as error:
            waiting.put((key, error))
        except BaseException as error:
            waiting.put((key, Failure(Code.CRASHED, f"asking failed ({type(error).__name__}).")))

    for key, ask in questions.items():
        threading.Thread(target=work, args=(key, ask), name="opsroom-pager", daemon=True).start()
    while len(answers) < len(questions):
        try:
            key, answer = waiting.get(timeout=max(deadline - time.monotonic(), 0.001))
        except Empty:
            break
        answers[key] = answer
    late = Failure(Code.TIMED_OUT, f"no answer within {limit:g} s.")
    return {key: answers.get(key, late) for key in questions}


def which_pager(desk: Desk, id: str, candidates: Tuple[str, ...], command: str) -> Refusal:
    """More than one pager could know a page of that id."""
    offers = either(f"{command} {one}:{id}" for one in candidates[:3])
    return Refusal(Code.WHICH_PAGER, f"More than one pager could have a page {id}.", f"Say: {offers}")
