"""What a deploy kind must find again at a place when the runner of a deployment died there."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from .store import Store
from .store.tables import handles
from .store.values import clean, moment


def keep(store: Store, connection: Connection, app: str, environment: str, name: str, value: str) -> None:
    """Write it down in place of what stood there, within the caller's `store.write()`. An empty value removes it."""
    place = (handles.c.app == app, handles.c.environment == environment, handles.c.name == name)
    connection.execute(delete(handles).where(*place))
    if value:
        row = {"app": app, "environment": environment, "name": name, "value": clean(value)}
        connection.execute(insert(handles), {**row, "at": moment(store.now(connection))})


def kept(connection: Connection, app: str, environment: str, name: str) -> str:
    """What was written down last; empty when nothing was."""
    place = (handles.c.app == app, handles.c.environment == environment, handles.c.name == name)
    return str(connection.execute(select(handles.c.value).where(*place)).scalar() or "")
