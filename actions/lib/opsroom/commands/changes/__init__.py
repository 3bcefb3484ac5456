"""What approving, confirming, rejecting and reviewing share: which change is meant, where it goes,
who asked for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Dict, List, Sequence

from ...config.model import Environment, Settings
from ...db.sql import from_moment
from ...errors import Code, Refusal
from ...names import shown
from ...people import Speaker, recorded, same_room
from ...people.seals import vouched_by
from ...policy.access import may
from ...policy.approvals import ask_again
from ...records.change import Change, State
from ...records.changes import RELEASED_AFTER, entry_of, find, open_changes
from ...records.model import Entry, Event
from ...text import message, one_line
from .. import Context
from ..request import Request
from ..resolve import find_target


def find_change(context: Context, request: Request, typed: str) -> Change:
    """The change of that id; the request is from now on about it. Raises
    Refusal(unknown_change)."""
    with context.store.read() as connection:
        change = find(connection, typed)
    if change is None:
        raise Refusal(
            Code.UNKNOWN_CHANGE,
            f"There is no change {shown(typed)}.",
            "To see what waits: show changes",
        )
    request.noted["change"] = change.id
    request.app, request.environment, request.version = (
        change.app,
        change.environment,
        change.version,
    )
    return change


def set_of(change: Change) -> str:
    """The id of the set that a change belongs to; empty for one that was asked for alone."""
    return str(change.facts.get("set") or "")


def what_waits_of_set(context: Context, change: Change) -> List[Change]:
    """The changes of the set of this one that still wait, in order; the change alone where it
    belongs to none, or waits no more."""
    group = set_of(change)
    if not group or change.state is not State.OPEN:
        return [change]
    with context.store.read() as connection:
        found = [one for one in open_changes(connection) if set_of(one) == group]
    members = [one for one in found if one.state is State.OPEN]
    return sorted(members, key=lambda one: int(one.facts.get("set_index") or 0)) or [change]


def whole_set(context: Context, change: Change) -> List[Change]:
    """The same, to deploy all of them.

    Raises Refusal(changed_meanwhile) where one of them waits no more: what is decided then is not
    what was shown.
    """
    members = what_waits_of_set(context, change)
    count = int(change.facts.get("set_count") or 1)
    if change.state is State.OPEN and len(members) != count:
        gone = count - len(members)
        waits = "waits" if gone == 1 else "wait"
        raise Refusal(
            Code.CHANGED_MEANWHILE,
            f"Change {change.id} ({change.what}) was asked for together with {count - 1} more, of "
            f"which {gone} no longer {waits}.",
            ask_again(change),
        )
    return members


def is_set_interrupted(change: Change, members: Sequence[Change], now: datetime) -> bool:
    """Whether an open change was to follow others of its set, and their runner died before its turn
    came: nobody goes on with it. One that has just ended may be followed yet."""
    others = [one for one in members if one.id != change.id]
    ended = [one for one in others if one.state in (State.DONE, State.FAILED)]
    if change.state is not State.OPEN or any(one.state is State.DEPLOYING for one in others):
        return False
    if any(one.facts.get("settled") for one in ended):
        return True
    latest = max((from_moment(one.facts["closed_at"]) for one in ended), default=None)
    return latest is not None and latest < now - RELEASED_AFTER


def place_of(context: Context, change: Change) -> Environment:
    """Where it goes, by today's rules for its application. Raises Refusal when that place is
    gone."""
    return find_target(context.settings, change.app, change.environment).environment


def place_left(context: Context, change: Change) -> Environment:
    """The same for closing a change, which must also be possible where its place left the config.

    When its environment is still there, that one's rules hold. Else anyone who may approve on some
    other environment may close it, under that one's rules; only where no environment names
    approvers at all, does every environment count. A one-time code is then wanted where any
    environment wants one.
    """
    settings = context.settings
    here = settings.environments.get(change.environment)
    if here is not None:
        return here.for_app(change.app)
    every = [one.for_app(change.app) for one in settings.environments.values()]
    named = [one for one in every if one.approvers is not None] or every
    theirs = [one for one in named if not may(settings, context.speaker, one, "approve")]
    strict = any(one.second_factor for one in every)
    if theirs:
        return replace(theirs[0], name=change.environment, second_factor=strict)
    return Environment(change.environment, approvers=(), second_factor=strict)


def requester_of(settings: Settings, change: Change) -> Speaker:
    """Who asked, as today's config knows them. Raises Refusal(ambiguous_person)."""
    return recorded(settings, change.chat_name, change.st2_user, change.room)


def entry_by(
    context: Context, change: Change, event: Event, code: Code, text: str, **facts: Any
) -> Entry:
    """A line for the ledger about a change, in the name of the current speaker."""
    speaker = context.speaker
    text, facts = one_line(context.mask(text), 500), context.mask(facts)
    entry = entry_of(change, event, code, text, asked_by=change.shown, **facts)
    others = {key: value for key, value in entry.facts.items() if key != "vouched_by"}
    return replace(
        entry,
        facts={**others, **vouched_by(speaker.voucher)},
        requester=one_line(speaker.shown),
        person=speaker.person_name,
        chat_name=speaker.written_name,
        room=one_line(speaker.room, 200),
        st2_user=speaker.st2_user,
        execution_id=context.execution_id,
    )


def facts_of(change: Change) -> Dict[str, Any]:
    """A change as data of an outcome."""
    return {
        "change": change.id,
        "kind": change.kind,
        "state": change.state,
        "deployment": change.deployment,
        "command": change.command,
        "app": change.app,
        "environment": change.environment,
        "version": change.version,
        "version_before": change.version_before,
        "requester": change.shown,
        "asked_at": change.asked_at,
        "expires_at": change.expires_at,
        "reason": change.reason,
    }


def notify_requester(context: Context, change: Change, text: str) -> None:
    """Post it in the room where the change was asked for, unless the answer appears there
    anyway."""
    if change.room and not same_room(change.room, context.speaker.room):
        context.rooms(change.room).say(message(text))
