"""Looking at all sources, each on its interval: a broken one never stops the others."""

from __future__ import annotations

import threading
import time
import traceback
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Protocol

from ..errors import Code, Failure, OpsroomError
from ..store import Store
from . import memory
from .pool import Pool
from .post import Post
from .schedule import Schedule
from .source import Noted, Source, Watched

# Seconds: after how long a look that has not ended counts as a miss (never before its interval is over), how often what
# others left is handed on, how long to wait after the store or StackStorm failed, how often old news are dropped, and
# how soon to ask again where somebody else was faster.
_HANGS = 60.0
_SWEEP = 10.0
_TROUBLE = 5.0
_TIDY = 3600.0
_AGAIN = 1.0
# How often what others saw is read: one who looks beside us may be gone before he tells that it changed back.
_REFRESH = 60.0


class Starts(Protocol):
    """What runs a job, now or soon: a Pool, or a test."""

    def start(self, job: Callable[[], None]) -> None: ...

    def stop(self) -> None: ...


class Watch:
    """`set` says what to watch, `step` starts what is due, `wait` waits for the next step.

    `say` gets sentences for the log; secrets are the caller's to mask. `clock` is in seconds and never goes back.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        post: Post,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        pool: Optional[Starts] = None,
    ) -> None:
        self._store, self._post, self._say, self._clock = store, post, say, clock
        self._pool: Starts = pool if pool is not None else Pool()
        self._schedule = Schedule(clock())
        self._sources: Dict[str, Source] = {}
        self._busy: Dict[str, float] = {}
        self._troubles: Dict[str, str] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._swept = float("-inf")
        self._tidied = self._recalled = clock()
        self._unknown: List[str] = []

    def set(self, wanted: List[Watched]) -> None:
        """Watch these from now on. One that is as it was goes on where it is."""
        with self._lock:
            sources = {}
            for one in wanted:
                there = self._sources.get(one.key)
                same = there is not None and there.watched.same_as(one)
                sources[one.key] = there if there is not None and same else Source(one, self._store)
                if not same:
                    self._unknown.append(one.key)
            self._sources = sources
            self._troubles = {key: told for key, told in self._troubles.items() if key in sources}
            self._schedule.set({key: one.interval for key, one in sources.items()}, self._clock())

    def step(self) -> float:
        """Start what is due, and hand on what is to be told. Returns after how many seconds to come again, at most.

        Raises nothing: what fails is told to the log, and tried again.
        """
        now = self._clock()
        try:
            self._recall(now)
        except Exception as error:
            self._trouble("", error)
            return _TROUBLE
        self._trouble("", None)
        with self._lock:
            due = self._schedule.due(now)
            ready = [self._sources[key] for key in due if key not in self._busy]
            late = [self._sources[key] for key in due if now - self._busy.get(key, now) >= self._limit(key)]
            self._busy.update({one.key: now for one in ready})
        for source in ready:
            self._pool.start(partial(self._look, source))
        for source in late:
            hangs = Failure(Code.TIMED_OUT, "it was asked, and neither answers nor fails.")
            self._pool.start(partial(self._note, source, source.known, hangs))
        # Without anything to watch there is no reason to open a database.
        if self._news.is_set() or (self._sources and now - self._swept >= _SWEEP):
            self._deliver(now)
        with self._lock:
            left = min(self._schedule.next() - self._clock(), 1.0)
        return max(left, 0.01)

    def wait(self, seconds: float) -> None:
        """Until it is time for the next step: so long, or until there is something to tell."""
        self._news.wait(seconds)
        # A breath, so that what is found at the same moment goes together.
        self._stopped.wait(0.01)

    def stop(self) -> None:
        """Start nothing more. What is being asked is left behind; nothing is lost by it."""
        self._stopped.set()
        self._news.set()
        self._pool.stop()

    def _limit(self, key: str) -> float:
        return max(_HANGS, self._sources[key].interval)

    def _recall(self, now: float) -> None:
        """What was seen before this process began, and what another one has seen meanwhile."""
        with self._lock:
            if now - self._recalled >= _REFRESH:
                self._unknown, self._recalled = list(self._sources), now
            keys, self._unknown = self._unknown, []
        if not keys:
            return
        try:
            store = self._store()
            with store.read() as connection:
                found = memory.recall(connection, keys)
        except BaseException:
            with self._lock:
                self._unknown += keys
            raise
        for key, known in found.items():
            source = self._sources.get(key)
            if source is not None:
                source.refresh(known)

    def _look(self, source: Source) -> None:
        try:
            known, answer = source.look()
        except Exception as error:  # a defect in one source, or in one answer of the world
            known, answer = source.known, _defect(error)
            self._say(f"{source.key}: {traceback.format_exc()}")
        self._note(source, known, answer)
        with self._lock:
            self._busy.pop(source.key, None)

    def _note(self, source: Source, known: memory.Memory, answer: Any) -> None:
        noted: Optional[Noted] = None
        try:
            noted = source.note(known, answer)
        except Exception as error:
            self._trouble(source.key, error)
        else:
            inner = getattr(answer, "answer", answer)
            self._trouble(source.key, inner if isinstance(inner, OpsroomError) else None)
        with self._lock:
            if noted is not None and noted.pause is not None:
                self._schedule.put_off(source.key, self._clock() + max(noted.pause, _AGAIN))
        if noted is not None and noted.news:
            self._news.set()

    def _deliver(self, now: float) -> None:
        self._news.clear()
        self._swept = now
        try:
            self._post.deliver()
            if now - self._tidied >= _TIDY:
                self._tidied = now
                self._post.tidy()
        except Exception as error:
            self._trouble("news", error)
        else:
            self._trouble("news", None)

    def _trouble(self, key: str, error: Optional[BaseException]) -> None:
        """Say what is wrong once, and once that it is over."""
        told = "" if error is None else error.message if isinstance(error, OpsroomError) else type(error).__name__
        code = "" if error is None else error.code.value if isinstance(error, OpsroomError) else told
        with self._lock:
            before = self._troubles.get(key, "")
            if code == before:
                return
            self._troubles[key] = code
        name = key or "the database"
        if error is None:
            self._say(f"{name}: works again.")
        elif isinstance(error, OpsroomError):
            self._say(f"{name}: {told}")
        else:
            self._say(f"{name}: {''.join(traceback.format_exception(type(error), error, error.__traceback__))}")


def _defect(error: Exception) -> Failure:
    return Failure(Code.CRASHED, f"looking at it failed ({type(error).__name__}).")
