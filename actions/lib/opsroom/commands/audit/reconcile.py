"""audit reconcile: compares the record with StackStorm's own history of executions."""

from __future__ import annotations

from typing import Iterable, List

from ...audit.clock import read_clock
from ...audit.period import Period, read_period
from ...audit.reconcile import Reconciled, compare, known, noted
from ...db.sql import from_moment
from ...errors import Code
from ...records.chain.archives import newest_archive
from ...stackstorm.history import History, history_or_refuse
from ...text import when
from .. import Context, Outcome

# The actions of which every execution leaves a record. A test keeps this and the actions' metadata
# in step.
RECORDED = (
    "ack_page", "add_responder", "approve_change", "assign_card", "cancel_deployment",
    "comment_card", "confirm_change",
    "create_card", "deploy", "deploy_set", "emergency_deploy", "end_incident", "escalate_page",
    "lock", "loud",
    "move_card",
    "open_incident", "page", "promote", "quiet", "reject_change", "resolve_page", "review_change",
    "rollback",
    "unlock",
)  # fmt: skip


def reconcile(context: Context, since: str, until: str = "", pack: str = "opsroom") -> Outcome:
    """Compare over a period. Not ok, with code record_incomplete, when one side has what the other
    does not.

    Raises Refusal(invalid_time; not_configured outside of StackStorm) and Failure(unauthorized,
    unreachable, ...).
    """
    period = read_period(since, until)
    found = compared(context, period, history_or_refuse(), [f"{pack}.{name}" for name in RECORDED])
    facts = {
        "since": period.since,
        "until": period.until,
        "compared": found.compared,
        "only_in_the_record": [
            {"execution": one.id, "record": one.record, "at": one.at, "what": one.what}
            for one in found.only_ledger
        ],
        "only_in_stackstorm": [
            {
                "execution": one.id,
                "action": one.action,
                "status": one.status,
                "at": one.at,
                "by": one.by,
            }
            for one in found.only_stackstorm
        ],
        "too_old": found.too_old,
        "archived": found.archived,
        "history_begins": found.history_begins,
    }
    code = Code.RECONCILED if found.ok else Code.RECORD_INCOMPLETE
    return Outcome(
        found.ok,
        code,
        f"{period.title}: {_comparison_text(found)} {_reach(found, period)}".strip(),
        facts,
    )


def compared(
    context: Context, period: Period, history: History, actions: Iterable[str]
) -> Reconciled:
    """The comparison itself. The record is read after StackStorm was asked: what ran meanwhile is
    in both."""
    executed = [one for action in actions for one in history.of(action, period.since, period.until)]
    begins = history.oldest()
    store = context.store

    def known_here(ids: Iterable[str]) -> List[str]:
        with store.read() as connection:
            return known(connection, ids)

    with store.read() as connection:
        here = noted(connection, period, read_clock(connection, store.now(connection)))
        archive = newest_archive(connection)
    until = from_moment(archive.until) if archive is not None else None
    return compare(here, executed, begins, history.has, known_here, until)


def _comparison_text(found: Reconciled) -> str:
    if found.ok:
        return f"the record and StackStorm's history have the same {found.compared:,} executions."
    text = f"{found.compared:,} executions are in both."
    if found.only_ledger:
        first = found.only_ledger[0]
        text += (
            f" {len(found.only_ledger)} only in the record, first {first.id} (record "
            f"{first.record}, {first.what})."
        )
    if found.only_stackstorm:
        one = found.only_stackstorm[0]
        text += (
            f" {len(found.only_stackstorm)} only in StackStorm, first {one.id} ({one.action} by "
            f"{one.by}, {one.status})."
        )
    return text


def _reach(found: Reconciled, period: Period) -> str:
    return f"{_archived(found)} {_history(found, period)}".strip()


def _archived(found: Reconciled) -> str:
    if not found.archived:
        return ""
    return f"{found.archived:,} executions could not be compared: their records are archived."


def _history(found: Reconciled, period: Period) -> str:
    if found.history_begins is None:
        return "StackStorm's history is empty."
    if found.history_begins <= period.since:
        return ""
    begins = when(found.history_begins, period.since)
    old = f"; {found.too_old:,} older executions could not be compared" if found.too_old else ""
    return f"StackStorm's history begins {begins}{old}."
