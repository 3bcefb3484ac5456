"""What was archived of the ledger: its first records, which are in files instead, but for those
that commands still need.

Each archive has a row of the table `archives`, and a record of its own in the chain (event
ARCHIVED). The chain begins after the newest archive only where that record says so.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional

from ...db.sql import Transaction, rows, scalar
from ...structs import dataclass
from ..model import Event


@dataclass(frozen=True)
class Archive:
    """Records `first` to `last`, written between `since` and `until` (as they are stored), in
    `file`, which has the digest `sha256`.

    `previous_hash` is that of the record before the first (64 zeros for record 1), `head_hash` that
    of the last, `chain` that of record 1: it is the same in all archives of a record. `record` is
    the number of the record that says that they were archived, at `made_at` by `made_by`.
    """

    first: int
    last: int
    previous_hash: str
    head_hash: str
    chain: str
    since: str
    until: str
    file: str
    sha256: str
    made_at: str
    made_by: str
    record: int

    @property
    def text(self) -> str:
        """How far the record is archived, without a full stop."""
        where = "in" if self.first == 1 else ", last in"
        what = f"The record up to number {self.last:,} ({self.until[:10]}) is archived"
        return f"{what} {where} {self.file}".replace(" ,", ",")

    def facts(self) -> Dict[str, Any]:
        """What the record of it has to say."""
        return {name: getattr(self, name) for name in VOUCHED}


# What the chain says of an archive: what a row alone says is believed by nobody.
VOUCHED = (
    "first",
    "last",
    "previous_hash",
    "head_hash",
    "chain",
    "since",
    "until",
    "file",
    "sha256",
)
_COLUMNS = {"first": "first_seq", "last": "last_seq"}
_EXISTS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE name = 'archives'",
    "postgresql": "SELECT to_regclass('archives')::text",
}


def archives(on: Transaction) -> List[Archive]:
    """All of them, the oldest first."""
    return _archives(on, "ORDER BY first_seq")


def newest_archive(on: Transaction) -> Optional[Archive]:
    """The one that the chain in the database continues; None where nothing was archived, also in a
    database of an earlier version."""
    if scalar(on, _EXISTS[on.dialect]) is None:
        return None
    found = _archives(on, "ORDER BY last_seq DESC LIMIT 1")
    return found[0] if found else None


def columns(archive: Archive) -> Dict[str, Any]:
    """An archive as a row of the table."""
    names = (*VOUCHED, "made_at", "made_by", "record")
    return {_COLUMNS.get(name, name): getattr(archive, name) for name in names}


def kept(on: Transaction, archive: Archive) -> Optional[Mapping[int, str]]:
    """The hashes of the archived records that are still in the database, by number, as the chain
    says; None where no record says that this was archived."""
    row = on.execute(
        "SELECT event, facts FROM ledger WHERE seq = :record", {"record": archive.record}
    ).fetchone()
    try:
        if row is None or row[0] != Event.ARCHIVED.value or archive.record <= archive.last:
            return None
        facts = json.loads(row[1])
        if any(facts[name] != value for name, value in archive.facts().items()):
            return None
        return {int(seq): str(hash_) for seq, hash_ in facts["kept"]}
    except (ValueError, TypeError, KeyError):
        return None


def _archives(on: Transaction, which: str) -> List[Archive]:
    names = {_COLUMNS.get(name, name): name for name in (*VOUCHED, "made_at", "made_by", "record")}
    found = rows(on, f"SELECT {', '.join(names)} FROM archives {which}")  # noqa: S608
    return [Archive(**{names[column]: value for column, value in row.items()}) for row in found]
