"""show locks: what is locked, by whom, since when, until when and why. Changes nothing."""

from __future__ import annotations

from ...errors import Code
from ...policy.locks import lasting, place
from ...records.locks import current
from ...text import one_line, table
from .. import Context, Outcome
from ..resolve import find_environment


def list_locks(context: Context, environment_name: str = "") -> Outcome:
    """All locks that hold now, or those that matter on one environment; the widest first."""
    environment = (
        find_environment(context.settings, environment_name).name
        if environment_name.strip()
        else ""
    )
    store = context.store
    with store.read() as connection:
        locks = current(store, connection, environment=environment)
        now = store.now(connection)
    facts = {"locks": [lock.facts() for lock in locks]}
    if not locks:
        where = f" on {environment}" if environment else ""
        return Outcome(True, Code.LOCKS, f"Nothing is locked{where}.", facts)
    zone = context.settings.timezone
    rows = [
        [
            place(lock.app, lock.environment),
            f"{one_line(lock.shown, 40)} {lasting(lock, now, zone)}",
            one_line(lock.reason, 60),
        ]
        for lock in locks
    ]
    narrow = "" if environment else "say: show locks on ENVIRONMENT"
    heading = f"Locked on {environment}:" if environment else "Locked:"
    return Outcome(True, Code.LOCKS, table(rows, narrow=narrow, heading=heading), facts)
