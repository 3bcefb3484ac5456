"""The pagers of the config, built when they are needed and asked within a time limit that always
holds; whom a page is for, and through which of them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Optional, Tuple

from ... import pagers
from ...config.model import Team
from ...deadline import within
from ...errors import Code, Failure, Refusal
from ...http.options import LOOK_FOR
from ...names import bare, either, pick, unquoted
from ...pagers import Pager, Target
from ...structs import dataclass
from ...text import one_line
from .. import Context

# Ends the refusals of what would have paged someone.
UNPAGED = "; nobody was paged"


@dataclass(frozen=True)
class Route:
    """One pager of a chain, and whom to page there; without a target, `name` is looked up when its
    turn comes."""

    pager: str
    name: str
    target: Optional[Target] = None


@dataclass(frozen=True)
class Recipient:
    """Who was meant: as messages call them, what they are, and the pagers to try in turn.

    `phone` is whom to call when all of them fail. `notes` are sentences about what could not be
    looked up.
    """

    name: str
    kind: str
    routes: Tuple[Route, ...]
    team: Optional[Team] = None
    person: str = ""
    phone: str = ""
    notes: Tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """Whom to call when no pager works."""
        if self.phone:
            return f"Phone: {one_line(self.phone, 100)}"
        if self.team is not None:
            key = f"teams.{self.team.name}.phone"
            return (
                f"Phone someone of {one_line(self.name, 60)}; an administrator can write "
                f"down whom under {key}."
            )
        return (
            f"Phone {one_line(self.name, 60)}."
            if self.person
            else "Phone the person in charge of it."
        )


# Looking something up at all pagers at once, in seconds.
TOGETHER = 15.0
# What a command about one pager takes at most beside its `time_limit`, so that the pager's own word
# on its limit comes first, in seconds.
_MARGIN = 0.5
# The same where a kind has no such limit and keeps its own, in seconds: more than the database is
# given (in_time).
_WITHOUT_LIMIT = 30.0
# What a request can be made in at all, in seconds.
_MIN_LIMIT = 0.1


def names(context: Context) -> Tuple[str, ...]:
    """The pagers of the config, in its order. Raises Refusal(no_pager) when there is none."""
    found = tuple(context.settings.pagers)
    if not found:
        raise Refusal(
            Code.NO_PAGER,
            "No pager is configured.",
            "An administrator can add one under pagers in opsroom.yaml; pager: {kind: local} "
            "needs nothing else.",
        )
    return found


def build(context: Context, name: str, seconds: Optional[float] = None) -> Pager:
    """A pager of the config. It is not for two threads at once: each takes its own.

    `seconds`: what is left for it, where that may be less than the config's `time_limit`.
    """
    known = context.settings.pagers[name]
    options = known.options
    limit = getattr(options, "time_limit", None)
    if seconds is not None and limit is not None and seconds - _MARGIN < limit:
        # A sentence may name it.
        options = replace(options, time_limit=max(round(seconds - _MARGIN, 1), _MIN_LIMIT))
    return pagers.REGISTRY.make(
        known.kind, options, name=name, store=lambda: context.store, keep=context.keep
    )


def limit_of(context: Context, name: str) -> float:
    """Seconds that this command may still take at a pager: the config's `time_limit`, less what
    names took."""
    limit: float = getattr(context.settings.pagers[name].options, "time_limit", _WITHOUT_LIMIT)
    return max(limit - context.looked_up.get(name, 0.0), 0.0) + _MARGIN


def look_up(context: Context, name: str, wanted: str) -> Tuple[Target, ...]:
    """What a pager calls so, as `Pager.look_up`, in half of the time that the command has left
    there at most.

    The other half is for what the name is looked up for. A Failure is certain: looking up pages
    nobody.
    """
    limit = (limit_of(context, name) + _MARGIN) / 2
    try:
        return within(limit, name, lambda: build(context, name, limit).look_up(wanted))
    except Failure as failure:
        failure.facts["sent"] = False
        raise


def look_up_first(context: Context, name: str, wanted: str) -> Tuple[Target, ...]:
    """`look_up` before anything else is asked of that pager: the rest of the command has less time
    there."""
    began = time.monotonic()
    try:
        return look_up(context, name, wanted)
    finally:
        context.looked_up[name] = context.looked_up.get(name, 0.0) + time.monotonic() - began


def look_for(context: Context, name: str) -> float:
    """Seconds that looking for a lost answer may add to that: the config's `look_for`."""
    seconds: float = getattr(context.settings.pagers[name].options, "look_for", LOOK_FOR)
    return seconds


def watch_until(context: Context, team: Optional[Team], now: datetime) -> Optional[datetime]:
    """When the room is notified that nobody has answered a page; None where nobody wants that."""
    watch = context.settings.watch if team is None or team.watch is None else team.watch
    return now + timedelta(seconds=watch) if watch > 0 else None


def split(context: Context, text: str) -> Tuple[str, str]:
    """`PAGER:REST` as (the pager's name in the config, REST); ("", text) where no pager is named.

    Raises Refusal(unknown_pager) when what is before the colon is no pager, Refusal(no_pager).
    """
    known, text = names(context), unquoted(text)
    before, colon, rest = text.partition(":")
    if not colon or not rest.strip():
        return "", bare(text.rstrip(": "))
    return pick(before, known, Code.UNKNOWN_PAGER, "pager"), bare(rest)


def which_pager(context: Context, id: str, candidates: Tuple[str, ...], command: str) -> Refusal:
    """More than one pager could know a page of that id."""
    offers = either(f"{command} {one}:{id}" for one in candidates[:3])
    return Refusal(
        Code.WHICH_PAGER, f"More than one pager could have a page {id}.", f"Say: {offers}"
    )
