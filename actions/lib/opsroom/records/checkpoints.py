"""What a deploy kind must find again at a place when the runner of a deployment died there."""

from __future__ import annotations

from ..db import Store
from ..db.sql import Transaction, clean, execute, insert, moment, rows


def keep(
    store: Store, connection: Transaction, app: str, environment: str, name: str, value: str
) -> None:
    """Write it down in place of what stood there, within the caller's `store.write()`. An empty
    value removes it."""
    place = {"app": app, "environment": environment, "name": name}
    execute(connection, f"DELETE FROM handles WHERE {_HERE}", **place)  # noqa: S608
    if value:
        at = moment(store.now(connection))
        insert(connection, "handles", {**place, "value": clean(value), "at": at})


def kept(connection: Transaction, app: str, environment: str, name: str) -> str:
    """What was written down last; empty when nothing was."""
    query = f"SELECT value FROM handles WHERE {_HERE}"  # noqa: S608
    found = rows(connection, query, app=app, environment=environment, name=name)
    return str(found[0]["value"]) if found else ""


_HERE = "app = :app AND environment = :environment AND name = :name"
