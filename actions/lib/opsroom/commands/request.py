"""The records of one request: asked, then refused, started, succeeded, failed or interrupted."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Callable, Dict, Iterator, Mapping, Optional

from ..db.sql import Transaction
from ..db.store import Store
from ..errors import Code, Failure, Refusal
from ..people import Speaker
from ..people.seals import vouched_by
from ..records.claims import release
from ..records.ledger import append, of_deployment
from ..records.model import Entry, Event
from ..records.outbox import Letter
from ..structs import dataclass
from ..text import one_line
from . import Context

Also = Callable[[Store, Transaction], None]

# How long the end of a deployment tries to reach a database that went away in the middle of it, in
# seconds.
_TIMEOUT = 15.0
_ENDS = {Code.INTERRUPTED: Event.INTERRUPTED, Code.CANCELLED: Event.CANCELLED}


@dataclass
class Request:
    """One request to change something, from the moment it was asked."""

    context: Context
    command: str
    app: str
    environment: str
    version: str
    version_before: str = ""
    commit: str = ""
    commit_before: str = ""
    # Who asked, when that is someone else than who speaks now: an approver of a change speaks for
    # its requester.
    speaker: Optional[Speaker] = None
    # What all further records of this request say: the change, who approved it, what an emergency
    # passed.
    noted: Dict[str, Any] = field(default_factory=dict)
    deployment: str = field(default_factory=lambda: secrets.token_hex(8))
    began: float = field(default_factory=time.monotonic)
    started: bool = False
    ended: bool = False
    # It was carried out, and that could not be recorded.
    unrecorded: bool = False

    @property
    def by(self) -> Speaker:
        """Who asked."""
        return self.speaker or self.context.speaker

    def seconds(self) -> float:
        """How long ago it was asked."""
        return round(time.monotonic() - self.began, 3)

    def entry(self, event: Event, code: str = "", message: str = "", **facts: Any) -> Entry:
        """A line for the ledger about this request. `facts` that are None are left out."""
        speaker, mask = self.by, self.context.mask
        vouched = vouched_by(speaker.voucher)
        return Entry(
            event=event,
            deployment=self.deployment,
            command=self.command,
            requester=one_line(speaker.shown),
            person=speaker.person_name,
            chat_name=speaker.written_name,
            room=one_line(speaker.room, 200),
            st2_user=speaker.st2_user,
            execution_id=self.context.execution_id,
            app=one_line(self.app),
            environment=one_line(self.environment),
            version_before=self.version_before,
            version=one_line(self.version, 200),
            code=code,
            message=one_line(mask(message), 500),
            seconds=self.seconds(),
            facts=mask(
                {
                    key: value
                    for key, value in {**vouched, **self._commits(), **self.noted, **facts}.items()
                    if value is not None
                }
            ),
        )

    def _commits(self) -> Dict[str, Optional[str]]:
        """What a tag stood for cannot be found out later: it may be moved."""
        return {"commit": self.commit or None, "commit_before": self.commit_before or None}

    def write(self, event: Event, code: str = "", message: str = "", **facts: Any) -> None:
        """Commit one record."""
        store = self.context.store
        with store.write() as connection:
            append(store, connection, self.entry(event, code, message, **facts))

    def end(
        self,
        event: Event,
        code: str = "",
        message: str = "",
        also: Optional[Also] = None,
        **facts: Any,
    ) -> bool:
        """Commit the last record and give the claim back, in one transaction; patient with a
        database that is away.

        `also` is done in that transaction. A deployment whose claim was settled by someone else
        has its end on the record already: then a success is not written after it, nor `also` done,
        and the answer is False. Raises Failure(store_...) when it could not be written; the claim
        then runs out, and the next command records the deployment as interrupted, with what is
        really running.
        """
        entry = self.entry(event, code, message, **facts)
        try:
            held = self.context.patiently(lambda: self._write_end(entry, also), _TIMEOUT)
        except Failure as failure:
            if not self.started and also is None:
                failure.facts["recorded_late"] = self.later(entry)
            raise
        self.ended = True
        return held

    def later(self, *entries: Entry) -> bool:
        """Keep these lines for the next command to record; whether that worked."""
        return self.context.later(Letter(entries))

    def _write_end(self, entry: Entry, also: Optional[Also]) -> bool:
        store = self.context.store
        with store.write() as connection:
            held = release(connection, self.deployment)
            if self.started and not held:
                # Settled by another; or our own commit went through and only its answer was lost.
                last = of_deployment(connection, self.deployment)[-1]
                if last.event is entry.event:
                    return True
                if entry.event is Event.SUCCEEDED:
                    return False
            append(store, connection, entry)
            if also is not None:
                also(store, connection)
            return True


@contextmanager
def asked(
    context: Context, command: str, app: str, environment: str, version: str = ""
) -> Iterator[Request]:
    """Record that something was asked; then, when the block ends early, that it was refused or
    failed, and why.

    Nothing is done for someone who cannot be recorded: when the database cannot be used, this
    raises first.
    """
    request = Request(context, command, app, environment, version)
    request.write(Event.ASKED)
    with resumed(request):
        yield request


@contextmanager
def resumed(request: Request) -> Iterator[Request]:
    """The same for a request that was recorded before: when the block ends early, record why."""
    try:
        yield request
    except Refusal as refusal:
        if not request.ended:
            request.end(
                Event.REFUSED, refusal.code.value, refusal.sentence(), **recordable(refusal.facts)
            )
        raise
    except Failure as failure:
        if not request.ended:
            event = _ENDS.get(failure.code, Event.FAILED)
            try:
                request.end(
                    event, failure.code.value, failure.sentence(), **recordable(failure.facts)
                )
            except Failure as unwritten:
                if not request.started:
                    # Nothing was touched: that the record is away is all there is to say.
                    raise
                request.ended = request.unrecorded = True
                raise _not_recorded(failure, unwritten) from failure
        raise
    except Exception as error:
        if not request.ended:
            request.end(
                Event.FAILED,
                Code.CRASHED.value,
                f"internal error in opsroom: {type(error).__name__}",
            )
        raise


def _not_recorded(failure: Failure, unwritten: Failure) -> Failure:
    """The outcome of a deployment that had begun, where the record is away: it counts more than
    that."""
    return Failure(
        failure.code,
        f"{failure.message} That could not be recorded: {unwritten.message}",
        "The next command there records it, with what runs then.",
        {**failure.facts, "recorded": False},
    )


def why(failure: Optional[Failure]) -> str:
    """Why something is not recorded, as the end of a sentence."""
    busy = failure is not None and failure.code is Code.STORE_BUSY
    return "the database is busy" if busy else "the database cannot be used"


def recordable(facts: Mapping[str, Any]) -> Dict[str, Any]:
    """Of an error's facts those that a record can hold by themselves."""
    taken = ("event", "code", "message", "also")
    return {
        key: value
        for key, value in facts.items()
        if key not in taken and isinstance(value, (str, int, float))
    }
