"""One thing that is watched, and what is known of it: it is asked outside of any transaction, then
the result is stored together with the news to post."""

from __future__ import annotations

import json
import threading
from dataclasses import field
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Protocol, Tuple, Union

from ..db.sql import Transaction, clean, insert_new, moment, one_of, rows, update
from ..db.store import Store
from ..errors import Code, OpsroomError
from ..structs import dataclass
from . import outbox as news

# So many names at once: SQLite takes 999 parameters in a statement.
_MAX_NAMES = 500


@dataclass(frozen=True)
class Memory:
    """What was seen last: `state` as JSON holds it, and the number of the change that it is from
    (0: never seen)."""

    revision: int = 0
    state: Optional[Mapping[str, Any]] = None


NOTHING = Memory()


def recall(connection: Transaction, sources: Iterable[str]) -> Dict[str, Memory]:
    """What is known of the sources; those never seen are left out."""
    wanted, found = list(sources), {}
    for start in range(0, len(wanted), _MAX_NAMES):
        where, bound = one_of("source", wanted[start : start + _MAX_NAMES])
        query = f"SELECT source, revision, state FROM watched WHERE {where}"  # noqa: S608
        for row in rows(connection, query, **bound):
            found[row["source"]] = Memory(row["revision"], json.loads(row["state"]))
    return found


def remember(
    store: Store, connection: Transaction, source: str, before: Memory, state: Mapping[str, Any]
) -> Optional[Memory]:
    """Write down what was seen, within the caller's `store.write()`, in place of what was known
    before.

    None when someone else has written meanwhile: what was seen may be older than what they saw,
    and nothing of it is reported.
    """
    text = clean(json.dumps(state, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    values: Dict[str, Any] = {"state": text, "changed_at": moment(store.now(connection))}
    values["revision"] = before.revision + 1
    if before.revision:
        mine = {"source": source, "revision": before.revision}
        written = update(connection, "watched", values, mine) == 1
    else:
        written = insert_new(connection, "watched", {**values, "source": source})
    if not written:
        return None
    return Memory(before.revision + 1, json.loads(text))


@dataclass(frozen=True)
class Verdict:
    """What follows from a look: the new state (None: it is as it was), and what there is to
    tell."""

    state: Optional[Mapping[str, Any]] = None
    found: Tuple[news.News, ...] = ()


@dataclass(frozen=True)
class Noted:
    """The result of a look. `pause` is after how many seconds to look again, None for the source's
    interval."""

    news: int = 0
    pause: Optional[float] = None


class Watched(Protocol):
    """What a sort of sources brings: how to ask, and what to make of the answer."""

    # Names the source for good: state is kept under it.
    key: str
    interval: float

    def same_as(self, other: Any) -> bool:
        """Whether the other is the same as configured, so that this one's state may be used for it
        one."""

    def ask(self, known: Memory) -> Any:
        """Look. Raises OpsroomError; anything else is a defect, and counts as a miss too."""

    def judge(self, store: Store, connection: Any, known: Memory, answer: Any) -> Verdict:
        """What follows, in the transaction that will hold it. Changes nothing."""

    def is_news(self, known: Memory, answer: Any) -> bool:
        """Whether an answer can change anything. Asked first, since opening a transaction for
        nothing is dear."""

    def pause(self, answer: Any) -> Optional[float]:
        """Seconds until the next look, None for the interval."""


@dataclass
class Source:
    """A watched thing with what is known of it. Not asked by two threads at once; `note` may be
    called by any."""

    watched: Watched
    store: Callable[[], Store]
    known: Memory = NOTHING
    _lock: Any = field(default_factory=threading.Lock)

    @property
    def key(self) -> str:
        return self.watched.key

    @property
    def interval(self) -> float:
        return self.watched.interval

    def look(self) -> Tuple[Memory, Union[Any, OpsroomError]]:
        """What was known before asking, and the answer. Raises what is a defect."""
        known = self.known
        try:
            return known, self.watched.ask(known)
        except OpsroomError as error:
            return known, error

    def refresh(self, known: Memory) -> None:
        """What is in the database, unless this is newer."""
        with self._lock:
            if known.revision > self.known.revision:
                self.known = known

    def note(self, known: Memory, answer: Any) -> Noted:
        """Store what was seen, and the news that follow from it, in one transaction.

        What was asked before someone else saw a change says nothing about it: then it is asked
        again soon. Raises Failure(store_...); nothing is lost then, the next look sees the same
        change.
        """
        with self._lock:
            # pylint: disable-next=assignment-from-no-return
            pause = self.watched.pause(answer)
            if self.known.revision != known.revision:
                return Noted(pause=0.0)
            if not self.watched.is_news(known, answer):
                return Noted(pause=pause)
            store = self.store()
            with store.write() as connection:
                # pylint: disable-next=assignment-from-no-return
                verdict = self.watched.judge(store, connection, known, answer)
                if verdict.state is None:
                    return Noted(pause=pause)
                after = remember(store, connection, self.key, known, verdict.state)
                fresh: List[news.News] = []
                if after is None:
                    after = recall(connection, [self.key]).get(self.key, NOTHING)
                    pause = 0.0
                else:
                    fresh = news.add(store, connection, self.key, verdict.found)
            self.known = after
            return Noted(len(fresh), pause)


def retry_after(error: OpsroomError) -> Optional[float]:
    """How long a service asked to be left alone, in seconds, as far as it said."""
    seconds = error.facts.get("retry_after") if error.code is Code.RATE_LIMITED else None
    return (
        float(seconds)
        if isinstance(seconds, (int, float))
        and not isinstance(seconds, bool)
        and 0 <= seconds < 1e6
        else None
    )
