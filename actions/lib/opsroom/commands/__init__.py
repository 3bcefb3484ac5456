"""The use cases, one a file. Each reads like the story: who asks, may they, claim, do, verify,
record, answer.

A use case returns an `Outcome`: whether it worked, a code, the message for the room, and the facts
as data.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, TypeVar

from ..config import Kinds
from ..config.model import Settings
from ..db.url import read_address
from ..deadline import in_time
from ..errors import Code, Failure
from ..people import Speaker
from ..registry import LazyRegistry
from ..stackstorm.chat import NoRoom, Room
from ..structs import dataclass

if TYPE_CHECKING:
    from ..db.store import Store
    from ..records.outbox import Letter

Written = TypeVar("Written")

KINDS = Kinds(
    deploys=LazyRegistry("opsroom.deploys"),
    versions=LazyRegistry("opsroom.versions"),
    trackers=LazyRegistry("opsroom.trackers"),
    pagers=LazyRegistry("opsroom.pagers"),
)

# How long what an event starts waits for a database that is away, in seconds: the event comes once,
# StackStorm does not repeat what its rule ran, and no person waits. Within the time limit of these
# actions, the shortest of which is 60 s.
EVENT_TIMEOUT = 30.0
# Between two attempts to reach it, in seconds.
_PAUSE = 0.5


class Effect(str, Enum):
    """What an action does: it looks things up, it changes something, or it alerts people, also when
    the database is away."""

    READS = "reads"
    CHANGES = "changes"
    ALERTS = "alerts"


@dataclass
class Context:
    """What a use case works with: the settings, who asks, the room to read along in, and the
    record.

    The store is opened when it is first needed: looking up a version needs none.
    """

    settings: Settings
    speaker: Speaker
    database: str
    execution_id: str = ""
    # The execution that someone started: this one, or the workflow's in which it runs.
    root: str = ""
    # A private folder for what a tracker or a pager must remember; not made before something is
    # kept there.
    keep: Path = Path("kept")
    room: Room = field(default_factory=NoRoom)
    # Another room by its name, to notify people about what is theirs.
    rooms: Callable[[str], Room] = lambda name: NoRoom()
    # Takes the secrets of the config out of a text or data, before it is written where it stays for
    # good.
    mask: Callable[[Any], Any] = lambda value: value
    # Seconds that looking up names has taken so far in this command, by pager.
    looked_up: Dict[str, float] = field(default_factory=dict)
    # Whether StackStorm stopped this execution; for threads, which no signal reaches.
    stopped: Callable[[], bool] = lambda: False
    _store: Optional[Store] = None
    # Something was put into the outbox by this very command: it has waited for the database long
    # enough.
    _put: bool = False

    @property
    def store(self) -> Store:
        """The database. Raises Failure(store_...) when it cannot be used."""
        if self._store is None:
            from ..db.store import open_store  # loads the driver

            self._store = open_store(self.database)
        return self._store

    def patiently(self, write: Callable[[], Written], seconds: Optional[float] = None) -> Written:
        """What `write` returns. Where the database is away it is called again, on new connections,
        for so many seconds, EVENT_TIMEOUT without any; it has to find out whether it was committed
        before.

        Raises Failure(store_...) when the time is up, and at once what else `write` raises.
        """
        until = time.monotonic() + (EVENT_TIMEOUT if seconds is None else seconds)
        while True:
            try:
                return write()
            except Failure as failure:
                if not failure.code.is_of_database or time.monotonic() >= until:
                    raise
                self.close()
                time.sleep(_PAUSE)

    def later(self, letter: Letter) -> bool:
        """Keep what cannot be recorded now for the next command; whether that worked."""
        from ..records.outbox import folder_of, put  # loads the driver

        self._put = True
        return put(folder_of(self.keep, read_address(self.database)), letter)

    def take_over(self) -> None:
        """Record what earlier commands could not. What cannot be recorded even now waits on."""
        from ..records.outbox import drain, folder_of, waiting  # loads the driver

        folder = folder_of(self.keep, read_address(self.database))
        if waiting(folder) and not self._put:
            with suppress(Failure):
                drain(self.store, folder)

    def finish(self) -> None:
        """At the end of a command: record what earlier ones could not, if this one used the
        database, and let go."""
        if self._store is not None:
            with suppress(Failure):
                in_time(lambda given_up: self.take_over())
        self.close()

    def link(self, execution_id: Optional[str] = None) -> str:
        """Where an execution can be seen, without an id this one: an address where the config has
        one, else its id; empty without any."""
        id = self.execution_id if execution_id is None else execution_id
        if not id:
            return ""
        return self.settings.execution_link(id) or f"execution {id}"

    def close(self) -> None:
        """Let go of the database."""
        if self._store is not None:
            self._store.close()
            self._store = None


@dataclass(frozen=True)
class Outcome:
    """The answer to one message. `facts` may hold anything that JSON can; it is neutralised on the
    way out."""

    ok: bool
    code: Code
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
