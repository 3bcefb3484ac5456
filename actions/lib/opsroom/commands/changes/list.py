"""show changes: what waits for approval or confirmation, what is being deployed, and which
emergencies need a review."""

from __future__ import annotations

from datetime import datetime
from typing import List, Sequence, Tuple

from ...config.model import Settings
from ...errors import Code, Refusal
from ...names import listed
from ...policy.approvals import ask_again, counted, missing
from ...records.change import Approval, Change, Kind, State
from ...records.changes import approvals_of, open_changes, set_members, stale, tidy
from ...text import table, when
from .. import Context, Outcome
from ..deployments.interrupted import settle_interrupted
from ..resolve import find_app, find_environment
from . import facts_of, is_set_interrupted, requester_of


def list_changes(context: Context, environment_name: str = "", app_name: str = "") -> Outcome:
    """All that waits, oldest first; the names narrow it. Raises Refusal for names that are not
    known."""
    environment = (
        find_environment(context.settings, environment_name).name if environment_name else ""
    )
    app = find_app(context.settings, app_name).name if app_name else ""
    store = context.store
    with store.read() as connection:
        untidy = stale(store, connection)
    if untidy:
        # What was set off may be over: its runner may have died.
        settle_interrupted(context, app, environment)
        with store.write() as connection:
            tidy(store, connection)
    with store.read() as connection:
        now = store.now(connection)
        waiting = open_changes(connection, environment, app)
        approved = {
            one.id: approved_by(context.settings, one, approvals_of(connection, one.id))
            for one in waiting
        }
        sets = {one.id: set_members(connection, one) for one in waiting}
    interrupted = {
        one.id: _interrupted(one, sets[one.id])
        for one in waiting
        if is_set_interrupted(one, sets[one.id], now)
    }
    where = f" on {environment}" if environment else ""
    if not waiting:
        return Outcome(True, Code.CHANGES, f"No change waits{where}.", {"changes": []})
    rows = [
        (*_row(one), interrupted.get(one.id) or _state(context, one, approved[one.id], now))
        for one in waiting
    ]
    facts = [
        {
            **facts_of(one),
            "approved_by": approved[one.id],
            "plan": one.plan,
            **({"interrupted": interrupted[one.id]} if one.id in interrupted else {}),
        }
        for one in waiting
    ]
    narrow = "" if environment else "for example: show changes on production"
    return Outcome(True, Code.CHANGES, table(rows, narrow), {"changes": facts})


def approved_by(settings: Settings, change: Change, given: Sequence[Approval]) -> List[str]:
    """Whose approvals count today: as many as `approve change` will count."""
    environment = settings.environments.get(change.environment)
    if environment is None:
        return []
    try:
        requester = requester_of(settings, change)
    except Refusal:
        # It is unknown who asked; so nobody counts as someone else.
        return []
    valid = counted(settings, environment.for_app(change.app), change, given, requester)
    return [one.shown for one in valid]


def _interrupted(change: Change, members: Sequence[Change]) -> str:
    """What became of its set, whose runner died, and what to do."""
    done = [f"{one.app} {one.version}" for one in members if one.state is State.DONE]
    failed = [f"{one.app} {one.version}" for one in members if one.state is State.FAILED]
    parts = [f"{listed(done)} {'was' if len(done) == 1 else 'were'} deployed"] if done else []
    if failed:
        parts.append(f"{listed(failed)} did not end well")
    return f"its set was interrupted: {', '.join(parts)}. {ask_again(change)}"


def _row(change: Change) -> Tuple[str, ...]:
    before = f"{change.version_before} to " if change.version_before else ""
    what = f"{change.app} {before}{change.version} on {change.environment}"
    return change.id, what, f"by {change.shown}"


def _state(context: Context, change: Change, approved: List[str], now: datetime) -> str:
    until = f", until {when(change.expires_at, now)}" if change.expires_at else ""
    if change.state is State.DEPLOYING:
        return "is being deployed"
    if change.state is State.REVIEW:
        return f"an emergency at {when(change.asked_at, now)}, to be reviewed"
    if change.kind is Kind.CONFIRMATION:
        return f"to be confirmed{until}"
    environment = context.settings.environments.get(change.environment)
    count = (
        missing(change, environment.for_app(change.app), len(approved))
        if environment
        else "0 approved"
    )
    return f"{count}{until}"
