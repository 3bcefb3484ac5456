"""Whether a message may be acted upon at all: it comes from someone and no room, and for the first
time.

Chats deliver a message again: Slack when an answer of the relay was late, Matrix after a restart,
and two relays in one room deliver each message twice. What names the message is under the relay's
seal, so that it cannot be chosen; the first execution takes it, before anything is done. That is a
transaction of its own: several commands act elsewhere, or write more than once, before they record
anything.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import Optional

from ..deadline import in_time
from ..errors import Code, Failure, Refusal
from ..policy import Decision
from ..policy.identity import is_somebody
from ..records.idempotency import TakenMessage, key_of, take_message
from ..records.ledger import append
from ..records.model import Event
from ..text import when
from . import Context, Effect
from .request import Request


def admit(context: Context, command: str, effect: Effect) -> None:
    """Let a command that changes something begin. `command` is what the record calls it.

    Someone whom no relay vouches for costs nothing: what they say has no name by which it could be
    known again. An alert begins also where the database cannot be used.

    Raises Refusal(speaker_is_room, message_taken), which is recorded, and Failure(store_...).
    """
    decision = is_somebody(context.settings, context.speaker)
    if not decision.allowed:
        refuse(context, command, _refusal(decision))
    if effect is Effect.ALERTS:
        taken = None
        with suppress(Failure):
            taken = in_time(lambda given_up: _take(context, command))
    else:
        taken = _take(context, command)
    if taken is not None:
        raise _repeated(context, taken)


def refuse(context: Context, command: str, refusal: Refusal) -> None:
    """Record that a command was refused before it began, and raise the refusal. What cannot be
    recorded now is recorded by the next command."""
    request = Request(context, command, "", "", "")
    entry = request.entry(Event.REFUSED, refusal.code.value, refusal.sentence())
    try:
        in_time(lambda given_up: request.write(Event.REFUSED, entry.code, entry.message))
    except Failure:
        with suppress(OSError):
            request.later(entry)
    raise refusal


def _refusal(decision: Decision) -> Refusal:
    assert decision.code is not None
    return Refusal(decision.code, decision.message, decision.hint)


def _take(context: Context, command: str) -> Optional[TakenMessage]:
    """Take the message for the execution that it led to; where another one has it, that is on the
    record."""
    voucher = context.speaker.voucher
    if voucher is None or not voucher.message:
        return None
    # Relays report a room with and without its #.
    room = context.speaker.room.lstrip("#").casefold()
    key = key_of("message", voucher.identity, room, voucher.message)
    store = context.store
    with store.write() as connection:
        taken = take_message(store, connection, key, context.root)
        if taken is not None:
            refusal = _repeated(context, taken)
            request = Request(context, command, "", "", "")
            entry = request.entry(Event.REFUSED, refusal.code.value, refusal.sentence())
            append(store, connection, entry)
    return taken


def _repeated(context: Context, taken: TakenMessage) -> Refusal:
    at = when(taken.at, datetime.now(timezone.utc))
    link = context.link(taken.execution_id)
    return Refusal(
        Code.MESSAGE_TAKEN,
        f"This message of {context.speaker.shown} was taken at {at} already"
        f"{f' ({link})' if link else ''}; it is not carried out again.",
        facts={"execution": taken.execution_id, "taken_at": taken.at.isoformat()},
    )
