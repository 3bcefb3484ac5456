"""Looking at all sources: each on its own interval, spread evenly over it, by a bounded number of
threads. A broken source never stops the others."""

from __future__ import annotations

import hashlib
import heapq
import threading
import time
import traceback
from collections import deque
from functools import partial
from typing import Any, Callable, Deque, Dict, List, Optional, Protocol, Tuple

from ..db.store import Store
from ..errors import Code, Failure, OpsroomError
from .outbox import Post
from .source import Memory, Noted, Source, Watched, recall


def phase(key: str) -> float:
    """Where in its interval a source is looked at: from 0 to below 1, always the same for the same
    name."""
    return (
        int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:6], "big") / 2**48
    )


class Schedule:
    """Times are seconds of a clock that never goes back. Not for two threads at once."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._due: Dict[str, float] = {}
        self._intervals: Dict[str, float] = {}
        self._heap: List[Tuple[float, str]] = []

    def set(self, intervals: Dict[str, float], now: float) -> None:
        """Watch these and no others. Those that were there already, with the same interval, keep
        their time."""
        for key, interval in intervals.items():
            if self._intervals.get(key) != interval:
                self._intervals[key] = interval
                self._push(key, self._next(key, now))
        for key in set(self._intervals) - set(intervals):
            del self._intervals[key], self._due[key]

    def due(self, now: float) -> List[str]:
        """The sources to look at, the one that waits longest first. Each is due again one interval
        later."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            if self._due.get(key) == at:
                found.append(key)
                self._push(key, self._next(key, now))
        return found

    def put_off(self, key: str, until: float) -> None:
        """Look at it at that time instead, sooner or later than its interval says."""
        if key in self._due:
            self._push(key, until)

    def next(self) -> float:
        """When something is due; infinity when nothing is."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")

    def _push(self, key: str, at: float) -> None:
        self._due[key] = at
        heapq.heappush(self._heap, (at, key))

    def _next(self, key: str, now: float) -> float:
        """The first of its times after now. A machine that slept does not make up for what it
        missed."""
        interval = self._intervals[key]
        first = self._start + phase(key) * interval
        return first if first > now else first + ((now - first) // interval + 1) * interval


Job = Callable[[], None]

# Waiting for answers costs no processor time; a thread has about 0.1 MB. Enough for 600 sources
# that all run into a time limit of 5 s within a minute.
MAX_THREADS = 50


class Pool:
    """Runs jobs, in the order in which they came. The threads are daemons: one that hangs holds
    nothing up."""

    def __init__(self, limit: int = MAX_THREADS) -> None:
        self._limit = limit
        self._jobs: Deque[Job] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._stopped = False

    def start(self, job: Job) -> None:
        """Run it as soon as a thread is free."""
        with self._changed:
            self._jobs.append(job)
            if self._idle < len(self._jobs) and self._threads < self._limit:
                self._threads += 1
                threading.Thread(
                    target=self._work, name=f"opsroom-watch-{self._threads}", daemon=True
                ).start()
            self._changed.notify()

    def stop(self) -> None:
        """Start nothing more, and let the threads end."""
        with self._changed:
            self._stopped = True
            self._jobs.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._jobs and not self._stopped:
                    self._changed.wait()
                self._idle -= 1
                if self._stopped:
                    return
                job = self._jobs.popleft()
            job()


# Seconds: after how long a look that has not ended counts as a miss (never before its interval is
# over), how often what others left is dispatched, how long to wait after the store or StackStorm
# failed, how often old news are dropped, and how soon to ask again where someone else was faster.
_HANGS = 60.0
_SWEEP = 10.0
_RETRY = 5.0
_TIDY = 3600.0
_AGAIN = 1.0
# How often what others saw is read: another runner may be gone before it reports that it
# changed back.
_REFRESH = 60.0


class Starts(Protocol):
    """What runs a job, now or soon: a Pool, or a test."""

    def start(self, job: Callable[[], None]) -> None:
        """Run a job once."""

    def stop(self) -> None:
        """Start no further job."""


class Watch:
    """`set` says what to watch, `step` starts what is due, `wait` waits for the next step.

    `say` gets sentences for the log; secrets are the caller's to mask. `clock` is in seconds and
    never goes back.
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
        self._errors: Dict[str, str] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._swept = float("-inf")
        self._tidied = self._recalled = clock()
        self._unknown: List[str] = []

    def set(self, wanted: List[Watched]) -> None:
        """Watch these from now on. One that has not changed keeps its state."""
        with self._lock:
            sources = {}
            for one in wanted:
                existing = self._sources.get(one.key)
                same = existing is not None and existing.watched.same_as(one)
                sources[one.key] = (
                    existing if existing is not None and same else Source(one, self._store)
                )
                if not same:
                    self._unknown.append(one.key)
            self._sources = sources
            self._errors = {key: text for key, text in self._errors.items() if key in sources}
            self._schedule.set({key: one.interval for key, one in sources.items()}, self._clock())

    def step(self) -> float:
        """Start what is due, and dispatch the news that wait. Returns after how many seconds to
        come again, at most.

        Raises nothing: what fails is logged, and tried again.
        """
        now = self._clock()
        try:
            self._recall(now)
        except Exception as error:
            self._report("", error)
            return _RETRY
        self._report("", None)
        with self._lock:
            due = self._schedule.due(now)
            ready = [self._sources[key] for key in due if key not in self._busy]
            late = [
                self._sources[key]
                for key in due
                if now - self._busy.get(key, now) >= self._limit(key)
            ]
            self._busy.update({one.key: now for one in ready})
        for source in ready:
            self._pool.start(partial(self._look, source))
        for source in late:
            hangs = Failure(Code.TIMED_OUT, "it was asked, but neither answers nor fails.")
            self._pool.start(partial(self._note, source, source.known, hangs))
        # Without anything to watch there is no reason to open a database.
        if self._news.is_set() or (self._sources and now - self._swept >= _SWEEP):
            self._deliver(now)
        with self._lock:
            left = min(self._schedule.next() - self._clock(), 1.0)
        return max(left, 0.01)

    def wait(self, seconds: float) -> None:
        """Until it is time for the next step: so long, or until there is news."""
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
                found = recall(connection, keys)
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

    def _note(self, source: Source, known: Memory, answer: Any) -> None:
        noted: Optional[Noted] = None
        try:
            noted = source.note(known, answer)
        except Exception as error:
            self._report(source.key, error)
        else:
            inner = getattr(answer, "answer", answer)
            self._report(source.key, inner if isinstance(inner, OpsroomError) else None)
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
            self._report("news", error)
        else:
            self._report("news", None)

    def _report(self, key: str, error: Optional[BaseException]) -> None:
        """Say what is wrong once, and once that it is over."""
        text = (
            ""
            if error is None
            else error.message
            if isinstance(error, OpsroomError)
            else type(error).__name__
        )
        code = (
            "" if error is None else error.code.value if isinstance(error, OpsroomError) else text
        )
        with self._lock:
            before = self._errors.get(key, "")
            if code == before:
                return
            self._errors[key] = code
        name = key or "the database"
        if error is None:
            self._say(f"{name}: works again.")
        elif isinstance(error, OpsroomError):
            self._say(f"{name}: {text}")
        else:
            self._say(
                f"{name}: {''.join(traceback.format_exception(type(error), error, error.__traceback__))}"  # noqa: E501
            )


def _defect(error: Exception) -> Failure:
    return Failure(Code.CRASHED, f"looking at it failed ({type(error).__name__}).")
