"""Posts beside the answer, above all those in the announce room. Those that nobody asked for are
made once each, and not while announcements are muted."""

from __future__ import annotations

from typing import List, Sequence

from ..db.sql import Transaction
from ..db.store import Store
from ..people import same_room
from ..records.announcements import Announcement, begin, left, mark_posted
from ..text import message
from . import Context


def announce(context: Context, text: str) -> None:
    """Post in the announce room what the requester reads as an answer, unless that appears there
    anyway."""
    room = context.settings.announce
    if room and not same_room(room, context.speaker.room):
        context.rooms(room).say(message(text))


def post_once(context: Context, key: str, text: str, always: bool = False, room: str = "") -> bool:
    """Post a text once; returns whether it was posted by this call.

    `key` identifies what must not be posted twice; with `always` it is posted also while
    announcements are muted. `room` is a room other than the announce room; only the announce room
    can be muted. Without any room nothing is posted. Raises Failure(store_...).
    """
    announcement = _announcement(context, key, text, room)
    if not announcement.room:
        return False
    with context.store.write() as connection:
        mine = _prepare(context, context.store, connection, announcement, always)
    return mine and _speak(context, [announcement])


def prepare(context: Context, store: Store, connection: Transaction, key: str, text: str) -> bool:
    """Reserve a post in the transaction that records what it is about; when this returns true, call
    `speak` afterwards."""
    return _prepare(context, store, connection, _announcement(context, key, text), False)


def speak(context: Context, key: str, text: str) -> bool:
    """Post what was prepared. False when the chat is unreachable: `post_pending` posts it later."""
    return _speak(context, [_announcement(context, key, text)])


def post_together(context: Context, keys_and_texts: Sequence[Sequence[str]]) -> int:
    """Post several texts as the lines of one message, each of them once; returns how many were
    posted."""
    announcements = [_announcement(context, key, text) for key, text in keys_and_texts]
    if not context.settings.announce or not announcements:
        return 0
    with context.store.write() as connection:
        mine = [
            one for one in announcements if _prepare(context, context.store, connection, one, False)
        ]
    return len(mine) if mine and _speak(context, mine) else 0


def post_pending(context: Context) -> int:
    """Post what other runs could not; returns how many."""
    with context.store.write() as connection:
        mine = left(context.store, connection)
    return sum(_speak(context, [one]) for one in mine)


def _announcement(context: Context, key: str, text: str, room: str = "") -> Announcement:
    return Announcement(key, room or context.settings.announce, message(context.mask(text)))


def _prepare(
    context: Context,
    store: Store,
    connection: Transaction,
    announcement: Announcement,
    always: bool,
) -> bool:
    elsewhere = not same_room(announcement.room, context.settings.announce)
    return bool(announcement.room) and begin(
        store, connection, announcement, context.execution_id, always or elsewhere
    )


def _speak(context: Context, announcements: List[Announcement]) -> bool:
    """All of them have the same room."""
    text = (
        announcements[0].text
        if len(announcements) == 1
        else message("\n".join(one.text for one in announcements))
    )
    if context.rooms(announcements[0].room).say(text) is False:
        return False
    with context.store.write() as connection:
        for one in announcements:
            mark_posted(context.store, connection, one.key)
    return True
