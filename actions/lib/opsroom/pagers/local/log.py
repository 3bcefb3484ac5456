"""The log of the pager kind local: who is called by which page, its state, and who changed it."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

from ...db.sql import (
    Transaction,
    clean,
    from_moment,
    insert,
    moment,
    queue_up,
    rows,
    scalar,
    update,
)
from ...db.store import Store
from ...structs import dataclass

# No number is greater: PostgreSQL keeps them in 32 bits.
MAX_NUMBER = 2**31 - 1
# Of so many open pages at most is looked whether someone is called by them.
_MAX_OPEN = 1000


@dataclass(frozen=True)
class Logged:
    """A page of the log. `people` are those who were called, in that order; `changed_by` is empty
    until one did."""

    pager: str
    number: int
    mark: str
    target_kind: str
    target: str
    text: str
    urgent: bool
    state: str
    author: str
    people: Tuple[str, ...]
    at: datetime
    changed_at: datetime
    changed_by: str


def add(
    store: Store,
    connection: Transaction,
    *,
    pager: str,
    mark: str,
    target_kind: str,
    target: str,
    text: str,
    urgent: bool,
    author: str,
    people: Sequence[str],
) -> Logged:
    """Write a page down, within the caller's `store.write()`; the one that has the mark already,
    where there is one.

    The numbers of a pager have no gaps: nobody else can take one before the transaction ends.
    """
    queue_up(connection)
    existing = by_mark(connection, pager, mark)
    if existing is not None:
        return existing
    query = "SELECT max(number) FROM local_pages WHERE pager = :pager"
    last = scalar(connection, query, pager=pager)
    now = store.now(connection)
    logged = Logged(
        pager=pager,
        number=(last or 0) + 1,
        mark=mark,
        target_kind=target_kind,
        target=clean(target),
        text=clean(text),
        urgent=urgent,
        state="triggered",
        author=clean(author),
        people=tuple(clean(one) for one in people),
        at=now,
        changed_at=now,
        changed_by="",
    )
    values = {**vars(logged), "urgent": int(urgent), "people": _listed(logged.people)}
    insert(connection, "local_pages", {**values, "at": moment(now), "changed_at": moment(now)})
    return logged


def by_mark(connection: Transaction, pager: str, mark: str) -> Optional[Logged]:
    """The page with the mark."""
    query = "SELECT * FROM local_pages WHERE pager = :pager AND mark = :mark"
    found = rows(connection, query, pager=pager, mark=mark)
    return _logged(found[0]) if found else None


def by_number(connection: Transaction, pager: str, number: int) -> Optional[Logged]:
    """The page with the number."""
    if not 0 < number <= MAX_NUMBER:
        return None
    query = "SELECT * FROM local_pages WHERE pager = :pager AND number = :number"
    found = rows(connection, query, pager=pager, number=number)
    return _logged(found[0]) if found else None


def set_state(
    store: Store, connection: Transaction, page: Logged, state: str, people: Sequence[str], by: str
) -> Optional[Logged]:
    """Give a page another state, other people, or both; the page as it is now.

    Within the `store.write()` in which it was read, after `queue_up`: nobody changes it in between.
    """
    now = moment(store.now(connection))
    values = {"state": state, "people": _listed(people), "changed_at": now, "changed_by": clean(by)}
    update(connection, "local_pages", values, {"pager": page.pager, "number": page.number})
    return by_number(connection, page.pager, page.number)


def still_open(
    connection: Transaction, pager: str, limit: int, wanted: Callable[[Logged], bool]
) -> Tuple[Logged, ...]:
    """The pages that are not resolved and that are wanted, the newest first."""
    query = (
        "SELECT * FROM local_pages WHERE pager = :pager AND state <> 'resolved'"
        " ORDER BY number DESC LIMIT :limit"
    )
    found = map(_logged, rows(connection, query, pager=pager, limit=_MAX_OPEN))
    return tuple([page for page in found if wanted(page)][: max(limit, 0)])


def _listed(people: Sequence[str]) -> str:
    return json.dumps(list(people), ensure_ascii=False)


def _logged(row: Mapping[str, Any]) -> Logged:
    values = {one.name: row[one.name] for one in fields(Logged)}
    values.update(
        urgent=bool(row["urgent"]),
        people=tuple(json.loads(row["people"])),
        at=from_moment(row["at"]),
        changed_at=from_moment(row["changed_at"]),
    )
    return Logged(**values)
