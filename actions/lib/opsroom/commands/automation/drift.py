"""What the sensors see on environments: a version that nobody asked for, no answer, an answer
again."""

from __future__ import annotations

from typing import Optional

from ...errors import Code
from ...names import check_version
from ...records.idempotency import first_time
from ...records.ledger import append
from ...records.model import Event
from ...versions import same_version
from .. import Context, Outcome
from ..announce import post_once, prepare, speak
from ..request import Request
from ..resolve import find_target

_DRIFT = "drift"


def note_drift(
    context: Context, app_name: str, environment_name: str, version: str, before: str, event: str
) -> Outcome:
    """Record and announce that the running version changed without opsroom; once for each `event`.
    Empty versions mean that nothing runs. A database that is away is waited for.

    Raises Refusal(unknown_app, unknown_environment, not_in_environment, invalid_name) and
    Failure(store_...).
    """
    place = find_target(context.settings, app_name, environment_name)
    app, environment = place.app, place.environment
    now, then = _checked(version), _checked(before)
    was = f" (before: {then})" if then else ""
    what = f"{place} runs {now} now{was}" if now else f"{place} runs nothing any more{was}"
    if same_version(now, then):
        what = f"{place} runs another commit of {now} now"
    text = (
        f"{what}, and nobody asked opsroom for that. To see what is on record: history of {place}"
    )
    noted = {"event": event, "running": now or "nothing"}
    request = Request(
        context, _DRIFT, app.name, environment.name, now, version_before=then, noted=noted
    )
    key = f"drift:{event}"

    def write() -> Optional[bool]:
        """Whether to post it; None where it was noted before."""
        store = context.store
        with store.write() as connection:
            if not first_time(store, connection, _DRIFT, event):
                return None
            append(store, connection, request.entry(Event.DRIFT, Code.NOTED.value, text))
            return prepare(context, store, connection, key, text)

    mine = context.patiently(write)
    if mine is None:
        return Outcome(True, Code.NOTHING_NEW, "That was noted before.", {"event": event})
    posted = mine and speak(context, key, text)
    facts = {
        "app": app.name,
        "environment": environment.name,
        "version": now,
        "version_before": then,
        "told": posted,
    }
    return Outcome(True, Code.NOTED, text, facts)


def note_reach(
    context: Context, app_name: str, environment_name: str, reachable: bool, event: str
) -> Outcome:
    """Post in the announce room that a place no longer reports its version, or does again; once for
    each `event`. A database that is away is waited for."""
    place = find_target(context.settings, app_name, environment_name)
    text = (
        f"{place} reports its version again."
        if reachable
        else f"{place} no longer reports its version."
    )
    text += "" if reachable else f" To ask it: version of {place}"
    posted = context.patiently(lambda: post_once(context, f"reach:{event}", text))
    return Outcome(
        True,
        Code.TOLD if posted else Code.NOTHING_NEW,
        text,
        {"told": posted, "reachable": reachable},
    )


def _checked(version: str) -> str:
    return check_version(version) if version.strip() else ""
