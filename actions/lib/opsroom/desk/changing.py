"""What approving, confirming, rejecting and reviewing share: which change is meant, who asked for it, going ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional

from ..change import Change
from ..changes import end, entry_of, find, put_back
from ..errors import Code, Failure, Refusal
from ..ledger import Entry, Event
from ..names import shown
from ..people import Speaker, identify
from ..settings.model import App, Environment, Settings
from ..text import message, one_line
from . import Desk
from .carrying_out import Order, carry_out
from .outcome import Outcome
from .places import find_place
from .record import Request, resumed


def find_change(desk: Desk, request: Request, typed: str) -> Change:
    """The change of that id; the request is from now on about it. Raises Refusal(unknown_change)."""
    with desk.store.read() as connection:
        change = find(connection, typed)
    if change is None:
        raise Refusal(Code.UNKNOWN_CHANGE, f"There is no change {shown(typed)}.", "To see what waits: show changes")
    request.noted["change"] = change.id
    request.app, request.environment, request.version = change.app, change.environment, change.version
    return change


def place_of(desk: Desk, change: Change) -> Environment:
    """Where it goes, by today's rules for its application. Raises Refusal when that place is gone."""
    return find_place(desk.settings, change.app, change.environment)[1]


def requester_of(settings: Settings, change: Change) -> Speaker:
    """Who asked, as today's config knows them. Raises Refusal(ambiguous_person)."""
    return identify(settings, change.chat_name or change.st2_user, change.st2_user, change.room)


def entry_by(desk: Desk, change: Change, event: Event, code: Code, text: str, **facts: Any) -> Entry:
    """A line for the ledger about a change, in the name of whoever speaks now."""
    speaker = desk.speaker
    return replace(
        entry_of(change, event, code, one_line(text, 500), asked_by=change.shown, **facts),
        requester=one_line(speaker.shown),
        person=speaker.person_name,
        chat_name=one_line(speaker.chat_name, 200),
        room=one_line(speaker.room, 200),
        st2_user=speaker.st2_user,
        execution_id=desk.execution_id,
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


def tell_the_requester(desk: Desk, change: Change, text: str) -> None:
    """Say it where the change was asked for, unless it is said there anyway."""
    if change.room and change.room != desk.speaker.room:
        desk.rooms(change.room).say(message(text))


def go_ahead(
    desk: Desk, change: Change, requester: Speaker, say: str, approved_by: Optional[List[str]] = None
) -> Outcome:
    """Carry out a change that this caller, and no other, has begun; then close it.

    What was refused before anything was touched leaves it open; `say` is the command that then tries again.
    """
    noted: Dict[str, Any] = {"change": change.id, **({"approved_by": approved_by} if approved_by else {})}
    request = Request(
        desk,
        change.command,
        change.app,
        change.environment,
        change.version,
        version_before=change.version_before,
        speaker=requester,
        noted=noted,
        deployment=change.deployment,
    )
    try:
        with resumed(request):
            app, environment = find_place(desk.settings, change.app, change.environment)
            outcome = carry_out(request, order_of(change, app, environment))
    except (Refusal, Failure) as error:
        if request.started:
            _close(desk, change, False)
            raise
        _wait_again(desk, change)
        told = f"Change {change.id} could not go ahead and still waits. {error.message}"
        raise type(error)(
            error.code, told, f"{_sentence(error.hint)} Then: {say}".strip(), {**error.facts, "change": change.id}
        ) from error
    except Exception:
        if request.started:
            _close(desk, change, False)
        else:
            _wait_again(desk, change)
        raise
    _close(desk, change, outcome.ok)
    return outcome


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def order_of(change: Change, app: App, environment: Environment) -> Order:
    """What was shown and approved, and nothing else: this version from that one, of that commit."""
    facts = change.facts
    return Order(
        app,
        environment,
        change.version,
        did=str(facts["did"]),
        doing=str(facts["doing"]),
        redeploy=bool(facts["redeploy"]),
        expected_before=change.version_before if facts["looked"] else None,
        commit=change.commit_id,
        change=change,
    )


def _close(desk: Desk, change: Change, done: bool) -> None:
    # The deployment itself is over and recorded. Where this fails, the next look at changes closes it by the record.
    try:
        with desk.store.write() as connection:
            end(desk.store, connection, change.id, done)
    except Failure:
        desk.close()


def _wait_again(desk: Desk, change: Change) -> None:
    try:
        with desk.store.write() as connection:
            put_back(desk.store, connection, change.id)
    except Failure:
        desk.close()
