"""What runs somewhere, as well as it can be known: the place itself is asked, and the record adds what it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from ..errors import Failure
from ..settings.model import App, Environment
from ..versions import Running, same_version
from . import Desk
from .asking import ask

if TYPE_CHECKING:
    from ..ledger import Record


def look(desk: Desk, app: App, environment: Environment) -> Running:
    """What runs there now. Raises Failure when the place does not answer.

    A source that tells only a name (`http`, `command`) gets the commit from the record of the last deployment, where
    that was of the same name: a tag may have been moved since. Without any source, the record is all there is.
    """
    if app.version is None:
        return by_record(desk, app, environment) or Running("")
    running = ask(app, environment)
    if running.commit or not running.version:
        return running
    recorded = by_record(desk, app, environment)
    if recorded is None or not same_version(recorded.version, running.version):
        return running
    return replace(running, commit=recorded.commit)


def look_or_recall(desk: Desk, app: App, environment: Environment) -> Optional[Running]:
    """The same, but by the record alone where the place does not answer; None where that does not know either.

    For emergencies and rollbacks: an application that is down is why they are asked for.
    """
    try:
        return look(desk, app, environment)
    except Failure:
        return by_record(desk, app, environment)


def by_record(desk: Desk, app: App, environment: Environment) -> Optional[Running]:
    """What the last successful deployment put there."""
    record = last_of(desk, app, environment)
    return _running(record) if record else None


def last_of(desk: Desk, app: App, environment: Environment) -> Optional[Record]:
    """The record of the last successful deployment there."""
    from ..ledger_lookup import last_succeeded

    with desk.store.read_plain() as connection:
        return last_succeeded(connection, app.name, environment.name)


def _running(record: Record) -> Running:
    return Running(record.version, str(record.facts.get("commit") or ""))
