"""Opens a change instead of deploying: the answer shows what would happen and who has to agree, and
nothing is touched."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ...config.model import Environment, Settings
from ...db.sql import Transaction
from ...deploys import Resolved
from ...errors import Code
from ...names import listed
from ...policy.access import asked_outside
from ...policy.approvals import cannot_be_approved, needed, time_left, waits_for
from ...records.change import Change, Draft, Kind, State
from ...records.changes import close, find_same, open_change, tidy
from ...records.claims import release
from ...records.ledger import append
from ...records.model import Event
from ...text import one_line
from ...versions import Running, distinct_names
from .. import Context, Outcome
from ..announce import post_once
from ..deployments.delivery import summary
from ..deployments.order import DeploymentOrder
from ..request import Request
from . import entry_by, facts_of


def make_change(
    request: Request,
    order: DeploymentOrder,
    environment: Environment,
    resolved: Resolved,
    running: Optional[Running],
    kind: Kind,
) -> Outcome:
    """Write down a change of that kind with its record, and say what it waits for.

    Asking for the same again while it waits finds the change that is there.
    """
    store = request.context.store
    draft = _draft(request, order, environment, resolved, running, kind)
    wait = environment.approval_ttl if draft.kind is Kind.APPROVAL else environment.confirm_within
    with store.write() as connection:
        tidy(store, connection)
        change, new = _same_or_new(request, connection, draft, wait)
        limits, problem = _limits(
            request.context.settings, change, environment, store.now(connection)
        )
        text = _answer_text(change, new, limits, problem)
        if new:
            entry = request.entry(
                Event.WAITING,
                Code.WAITING.value,
                text,
                change=change.id,
                kind=kind.value,
                needed=change.needed,
                plan=change.plan,
                expires_at=change.expires_at,
                commit=change.commit_id or None,
            )
        else:
            # This request has an id of its own, and is over; the one that waits has another.
            entry = request.entry(Event.REFUSED, Code.WAITING.value, text, change=change.id)
        append(store, connection, entry)
        release(connection, request.deployment)
    request.ended = True
    code = Code.WAITING if draft.kind is Kind.APPROVAL else Code.CONFIRM
    if asked_outside(request.by, environment):
        text = _post(request.context, change, environment, text)
    facts = {
        **facts_of(change),
        "needed": change.needed,
        "plan": change.plan,
        "waits_for": limits,
        "problem": problem,
    }
    return Outcome(True, code, text, facts)


def make_emergency(request: Request, order: DeploymentOrder, passed: Sequence[str]) -> Change:
    """Flag an emergency until someone else reviews it, and record what it passed, before anything
    is touched.

    All further records of the request name the change.
    """
    store = request.context.store
    draft = _draft(request, order, order.environment, None, None, Kind.EMERGENCY)
    with store.write() as connection:
        change = open_change(store, connection, draft)
        request.noted["change"] = change.id
        text = (
            f"{change.what} in an emergency ({order.emergency}); passed: "
            f"{', '.join(passed) or 'nothing'}"
        )
        append(
            store,
            connection,
            request.entry(Event.OVERRIDDEN, "", text, reason=order.emergency, passed=list(passed)),
        )
    return change


def _post(context: Context, change: Change, environment: Environment, text: str) -> str:
    """Post a change that was asked for outside of the chat in the rooms where it is approved; once
    in each.

    Returns what the requester reads.
    """
    rooms = environment.rooms or ()
    for room in rooms:
        post_once(context, f"asked:{change.deployment}:{room}", text, always=True, room=room)
    return f"{text} It is posted in {listed(rooms)}."


def _same_or_new(
    request: Request, connection: Transaction, draft: Draft, wait: float
) -> Tuple[Change, bool]:
    store, context = request.context.store, request.context
    existing = find_same(connection, draft)
    if existing is not None:
        if _same(existing, draft):
            return existing, False
        # What was shown then is not what would happen now: that one could never go ahead.
        why = "asked for again, since what it would do had changed"
        close(
            store, connection, existing.id, State.OPEN, State.WITHDRAWN, context.speaker.shown, why
        )
        text = f"Change {existing.id} was withdrawn: {why}."
        append(
            store,
            connection,
            entry_by(context, existing, Event.REJECTED, Code.CHANGED_MEANWHILE, text),
        )
    return open_change(store, connection, draft, wait), True


def _same(existing: Change, draft: Draft) -> bool:
    def shown(one: Draft) -> List[object]:
        # A confirmation is bound to its room; an approval, once given, is not lost by asking again
        # elsewhere.
        room = one.room if one.kind is Kind.CONFIRMATION else ""
        cards = list(one.facts.get("cards") or ())
        return [
            one.version_before,
            one.commit_id,
            one.command,
            room,
            one.facts.get("redeploy"),
            cards,
            one.facts.get("set"),
        ]

    return shown(existing) == shown(draft)


def _draft(
    request: Request,
    order: DeploymentOrder,
    environment: Environment,
    resolved: Optional[Resolved],
    running: Optional[Running],
    kind: Kind,
) -> Draft:
    speaker = request.by
    return Draft(
        deployment=request.deployment,
        kind=kind,
        command=request.command,
        app=order.app.name,
        environment=environment.name,
        asked_version=order.version,
        version=resolved.version if resolved else request.version,
        commit_id=resolved.commit if resolved else order.commit,
        version_before=running.version if running else request.version_before,
        owner=speaker.key,
        shown=one_line(speaker.shown),
        person=speaker.person_name,
        chat_name=speaker.recorded_name,
        room=speaker.room,
        st2_user=speaker.st2_user,
        execution_id=request.context.execution_id,
        plan=_plan(order, resolved, running, summary(request.noted)),
        reason=order.emergency,
        needed=environment.approvals if kind is Kind.APPROVAL else 0,
        facts={
            "source": order.source,
            "redeploy": order.redeploy,
            "looked": running is not None,
            "commit_before": running.commit if running is not None else "",
            "cards": list(order.cards),
            **_member(order),
        },
    )


def _member(order: DeploymentOrder) -> Dict[str, Any]:
    """Which one of a set a change is, as `sets.whole_set` reads it."""
    if order.member is None:
        return {}
    member = order.member
    return {
        "set": member.id,
        "set_title": member.title,
        "set_index": member.index,
        "set_count": member.count,
    }


def _plan(
    order: DeploymentOrder,
    resolved: Optional[Resolved],
    running: Optional[Running],
    brings: str,
) -> str:
    if resolved is None:
        return ""
    brings = f"; {brings}" if brings else ""
    # The commit is what is approved; a tag is only its name.
    commit = (
        f" ({resolved.commit[:12]})"
        if resolved.commit and not resolved.commit.startswith(resolved.version)
        else ""
    )
    if running is None or not running.version:
        return f"{order.target} would get {resolved.version}{commit}"
    before, after = distinct_names(running, resolved)
    commit = commit if after == resolved.version else ""
    return f"{order.target} would go from {before} to {after}{commit}{brings}"


def _limits(
    settings: Settings, change: Change, environment: Environment, now: datetime
) -> Tuple[str, str]:
    """Who decides on it until when; and why nobody can, as a sentence, where that is so."""
    if change.kind is Kind.CONFIRMATION:
        where = f" from {change.room}" if change.room else ""
        return f"within {time_left(change, now)}{where}", ""
    wanted = needed(change, environment)
    problem = cannot_be_approved(settings, environment, wanted, change.person)
    return waits_for(settings, change, environment, now), problem


def _answer_text(change: Change, new: bool, limits: str, problem: str) -> str:
    waits = "" if new else " It waits already."
    if change.kind is Kind.CONFIRMATION:
        text = f"Change {change.id}: {change.plan}.{waits}"
        return f"{text} To do it, {limits}: confirm change {change.id}"
    text = f"Change {change.id}: {change.plan}, asked by {change.shown}.{waits}"
    if problem:
        return f"{text} {problem}"
    return f"{text} To approve: approve change {change.id} ({limits})."
