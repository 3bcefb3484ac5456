"""Writing down what becomes of one request: asked, then refused, started, succeeded, failed or interrupted."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping

from ..errors import Code, Failure, Refusal
from ..text import one_line
from . import Desk

if TYPE_CHECKING:
    from ..ledger import Entry, Event

# How long the end of a deployment tries to reach a database that went away in the middle of it, in seconds.
_PATIENCE = 15.0


@dataclass
class Request:
    """One request to change something, from the moment it was asked."""

    desk: Desk
    command: str
    app: str
    environment: str
    version: str
    version_before: str = ""
    deployment: str = field(default_factory=lambda: secrets.token_hex(8))
    began: float = field(default_factory=time.monotonic)
    started: bool = False
    ended: bool = False

    def seconds(self) -> float:
        """How long ago it was asked."""
        return round(time.monotonic() - self.began, 3)

    def entry(self, event: Event, code: str = "", message: str = "", **facts: Any) -> Entry:
        """A line for the ledger about this request. `facts` that are None are left out."""
        from ..ledger import Entry

        speaker, mask = self.desk.speaker, self.desk.mask
        return Entry(
            event=event,
            deployment=self.deployment,
            command=self.command,
            requester=one_line(speaker.shown),
            person=speaker.person_name,
            chat_name=one_line(speaker.chat_name, 200),
            room=one_line(speaker.room, 200),
            st2_user=speaker.st2_user,
            execution_id=self.desk.execution_id,
            app=one_line(self.app),
            environment=one_line(self.environment),
            version_before=self.version_before,
            version=one_line(self.version, 200),
            code=code,
            message=one_line(mask(message), 500),
            seconds=self.seconds(),
            facts=mask({key: value for key, value in facts.items() if value is not None}),
        )

    def write(self, event: Event, code: str = "", message: str = "", **facts: Any) -> None:
        """Commit one record."""
        from ..ledger import append

        store = self.desk.store
        with store.write() as connection:
            append(store, connection, self.entry(event, code, message, **facts))

    def end(self, event: Event, code: str = "", message: str = "", **facts: Any) -> None:
        """Commit the last record and give the claim back, in one transaction; patient with a database that is away.

        Raises Failure(store_...) when it could not be written; the claim then runs out, and the next command records
        the deployment as interrupted, with what is really running.
        """
        from ..claims import release
        from ..ledger import append

        entry = self.entry(event, code, message, **facts)
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                store = self.desk.store
                with store.write() as connection:
                    append(store, connection, entry)
                    release(connection, self.deployment)
                self.ended = True
                return
            except Failure:
                if time.monotonic() >= until:
                    raise
                self.desk.close()
                time.sleep(0.5)


@contextmanager
def asked(desk: Desk, command: str, app: str, environment: str, version: str = "") -> Iterator[Request]:
    """Record that something was asked; then, when the block ends early, that it was refused or failed, and why.

    Nothing is done for somebody who cannot be recorded: when the database cannot be used, this raises first.
    """
    from ..ledger import Event

    request = Request(desk, command, app, environment, version)
    request.write(Event.ASKED)
    try:
        yield request
    except Refusal as refusal:
        if not request.ended:
            request.end(Event.REFUSED, refusal.code.value, refusal.sentence(), **_plain(refusal.facts))
        raise
    except Failure as failure:
        if not request.ended:
            event = Event.INTERRUPTED if failure.code is Code.INTERRUPTED else Event.FAILED
            request.end(event, failure.code.value, failure.sentence(), **_plain(failure.facts))
        raise
    except Exception as error:
        if not request.ended:
            request.end(Event.FAILED, Code.CRASHED.value, f"a defect in opsroom: {type(error).__name__}")
        raise


def _plain(facts: Mapping[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in facts.items() if isinstance(value, (str, int, float, bool))}
