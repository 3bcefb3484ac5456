"""Changes as they are stored."""

from __future__ import annotations

from opsroom.db.store import Store
from opsroom.records.change import Change, Draft, Kind
from opsroom.records.changes import (
    find,
    open_change,
)

DRAFT = Draft(
    deployment="d1",
    kind=Kind.APPROVAL,
    command="deploy",
    app="web",
    environment="production",
    asked_version="v1.2.0",
    version="v1.2.0",
    owner="person:alice",
    shown="alice",
    commit_id="c0ffee",
    version_before="v1.1.0",
    person="alice",
    chat_name="alice",
    room="#ops",
    st2_user="bot",
    execution_id="65f0",
    plan="web on production would go from v1.1.0 to v1.2.0",
    needed=2,
    facts={"did": "deployed web {version} to production", "redeploy": False},
)


def opened(store: Store, draft: Draft = DRAFT, seconds: float = 60.0) -> Change:
    with store.write() as connection:
        return open_change(store, connection, draft, seconds)


def found(store: Store, change: Change) -> Change:
    with store.read() as connection:
        one = find(connection, change.id)
    assert one is not None
    return one
