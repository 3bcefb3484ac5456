"""Telling the announce room something that nobody asked for: once, and not while it is to be
quiet."""

from __future__ import annotations

from typing import List, Sequence

from ..db import Store
from ..db.sql import Transaction
from ..people import same_room
from ..records.announcements import Announcement, begin, left, mark_posted
from ..text import message
from . import Context


def tell_once(context: Context, key: str, text: str, always: bool = False, room: str = "") -> bool:
    """Whether it was told now. `key` is what must not be told twice; `always`: also while
    announcements are quiet.

    `room` is another than the announce room; only that one is ever quiet. Where there is none,
    nothing is told. Raises Failure(store_...).
    """
    telling = _telling(context, key, text, room)
    if not telling.room:
        return False
    with context.store.write() as connection:
        mine = _prepare(context, context.store, connection, telling, always)
    return mine and _speak(context, [telling])


def prepare(context: Context, store: Store, connection: Transaction, key: str, text: str) -> bool:
    """Write down that it is going to be told, in the transaction of what it tells of; when true,
    `speak` then."""
    return _prepare(context, store, connection, _telling(context, key, text), False)


def speak(context: Context, key: str, text: str) -> bool:
    """Tell what was prepared. False when the chat cannot be reached: then it is posted by the one
    that looks next."""
    return _speak(context, [_telling(context, key, text)])


def tell_together(context: Context, keys_and_texts: Sequence[Sequence[str]]) -> int:
    """Tell several things in one message, each a line, each of them once; returns how many were
    told."""
    tellings = [_telling(context, key, text) for key, text in keys_and_texts]
    if not context.settings.announce or not tellings:
        return 0
    with context.store.write() as connection:
        mine = [one for one in tellings if _prepare(context, context.store, connection, one, False)]
    return len(mine) if mine and _speak(context, mine) else 0


def tell_what_is_left(context: Context) -> int:
    """Tell what others could not; returns how much."""
    with context.store.write() as connection:
        mine = left(context.store, connection)
    return sum(_speak(context, [one]) for one in mine)


def _telling(context: Context, key: str, text: str, room: str = "") -> Announcement:
    return Announcement(key, room or context.settings.announce, message(context.mask(text)))


def _prepare(
    context: Context, store: Store, connection: Transaction, telling: Announcement, always: bool
) -> bool:
    elsewhere = not same_room(telling.room, context.settings.announce)
    return bool(telling.room) and begin(
        store, connection, telling, context.execution_id, always or elsewhere
    )


def _speak(context: Context, tellings: List[Announcement]) -> bool:
    """All of them have the same room."""
    text = (
        tellings[0].text if len(tellings) == 1 else message("\n".join(one.text for one in tellings))
    )
    if context.rooms(tellings[0].room).say(text) is False:
        return False
    with context.store.write() as connection:
        for one in tellings:
            mark_posted(context.store, connection, one.key)
    return True
