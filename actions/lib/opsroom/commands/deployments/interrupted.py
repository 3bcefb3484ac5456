"""Deployments whose runner or process was lost: the next command there records how they ended.

A runner whose lease has run out may have died, stood still, or lost the database; all that others
know is that it stopped renewing its claim.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Dict, List, Optional, Tuple

from ...audit.narrative import change_of
from ...db.sql import Transaction, queue_up, rows, soon
from ...errors import Code, Failure
from ...records.claims import Claim, current, settle
from ...records.ledger import Record, append, of_deployment
from ...records.model import Entry, Event
from ...records.queries import asked_only
from ...versions import Running, distinct_names, same
from .. import Context
from ..live_version import ask_anyway
from ..resolve import DeploymentTarget

# A request that has neither a claim nor an end may only be slow for so long; then StackStorm is
# asked whether its process has ended. Where it does not know, the request is over after ABANDONED:
# StackStorm lets none run for so long.
_SLOW = timedelta(seconds=60)
ABANDONED = timedelta(hours=2)


def settle_interrupted(context: Context, app: str = "", environment: str = "") -> List[Claim]:
    """Record every deployment in scope as interrupted whose lease has run out or whose process has
    ended, with what is really running; and every request that was lost before it took its place.

    Returns the claims that this call settled; of several callers at once, one settles each.
    """
    # What its own runner says of it counts more than what others find.
    context.take_over()
    with context.store.read() as connection:
        claims = current(context.store, connection, app, environment)
        now, asked = context.store.now(connection), asked_only(connection)
    _settle_all_asked(context, now, asked)
    return [
        claim
        for claim in claims
        if _settle(context, claim, claim.expired or _killed(context, claim))
    ]


def settle_asked(context: Context, latest: int = 1000) -> List[Record]:
    """Record as interrupted what was asked, among so many of the latest records, and lost before it
    took its place.

    Nothing was touched by it: a deployment records its start before it touches anything. Returns
    what was asked.
    """
    with context.store.read() as connection:
        now = context.store.now(connection)
        found = asked_only(connection, latest)
    return _settle_all_asked(context, now, found)


def _settle_all_asked(context: Context, now: datetime, found: List[Record]) -> List[Record]:
    if not found:
        return []
    found = [one for one in found if change_of([one]) is not None]
    settled: List[Record] = []
    for one in found:
        mine = bool(one.execution_id) and one.execution_id == context.execution_id
        # One that is dated after now was written by a wrong clock; when is not known.
        age = ABANDONED if one.clock > soon(now) else now - one.clock
        if mine or age < _SLOW:
            continue
        ended = age < ABANDONED and _has_ended(one.execution_id)
        if (ended or age >= ABANDONED) and _settle_asked(context, one, ended):
            settled.append(one)
    return settled


def _settle_asked(context: Context, asked: Record, ended: bool) -> bool:
    why = "its process ended without an answer" if ended else "it was not heard from again"
    texts = (
        "deployment",
        "command",
        "requester",
        "person",
        "chat_name",
        "room",
        "st2_user",
        "execution_id",
    )
    values = {name: getattr(asked, name) for name in (*texts, "app", "environment", "version")}
    facts: Dict[str, Any] = {"started": False, "asked_only": True}
    facts["found_by"] = context.speaker.shown
    if "vouched_by" in asked.facts:
        facts["vouched_by"] = asked.facts["vouched_by"]
    with context.store.write() as connection:
        queue_up(connection)
        events = {one.event for one in of_deployment(connection, asked.deployment)}
        claim = "SELECT 1 AS one FROM claims WHERE deployment = :deployment"
        if not events <= {Event.ASKED, Event.OVERRIDDEN} or rows(
            connection, claim, deployment=asked.deployment
        ):
            return False
        entry = Entry(
            event=Event.INTERRUPTED,
            **values,
            code=Code.INTERRUPTED.value,
            message=f"{why}; nothing was touched",
            facts={**facts, "found_in_execution": context.execution_id},
        )
        append(context.store, connection, entry)
    return True


def check_not_settled(connection: Transaction, deployment: str) -> None:
    """Raise Failure(claim_lost) when others have recorded that the request was lost before it took
    its place."""
    if any(one.facts.get("asked_only") for one in of_deployment(connection, deployment)):
        text = "This deployment stood still for so long that others recorded it as interrupted."
        raise Failure(Code.CLAIM_LOST, text, "Try again.")


def _killed(context: Context, claim: Claim) -> bool:
    """Whether StackStorm has seen the end of the process that holds it: then nobody has to wait for
    the lease."""
    if not claim.execution_id or claim.execution_id == context.execution_id:
        return False
    return _has_ended(claim.execution_id)


def _settle(context: Context, claim: Claim, over: bool) -> bool:
    if not over:
        return False
    running, differing = _running(context, claim)
    version = running.version if running is not None else None
    store = context.store
    with store.write() as connection:
        if not settle(store, connection, claim, ended=not claim.expired):
            return False
        before = [
            record
            for record in of_deployment(connection, claim.deployment)
            if record.event is Event.STARTED
        ]
        append(
            store,
            connection,
            Entry(
                event=Event.INTERRUPTED,
                deployment=claim.deployment,
                command=claim.command,
                requester=claim.holder,
                person=claim.person,
                chat_name="",
                room=claim.room,
                st2_user=claim.st2_user,
                execution_id=claim.execution_id,
                app=claim.app,
                environment=claim.environment,
                version_before=before[-1].version_before if before else "",
                version=claim.version,
                code=Code.INTERRUPTED.value,
                message=_sentence(claim, running, differing, before[-1] if before else None),
                seconds=None,
                facts={
                    **_commits(before[-1] if before else None),
                    "running": version if version is not None else "unknown",
                    "started": bool(before),
                    "found_by": context.speaker.shown,
                    "found_in_execution": context.execution_id,
                },
            ),
        )
    return True


def _commits(started: Optional[Record]) -> Dict[str, str]:
    known = (
        {key: started.facts.get(key) for key in ("commit", "commit_before")}
        if started is not None
        else {}
    )
    return {key: str(value) for key, value in known.items() if value}


def _running(context: Context, claim: Claim) -> Tuple[Optional[Running], str]:
    """What runs there now, and a sentence where parts of the place differ."""
    app = context.settings.apps.get(claim.app)
    environment = context.settings.environments.get(claim.environment)
    if app is None or environment is None:
        return None, ""
    return ask_anyway(DeploymentTarget(app, environment))


def _sentence(
    claim: Claim, running: Optional[Running], differing: str, started: Optional[Record]
) -> str:
    died = "its runner was lost" if claim.expired else "its process ended without an answer"
    if started is None:
        return f"{died} before anything was touched"
    if running is None:
        return f"{died}. {differing}" if differing else f"{died}; what runs now is unknown"
    if not running.version:
        return f"{died}; nothing runs there now"
    wanted = Running(claim.version, str(started.facts.get("commit") or ""))
    if same(running, wanted):
        return f"{died} after {running.version} had been put in place"
    return f"{died}; {distinct_names(running, wanted)[0]} runs there now"


def _has_ended(execution_id: str) -> bool:
    from ...stackstorm.executions import has_ended  # loads st2client; few find such a claim

    return has_ended(execution_id)
