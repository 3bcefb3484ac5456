"""history: who deployed what, where, when, with what result."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Dict, List, Tuple

from ..errors import Code, Refusal
from ..records.chain.archives import newest_archive
from ..records.claims import Claim, current
from ..records.ledger import Record
from ..records.queries import deployments, drifts
from ..text import span, stamp, table, when
from ..versions import Running, distinct_names
from . import Context, Outcome
from .deployments.interrupted import settle_interrupted
from .resolve import find_app, find_environment, find_target


def get_history(
    context: Context, app_name: str = "", environment_name: str = "", limit: int = 20
) -> Outcome:
    """The last deployments of an application, an environment or both, newest first, and those that
    are running; in their place among them what was found to run and nobody had asked opsroom
    for."""
    app, environment = _scope(context, app_name, environment_name)
    settle_interrupted(context, app, environment)
    store = context.store
    with store.read() as connection:
        now = store.now(connection)
        running = current(store, connection, app, environment)
        records = deployments(connection, app, environment, limit)
        found = drifts(connection, app, environment, limit)
        # Where all of them are shown, what was before may be archived.
        archive = newest_archive(connection) if len(records) < limit else None
    title = f"{app} on {environment}" if app and environment else app or environment
    shown = sorted([*records, *found], key=lambda one: one.seq, reverse=True)[:limit]
    foot = f"{archive.text}." if archive is not None else ""
    if not shown and not running:
        nothing: Dict[str, Any] = {"deployments": [], "drift": [], "running": []}
        text = f"{title}: nothing has been deployed yet."
        if archive is not None:
            nothing["archived"] = archive.facts()
            text = f"{title}: the record has no deployment. {foot}"
        return Outcome(True, Code.HISTORY, text, nothing)
    rows = [_going_on(claim, now) for claim in running]
    rows += [_row(record, now, app, environment) for record in shown]
    narrow = "" if app and environment else "say: history of APPLICATION on ENVIRONMENT"
    facts: Dict[str, Any] = {
        "deployments": [_fact(record) for record in records],
        "drift": [_fact(record) for record in found],
        "running": [_claim(claim) for claim in running],
    }
    if archive is not None:
        facts["archived"] = archive.facts()
    text = table(rows, narrow=narrow, heading=f"{title}, newest first:", foot=foot)
    return Outcome(True, Code.HISTORY, text, facts)


def _scope(context: Context, app_name: str, environment_name: str) -> Tuple[str, str]:
    settings = context.settings
    if app_name and environment_name:
        target = find_target(settings, app_name, environment_name)
        return target.app.name, target.environment.name
    if app_name:
        return find_app(settings, app_name).name, ""
    if environment_name:
        return "", find_environment(settings, environment_name).name
    raise Refusal(
        Code.UNKNOWN_COMMAND,
        "History of what?",
        "Say: history of APPLICATION, or history on ENVIRONMENT",
    )


def _row(record: Record, now: datetime, app: str, environment: str) -> List[str]:
    place = [
        part
        for part in ("" if app else record.app, "" if environment else record.environment)
        if part
    ]
    before, after = distinct_names(*_versions(record))
    if record.event.value == "drift":
        # Nobody of opsroom did it, and who did is not known.
        versions = f"{before or 'nothing'} -> {after or 'nothing'}"
        return [
            when(record.clock, now),
            " ".join([*place, versions]),
            "not through opsroom",
            "drift",
        ]
    versions = f"{before} -> {after}" if before else after
    return [
        when(record.clock, now),
        " ".join([*place, versions]),
        record.requester,
        _result(record),
    ]


def _versions(record: Record) -> Tuple[Running, Running]:
    """What ran before and what was deployed, as far as the record knows their commits."""
    before, after = (str(record.facts.get(key) or "") for key in ("commit_before", "commit"))
    return Running(record.version_before, before), Running(record.version, after)


def _result(record: Record) -> str:
    took = f" in {span(record.seconds)}" if record.seconds is not None else ""
    if record.event.value == "succeeded":
        done = "done" if record.command == "deploy" else record.command
        return f"{done}{took}"
    if record.event.value == "interrupted":
        running = record.facts.get("running") or "nothing"
        ran = "what ran then is unknown" if running == "unknown" else f"{running} ran then"
        return f"{record.command} interrupted, {ran}"
    if record.event.value == "cancelled":
        return f"{record.command} cancelled{took}"
    return f"{record.command} failed ({record.code})"


def _going_on(claim: Claim, now: datetime) -> List[str]:
    since = span(max((now - claim.started_at).total_seconds(), 0.0))
    return [
        "now",
        f"{claim.app} {claim.version}",
        claim.holder,
        f"{claim.command} on {claim.environment} for {since}",
    ]


def _fact(record: Record) -> Dict[str, Any]:
    return {
        "record": record.seq,
        "at": stamp(record.clock),
        "event": record.event,
        "deployment": record.deployment,
        "command": record.command,
        "requester": record.requester,
        "room": record.room,
        "st2_user": record.st2_user,
        "execution_id": record.execution_id,
        "app": record.app,
        "environment": record.environment,
        "version_before": record.version_before,
        "version": record.version,
        "commit_before": record.facts.get("commit_before"),
        "commit": record.facts.get("commit"),
        "code": record.code,
        "message": record.message,
        "seconds": record.seconds,
    }


def _claim(claim: Claim) -> Dict[str, Any]:
    return {
        "deployment": claim.deployment,
        "command": claim.command,
        "holder": claim.holder,
        "app": claim.app,
        "environment": claim.environment,
        "version": claim.version,
        "step": claim.step,
        "started_at": stamp(claim.started_at),
        "execution_id": claim.execution_id,
    }
