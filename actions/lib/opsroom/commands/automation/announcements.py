"""Deployments that nobody asked for in the announce room: each outcome is announced there once, and
the team that the environment names is paged once for each one that failed."""

from __future__ import annotations

from datetime import timedelta
from typing import List, Optional, Sequence, Tuple

from ...config.model import OF_APP
from ...errors import Code, OpsroomError
from ...people import same_room
from ...records.idempotency import first_time_or_ours
from ...records.ledger import Record, of_deployment
from ...records.model import Event
from ...records.queries import deployments, of_execution
from ...text import one_line
from .. import Context, Outcome
from ..announce import post_once, post_pending
from ..deployments.interrupted import settle_interrupted
from ..pages.page import page

# What ended longer ago is no news any more; what ended just now is announced by the rule that
# follows each execution.
_NEWS = timedelta(hours=1)
_JUST_NOW = timedelta(seconds=60)


def announce_deployments(context: Context, execution: str = "") -> Outcome:
    """Post the outcome of the deployments of an execution in the announce room; without one, of
    those that nobody announced yet.

    What was asked for, or answered, in that room is already there. Raises Failure(store_...); it
    does not wait for a database that is away, since the next run without an execution posts what
    this one could not.
    """
    if not context.settings.announce:
        return Outcome(
            True, Code.NOTHING_NEW, "The config names no room to announce in.", {"told": 0}
        )
    posted = _of_execution(context, execution) if execution else _missed(context)
    if not posted:
        return Outcome(True, Code.NOTHING_NEW, "There is nothing to announce.", {"told": 0})
    return Outcome(True, Code.TOLD, " ".join(posted), {"told": len(posted)})


def ends_of_execution(context: Context, execution: str) -> List[Sequence[Record]]:
    """The records of each deployment that an execution carried out and touched something with,
    oldest first."""
    with context.store.read() as connection:
        mine = of_execution(connection, execution)
        ids = dict.fromkeys(
            one.deployment for one in mine if one.event is Event.STARTED or _is_end(one)
        )
        return [of_deployment(connection, id) for id in ids]


def end_of(records: Sequence[Record]) -> Optional[Record]:
    """The record of its end; None while there is none."""
    return next((one for one in reversed(records) if _is_end(one)), None)


def outcome_text(context: Context, records: Sequence[Record], link: bool = True) -> str:
    """The outcome of a deployment in a sentence or two, for those who did not ask for it."""
    end = end_of(records)
    last = end or records[-1]
    what = (
        f"The {last.command} of {last.app} {last.version} on {last.environment} by "
        f"{one_line(last.requester, 60)}"
    )
    address = context.settings.execution_link(last.execution_id)
    where = f" {address}" if link and address else ""
    if end is None:
        return (
            f"{what} was stopped before it ended. To see: version of {last.app} on "
            f"{last.environment}{where}"
        )
    if end.event is Event.INTERRUPTED:
        return f"{what} was interrupted: {end.message.rstrip('.')}.{where}"
    if end.event is Event.SUCCEEDED or end.message.startswith(f"The {end.command} of"):
        return f"{end.message}{where}"
    touched = (
        "" if any(one.event is Event.STARTED for one in records) else " before anything was touched"
    )
    return f"{what} failed{touched}: {end.message}{where}"


def _of_execution(context: Context, execution: str) -> List[str]:
    return [
        text
        for text in (
            _announce(context, records) for records in ends_of_execution(context, execution)
        )
        if text
    ]


def _missed(context: Context) -> List[str]:
    """Ends that no rule announced, since StackStorm was away or the runner died; that is found out
    here, too."""
    settle_interrupted(context)
    post_pending(context)
    store = context.store
    with store.read() as connection:
        now = store.now(connection)
        recent = [
            one
            for one in reversed(deployments(connection, limit=50))
            if one.app and one.at > now - _NEWS
        ]
        missed = [
            of_deployment(connection, one.deployment)
            for one in recent
            if one.at < now - _JUST_NOW or "found_by" in one.facts
        ]
    return [text for text in (_announce(context, records) for records in missed) if text]


def _announce(context: Context, records: Sequence[Record]) -> str:
    """What was posted; empty when it was posted before, or is known in the announce room."""
    end = end_of(records)
    if end is None or _is_known_in_room(context, records, end):
        return ""
    # One whose runner died is announced also while announcements are muted.
    emergency = any(one.event is Event.OVERRIDDEN for one in records)
    text = outcome_text(context, records)
    return (
        text
        if post_once(context, f"deployment:{end.deployment}:{end.seq}", text, always=emergency)
        else ""
    )


def _is_known_in_room(context: Context, records: Sequence[Record], end: Record) -> bool:
    """Whether it was answered in the announce room: where it was asked for, or approved last.

    Of a runner that died nobody got an answer. An emergency announces its outcome itself.
    """
    if "found_by" in end.facts:
        return False
    if any(one.event is Event.OVERRIDDEN for one in records):
        return True
    rooms = {
        one.room for one in records if one.execution_id == end.execution_id or one is records[0]
    }
    return any(room and same_room(room, context.settings.announce) for room in rooms)


def _is_end(record: Record) -> bool:
    ends = (Event.SUCCEEDED, Event.FAILED, Event.INTERRUPTED, Event.CANCELLED)
    return record.event in ends and bool(record.app)


def page_on_failure(context: Context, execution: str) -> Outcome:
    """Page for each deployment of an execution that failed after something had been touched, or was
    stopped midway. Of one that someone cancelled they know.

    Where nobody could be paged, that is posted in the announce room. A database that is away is
    waited for. Raises what `page` raises, and Failure(store_...).
    """
    outcome: Optional[Outcome] = None
    for team, records in context.patiently(lambda: _to_page(context, execution)):
        outcome = _page(context, team, records)
    return outcome or Outcome(
        True, Code.NOTHING_NEW, "There is nothing to page about.", {"paged": 0}
    )


def _failed(records: Sequence[Record]) -> bool:
    end = end_of(records)
    return any(one.event is Event.STARTED for one in records) and (
        end is None or end.event not in (Event.SUCCEEDED, Event.CANCELLED)
    )


def _team(context: Context, records: Sequence[Record]) -> str:
    """Whom the config names for that; empty for nobody."""
    environment = context.settings.environments.get(records[-1].environment)
    app = context.settings.apps.get(records[-1].app)
    if environment is None or app is None:
        return ""
    team = environment.for_app(app.name).page_on_failure
    return app.page if team.casefold() == OF_APP else team


def _to_page(context: Context, execution: str) -> List[Tuple[str, Sequence[Record]]]:
    """Whom to page about which deployments, each of them once."""
    failed = [one for one in ends_of_execution(context, execution) if _failed(one)]
    due = [(team, one) for team, one in ((_team(context, one), one) for one in failed) if team]
    if not due:
        return []
    store = context.store
    with store.write() as connection:
        return [
            (team, one)
            for team, one in due
            if first_time_or_ours(
                store, connection, "page_on_failure", one[0].deployment, context.execution_id
            )
        ]


def _page(context: Context, team: str, records: Sequence[Record]) -> Outcome:
    text = outcome_text(context, records)
    try:
        return page(context, team, text, urgent=True)
    except OpsroomError as error:
        why = one_line(error.sentence(), 160)
        posted = f"Nobody could be paged about this: {one_line(text, 200)} {why}"
        post_once(context, f"page_on_failure:{records[0].deployment}", posted, always=True)
        raise
