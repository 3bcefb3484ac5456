"""Runs a watch with the current config, which is read again regularly."""

from __future__ import annotations

import threading
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ..commands import KINDS
from ..config import load
from ..config.model import Settings
from ..db.store import Store, open_store
from ..errors import Code, OpsroomError
from ..secrets import Redactor, redactor_for
from .outbox import Arrived, Dispatch, Post
from .poller import Starts, Watch
from .sources import Sources

# How often the config is read, in seconds. StackStorm does not notify a sensor of a new one.
REREAD = 30.0


class Runner:
    """Watches one sort of sources until it is stopped.

    `read` is the pack's config as it is now, with its secrets. `places(settings)` is the URL of the
    database and the private folder beside it. `say` writes to the log; no secret of the config ever
    reaches it. Nothing that fails ends it: StackStorm gives up a sensor whose process ended a few
    times.
    """

    def __init__(
        self,
        sort: str,
        sources: Sources,
        read: Callable[[], Mapping[str, Any]],
        places: Callable[[Settings], Tuple[str, Path]],
        dispatch: Dispatch,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        pool: Callable[[], Optional[Starts]] = lambda: None,
        arrived: Optional[Arrived] = None,
    ) -> None:
        self._sort, self._sources, self._read, self._places = sort, sources, read, places
        self._dispatch, self._arrived, self._write, self._clock, self._pool = (
            dispatch,
            arrived,
            say,
            clock,
            pool,
        )
        self._redactor = Redactor(())
        self._raw: Optional[Mapping[str, Any]] = None
        self._last_text = ""
        self._read_at = float("-inf")
        self._opened: Dict[str, Store] = {}
        self._database = ""
        self._watch: Optional[Watch] = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Watch until `stop`."""
        while not self._stopped.is_set():
            wait = self.step()
            watch = self._watch
            if watch is None:
                self._stopped.wait(wait)
            else:
                watch.wait(wait)

    def step(self) -> float:
        """Read the config when it is time, and start what is due. Seconds until the next step, at
        most."""
        now = self._clock()
        if now - self._read_at >= REREAD:
            self._read_at = now
            self._opened.clear()
            self._reread()
        return self._watch.step() if self._watch is not None else 1.0

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()
        if self._watch is not None:
            self._watch.stop()

    def _reread(self) -> None:
        try:
            raw = self._read()
            if self._raw is not None and raw == self._raw:
                return
            self._redactor = redactor_for(raw)
            self._take(load(dict(raw), KINDS))
            self._raw = raw
            self._say_once("")
        except OpsroomError as error:
            unset = error.code is Code.NOT_CONFIGURED
            self._say_once(
                error.message
                if unset
                else f"The new config is not used; the previous one is still used. {error.message}"
            )
        except Exception as error:
            # The error itself may hold what was read.
            where = "".join(traceback.format_tb(error.__traceback__))
            self._say_once(f"The config could not be read ({type(error).__name__}).\n{where}")

    def _take(self, settings: Settings) -> None:
        database, keep = self._places(settings)
        if self._watch is None or database != self._database:
            if self._watch is not None:
                self._watch.stop()
            self._database = database
            post = Post(lambda: self._store(database), self._sort, self._dispatch, self._arrived)
            self._watch = Watch(
                lambda: self._store(database), post, self._say, self._clock, self._pool()
            )
        watched = self._sources(settings, lambda: self._store(database), keep)
        self._watch.set(watched)
        self._say(f"{len(watched)} sources are watched.")

    def _store(self, database: str) -> Store:
        """Opened when it is first needed, again later where that failed, and each time that the
        config is read: a database that was moved is closed, and takes no more news."""
        store = self._opened.get(database)
        if store is None:
            store = self._opened[database] = open_store(database)
        return store

    def _say(self, text: str) -> None:
        self._write(self._redactor.text(text))

    def _say_once(self, text: str) -> None:
        if text and text != self._last_text:
            self._say(text)
        self._last_text = text
