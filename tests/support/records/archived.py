"""Records of many years, and what archiving leaves of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import List

from opsroom.archive.make import make
from opsroom.db.store import Store
from opsroom.records.chain import ChainReport, verify_chain
from opsroom.records.chain.archives import Archive
from opsroom.records.model import Event
from support.records.ledgers import Book
from support.records.stores import rows

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "compliance.md"
# Seven years, as tests have it.
KEEP = 84
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)


def years(store: Store) -> Book:
    """Deployments since 2016: each year v1.YEAR of web on production, 3 records; in 2016 and 2017
    of api too. The last request is of NOW."""
    book = Book(store)
    for year in range(2016, 2027):
        before, version = f"v1.{year - 1}", f"v1.{year}"
        book.at(f"{year}-03-01T10:00:00").deployed(f"w{year}", before, version)
        if year < 2018:
            book.at(f"{year}-04-01T10:00:00").deployed(f"a{year}", before, version, app="api")
    book.clock = NOW
    book.write(Event.ASKED, deployment="now")
    book.clock = NOW
    return book


def archive(store: Store, folder: Path, keep: int = KEEP) -> List[Archive]:
    """Archive what is due, by the newest record alone."""
    return [one for one, _ in make(store, keep, folder, "root", timedelta())]


def verified(store: Store) -> ChainReport:
    """The chain of the database."""
    with store.read() as on:
        return verify_chain(on)


def numbers(store: Store) -> List[int]:
    """The records that the database has."""
    return [seq for (seq,) in rows(store, "SELECT seq FROM ledger ORDER BY seq")]


def newest_event(store: Store) -> Event:
    """What the newest record says."""
    return Event(rows(store, "SELECT event FROM ledger ORDER BY seq DESC LIMIT 1")[0][0])


def without_opsroom() -> str:
    """The program that auditors verify with, from the page for them."""
    found = re.search(r"```python\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    return found.group(1)
