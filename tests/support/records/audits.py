"""Reports and checks of a small ledger, asked for in the room."""

from __future__ import annotations

from typing import Any

from opsroom.db.store import open_store
from support.records.stores import open_gates, rows, run
from support.worlds.world import World

# A period that is never over while the tests run: one of a day would be, at midnight.
ALWAYS = {"since": "2000", "until": "2099"}


TITLE = "2000 to 2099"


SLUG = "2000-to-2099"


EXECUTION = "5f0000000000000000000001"


def report(world: World, **given: Any) -> Any:
    return world.ask("audit_report", **{**ALWAYS, "format": "html", **given})


def verify(world: World, **given: Any) -> Any:
    return world.ask("audit_verify", **{"record": 0, "keep": False, **given})


def tamper(world: World, statement: str) -> None:
    store = open_store(world.database)
    if rows(store, "SELECT count(*) FROM sqlite_master WHERE name = 'ledger_no_update'")[0][0]:
        open_gates(store)
    run(store, statement)
