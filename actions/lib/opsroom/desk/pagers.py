"""The pagers of the config: built when they are needed, found by name, asked within a time that holds in any case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Mapping, Optional, Tuple

from .. import paging
from ..author import Author
from ..deadline import LOOK_FOR
from ..errors import Code, Refusal
from ..names import bare, either, pick, unquoted
from ..paging import Pager
from ..people import Speaker
from ..settings.model import Team
from . import Desk

# Looking something up at all pagers at once, in seconds.
TOGETHER = 15.0
# What a command about one pager takes at most beside its `time_limit`, so that the pager's own word on its limit comes
# first, in seconds.
_MARGIN = 0.5
# The same where a kind has no such limit and keeps its own, in seconds: more than the database is given (in_time).
_WITHOUT_LIMIT = 30.0


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


def limit_of(desk: Desk, name: str) -> float:
    """Seconds that a command may take at a pager: the config's `time_limit`."""
    limit: float = getattr(desk.settings.pagers[name].options, "time_limit", _WITHOUT_LIMIT)
    return limit + _MARGIN


def look_for(desk: Desk, name: str) -> float:
    """Seconds that looking for a lost answer may add to that: the config's `look_for`."""
    seconds: float = getattr(desk.settings.pagers[name].options, "look_for", LOOK_FOR)
    return seconds


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


def which_pager(desk: Desk, id: str, candidates: Tuple[str, ...], command: str) -> Refusal:
    """More than one pager could know a page of that id."""
    offers = either(f"{command} {one}:{id}" for one in candidates[:3])
    return Refusal(Code.WHICH_PAGER, f"More than one pager could have a page {id}.", f"Say: {offers}")
