"""The log of pages of the pager kind local: who is called by which page, in what state it is, and
who changed it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Optional, Sequence, Tuple

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.engine import Connection

from ...db import Store
from ...db.engine import queue_up
from ...db.sql import clean, from_moment, moment
from ...db.tables import local_pages

# No number is greater: PostgreSQL keeps them in 32 bits.
LAST_NUMBER = 2**31 - 1
# Of so many open pages at most is looked whether somebody is called by them.
_LOOKED_THROUGH = 1000


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
    connection: Connection,
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
    there = by_mark(connection, pager, mark)
    if there is not None:
        return there
    last = connection.scalar(
        select(func.max(local_pages.c.number)).where(local_pages.c.pager == pager)
    )
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
    connection.execute(
        insert(local_pages), {**values, "at": moment(now), "changed_at": moment(now)}
    )
    return logged


def by_mark(connection: Connection, pager: str, mark: str) -> Optional[Logged]:
    """The page with the mark."""
    return _first(connection, and_(local_pages.c.pager == pager, local_pages.c.mark == mark))


def by_number(connection: Connection, pager: str, number: int) -> Optional[Logged]:
    """The page with the number."""
    if not 0 < number <= LAST_NUMBER:
        return None
    return _first(connection, _at(pager, number))


def change(
    store: Store, connection: Connection, page: Logged, state: str, people: Sequence[str], by: str
) -> Optional[Logged]:
    """Give a page another state, other people, or both; the page as it is now.

    Within the `store.write()` in which it was read, after `queue_up`: nobody changes it in between.
    """
    now = moment(store.now(connection))
    values = {"state": state, "people": _listed(people), "changed_at": now, "changed_by": clean(by)}
    connection.execute(update(local_pages).where(_at(page.pager, page.number)).values(**values))
    return by_number(connection, page.pager, page.number)


def still_open(
    connection: Connection, pager: str, limit: int, wanted: Callable[[Logged], bool]
) -> Tuple[Logged, ...]:
    """The pages that are not resolved and that are wanted, the newest first."""
    query = (
        select(local_pages)
        .where(local_pages.c.pager == pager, local_pages.c.state != "resolved")
        .order_by(local_pages.c.number.desc())
        .limit(_LOOKED_THROUGH)
    )
    found = [
        page
        for page in (_logged(row._mapping) for row in connection.execute(query))
        if wanted(page)
    ]
    return tuple(found[: max(limit, 0)])


def _at(pager: str, number: int) -> Any:
    return and_(local_pages.c.pager == pager, local_pages.c.number == number)


def _first(connection: Connection, condition: Any) -> Optional[Logged]:
    row = connection.execute(select(local_pages).where(condition)).first()
    return None if row is None else _logged(row._mapping)


def _listed(people: Sequence[str]) -> str:
    return json.dumps(list(people), ensure_ascii=False)


def _logged(values: Any) -> Logged:
    return Logged(
        **{
            **values,
            "urgent": bool(values["urgent"]),
            "people": tuple(json.loads(values["people"])),
            "at": from_moment(values["at"]),
            "changed_at": from_moment(values["changed_at"]),
        }
    )
