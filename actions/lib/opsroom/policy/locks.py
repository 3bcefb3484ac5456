"""Locks in the way, and the sentences about them.

A lock stops everyone but its owner, and an emergency may pass it. The lock on everything is a kill
switch: it stops its owner too, and no emergency passes it. It is for the moment when it is unclear
who is speaking or what opsroom would do; a way around it from the same room would defeat it. Anyone
who wants past it unlocks everything first, by name and on the record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Iterable, List

from ..errors import Code
from ..people import Speaker
from ..records.locks import Lock
from ..text import one_line
from ..times.zones import local_time
from . import Decision, no

# How much of a reason a message has room for; the record has all of it.
_REASON = 100
EVERYTHING = "everything"


def in_the_way(
    locks: Iterable[Lock], speaker: Speaker, now: datetime, timezone: str = "UTC"
) -> List[Decision]:
    """A refusal for each lock that stops this speaker, in their order; empty when nothing does."""
    return [
        _refusal(lock, now, timezone)
        for lock in locks
        if is_kill_switch(lock) or lock.owner != speaker.key
    ]


def is_kill_switch(lock: Lock) -> bool:
    """Whether it is the lock on everything, which stops everyone and which no emergency passes."""
    return not lock.app and not lock.environment


def place(app: str, environment: str) -> str:
    """A locked place as messages and commands name it: "everything", "uat", "web on uat"."""
    if not environment:
        return EVERYTHING
    return f"{app} on {environment}" if app else environment


def lock_text(lock: Lock, now: datetime, timezone: str = "UTC") -> str:
    """The lock in a sentence: who, what, since when, until when, why."""
    what = place(lock.app, lock.environment)
    what = what[0].upper() + what[1:] if is_kill_switch(lock) else what
    reason = one_line(lock.reason, _REASON)
    stop = "" if reason.endswith((".", "!", "?", "…")) else "."
    return (
        f"{what} is locked by {one_line(lock.shown, 60)} {lasting(lock, now, timezone)}: "
        f"{reason}{stop}"
    )


def lasting(lock: Lock, now: datetime, timezone: str = "UTC", open_end: str = ", no end") -> str:
    """Since when, and until when: "since 14:02 UTC until 17:00 UTC", "since 14:02 UTC, no end"."""
    # Time zones are loaded only where someone reads a time.
    until = f" until {local_time(lock.until, now, timezone)}" if lock.until else open_end
    return f"since {local_time(lock.since, now, timezone)}{until}"


def _refusal(lock: Lock, now: datetime, timezone: str) -> Decision:
    owner = one_line(lock.shown, 60)
    if is_kill_switch(lock):
        return no(
            Code.LOCKED,
            f"{lock_text(lock, now, timezone)} Nobody deploys, its owner included.",
            f"To end it, {owner} or someone who may lock every environment says: unlock "
            f"{EVERYTHING}",
        )
    return no(
        Code.LOCKED,
        lock_text(lock, now, timezone),
        f"To end it, {owner} or someone who may lock {lock.environment} says: "
        f"unlock {place(lock.app, lock.environment)}",
    )
