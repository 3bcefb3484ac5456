"""What came before: an event of a sensor or a delivery of a webhook that comes again is not acted upon again."""

from __future__ import annotations

from datetime import timedelta

from .store import Store
from .store.engine import queue_up
from .store.plain import Transaction, change, insert, rows
from .store.values import clean, moment

# So long it is known that something came before, in seconds. What is older than a day is not acted upon anyway.
KEPT = 8 * 86400.0


def first_time(store: Store, connection: Transaction, kind: str, id: str) -> bool:
    """Whether it comes for the first time, within the caller's `store.write()`: of any number at once, one is first.

    What is done because of it belongs into the same transaction, or may not be done when a runner dies.
    """
    queue_up(connection)
    kind, id = clean(kind), clean(id)
    if rows(connection, "SELECT at FROM seen WHERE kind = :kind AND id = :id", kind=kind, id=id):
        return False
    now = store.now(connection)
    old = moment(now - timedelta(seconds=KEPT))
    change(connection, "DELETE FROM seen WHERE kind = :kind AND at < :old", kind=kind, old=old)
    insert(connection, "seen", {"kind": kind, "id": id, "at": moment(now)})
    return True
