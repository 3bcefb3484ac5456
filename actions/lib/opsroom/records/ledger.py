"""The ledger: who asked for what, and the outcome. It only grows, and every record confirms the one
before."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..db.sql import Transaction, clean, from_moment, insert, moment, queue_up, rows
from ..db.store import Store
from ..structs import dataclass
from .chain import GENESIS, HASHED, record_hash
from .model import Entry, Event

_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Record(Entry):
    """An entry as it is in the ledger: its number (from 1, without gaps), its time (UTC), and
    its hashes."""

    seq: int = 0
    at: datetime = _NEVER
    previous_hash: str = ""
    hash: str = ""

    @property
    def clock(self) -> datetime:
        """What the clock said when it was written: later than that it is dated where an earlier
        record is."""
        try:
            noted = from_moment(self.facts["clock"])
        except (KeyError, TypeError, ValueError):
            return self.at
        return min(noted, self.at) if noted.tzinfo else self.at


# All columns of a record.
COLUMNS = (*HASHED, "hash")
_TEXTS = tuple(f.name for f in fields(Entry) if f.name not in ("event", "seconds", "facts"))


def append(store: Store, on: Transaction, entry: Entry) -> Record:
    """Add a record, within the caller's `store.write()`, so that it is committed together with what
    it tells of.

    The database lets one transaction at a time do this. Texts lose NUL characters and halves of
    surrogate pairs; facts that JSON cannot hold are kept as their text: a record is never lost
    because of what is in it.

    `at` never goes back: when the clock was set back, the record gets the time of the one before
    it, and `facts.clock` has what the clock said.
    """
    queue_up(on)
    newest, newest_at, newest_hash = _head(on)
    now = at = moment(store.now(on))
    facts = {clean(str(key)): _plain(value) for key, value in entry.facts.items()}
    if newest_at > now:
        at = newest_at
        facts["clock"] = now
    values: Dict[str, Any] = {name: clean(getattr(entry, name)) for name in _TEXTS}
    values.update(
        seq=newest + 1,
        at=at,
        event=entry.event.value,
        milliseconds=_milliseconds(entry.seconds),
        facts=json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        previous_hash=newest_hash or GENESIS,
    )
    values["hash"] = record_hash(values)
    insert(on, "ledger", values)
    if on.head is not None:
        on.head = (values["seq"], at, values["hash"])
    return from_columns(values)


def _head(on: Transaction) -> Tuple[int, str, str]:
    """Number, time and hash of the newest record; 0 and empty when there is none."""
    if on.head is not None:
        return on.head
    found = rows(on, "SELECT seq, at, hash FROM ledger ORDER BY seq DESC LIMIT 1")
    return (found[0]["seq"], found[0]["at"], found[0]["hash"]) if found else (0, "", "")


def of_deployment(on: Transaction, deployment: str) -> List[Record]:
    """All records of one deployment, oldest first."""
    found = rows(
        on,
        "SELECT * FROM ledger WHERE deployment = :deployment ORDER BY seq",
        deployment=deployment,
    )
    return [from_columns(one) for one in found]


def record_of(values: Mapping[str, Any]) -> Record:
    """The record in a row, by column. Raises ValueError or TypeError for what opsroom did not
    write."""
    strange = [name for name in (*_TEXTS, "at", "hash") if not isinstance(values[name], str)]
    record = from_columns(values)
    if (
        strange
        or not isinstance(record.seq, int)
        or not isinstance(record.facts, dict)
        or record.at.tzinfo is None
    ):
        raise ValueError(", ".join(strange) or "seq, at or facts")
    return record


def from_columns(values: Mapping[str, Any]) -> Record:
    """The record in a row that opsroom wrote, by column."""
    milliseconds = values["milliseconds"]
    return Record(
        event=Event(values["event"]),
        **{name: values[name] for name in _TEXTS},
        seconds=None if milliseconds is None else milliseconds / 1000,
        facts=json.loads(values["facts"]),
        seq=values["seq"],
        at=from_moment(values["at"]),
        previous_hash=values["previous_hash"],
        hash=values["hash"],
    )


def _milliseconds(seconds: Optional[float]) -> Optional[int]:
    return None if seconds is None or not math.isfinite(seconds) else round(seconds * 1000)


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(inner) for inner in value]
    return clean(str(value))
