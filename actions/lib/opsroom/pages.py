"""The pages that went out through any pager: for limits, for `ack page 1234`, and for watching until somebody answers.

A row is written before a page goes out, so that pages at the same moment count each other, and so that after a runner
died it is known which pager it was talking to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Dict, List, Optional, Tuple

from sqlalchemy import and_, case, delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Row

from .paging import Incident, State, Target
from .settings.model import PageLimit
from .store import Store
from .store.tables import clean, from_moment, moment, pages

# On its way to a pager: the row is there, the answer is not.
SENDING = "sending"
# It was handed to a pager whose answer was lost: it may have gone out.
DOUBTFUL = "doubtful"
OPEN = (State.TRIGGERED.value, State.ACKNOWLEDGED.value, State.UNKNOWN.value, DOUBTFUL)
# What nobody has ended after so long is not listed and not watched any more, in seconds.
FORGOTTEN = 7 * 86400.0
# A page that is still being sent after so many seconds: what sent it is dead (repeats.PATIENCE, and some more).
_DEAD = 120.0

_NOWHERE = Target("", "")


@dataclass(frozen=True)
class Page:
    """One page. `incident` is the id that the pager's API wants, `number` what people type; empty while it is sent.

    `team` is who was paged, as messages call them: a team, a person, a service. `watch_until` is when the room is told
    that nobody has answered, None where nobody wants to be told. `told` is what the room was told of last.
    """

    mark: str
    deployment: str
    pager: str
    team: str
    owner: str
    shown: str
    text: str
    target: Target = _NOWHERE
    incident: str = ""
    number: str = ""
    url: str = ""
    people: Tuple[str, ...] = ()
    person: str = ""
    room: str = ""
    urgent: bool = False
    emergency: bool = False
    state: str = SENDING
    paged_at: Optional[datetime] = None
    watch_until: Optional[datetime] = None
    told: str = ""
    execution_id: str = ""

    @property
    def id(self) -> str:
        """As people type it; the mark, where no answer told another."""
        return self.number or self.incident or self.mark


def begin(store: Store, connection: Connection, page: Page) -> Page:
    """Write a page down before it goes out, or again when it is looked for, within the caller's `store.write()`."""
    page = replace(page, paged_at=store.now(connection))
    connection.execute(delete(pages).where(pages.c.mark == page.mark))
    connection.execute(insert(pages), _values(page))
    return page


def update_page(connection: Connection, mark: str, was: Optional[Page] = None, **changes: Any) -> bool:
    """Change a row; `changes` are attributes of a Page.

    With `was`, only where state and `told` still are what they were then: of two who saw the same, one changes it.
    Returns whether there was such a row.
    """
    query = update(pages).where(pages.c.mark == mark)
    if was is not None:
        query = query.where(pages.c.state == was.state, pages.c.told == was.told)
    return connection.execute(query.values(**_columns(changes))).rowcount > 0


def drop(connection: Connection, mark: str) -> None:
    """It did not go out, for certain."""
    connection.execute(delete(pages).where(pages.c.mark == mark))


def moments(
    store: Store, connection: Connection, limit: PageLimit, owner: str, team: str
) -> Tuple[List[datetime], List[datetime], datetime]:
    """When the latest pages of a person went out, when those to a team, and what time it is now."""
    now = store.now(connection)
    since = moment(now - timedelta(seconds=limit.within))
    found: List[List[datetime]] = []
    for mine in (pages.c.owner == owner, func.lower(pages.c.team) == team.lower()):
        rows = connection.scalars(select(pages.c.paged_at).where(mine, pages.c.paged_at > since))
        found.append([from_moment(one) for one in rows])
    return found[0], found[1], now


def with_mark(connection: Connection, mark: str) -> Optional[Page]:
    """The page that carries a mark."""
    row = connection.execute(select(pages).where(pages.c.mark == mark)).first()
    return None if row is None else _page(row)


def called(connection: Connection, id: str, pager: str = "") -> List[Page]:
    """The pages of that id, number or mark, newest first; of one pager only, when one is named."""
    same = or_(pages.c.number == id, pages.c.incident == id, pages.c.mark == id)
    query = select(pages).where(same, pages.c.state != SENDING)
    if pager:
        query = query.where(pages.c.pager == pager)
    return [_page(row) for row in connection.execute(query.order_by(pages.c.paged_at.desc()).limit(20))]


def open_pages(store: Store, connection: Connection, team: str = "", limit: int = 50) -> List[Page]:
    """Those that nobody has ended, newest first; of one team only, when one is named."""
    since = moment(store.now(connection) - timedelta(seconds=FORGOTTEN))
    query = select(pages).where(pages.c.state.in_(OPEN), pages.c.paged_at > since)
    if team:
        query = query.where(func.lower(pages.c.team) == team.lower())
    return [_page(row) for row in connection.execute(query.order_by(pages.c.paged_at.desc()).limit(limit))]


def watched(store: Store, connection: Connection, for_long: float, limit: int = 200) -> List[Page]:
    """The open ones that somebody wants to be told of and that went out within the last `for_long` seconds, and those
    whose runner has been gone for so long that it is dead. First those of which nothing was told yet, the oldest first.
    """
    now = store.now(connection)
    since, dead = moment(now - timedelta(seconds=for_long)), moment(now - timedelta(seconds=_DEAD))
    wanted = or_(
        and_(pages.c.state.in_(OPEN), pages.c.watch_until != ""),
        and_(pages.c.state == SENDING, pages.c.paged_at <= dead),
    )
    query = select(pages).where(wanted, pages.c.paged_at > since)
    query = query.order_by(case((pages.c.told == "", 0), else_=1), pages.c.paged_at)
    return [_page(row) for row in connection.execute(query.limit(limit))]


def of_incident(incident: Incident, before: Page) -> Dict[str, Any]:
    """What a row is changed to when a pager has told where an incident stands; UNKNOWN changes nothing."""
    changes: Dict[str, Any] = {}
    if incident.state is not State.UNKNOWN:
        changes["state"] = incident.state.value
    if incident.people and incident.people != before.people:
        changes["people"] = incident.people
    return changes


def _values(page: Page) -> Dict[str, Any]:
    return _columns(vars(page))


def _columns(changes: Any) -> Dict[str, Any]:
    """Attributes of a Page as the columns that hold them."""
    values: Dict[str, Any] = {}
    for name, value in changes.items():
        if name == "target":
            values.update(target_kind=clean(value.kind), target=clean(value.id), target_name=clean(value.name))
        elif name == "people":
            values[name] = clean(json.dumps(list(value), ensure_ascii=False))
        elif name in ("paged_at", "watch_until"):
            values[name] = moment(value) if value else ""
        elif isinstance(value, bool):
            values[name] = int(value)
        else:
            values[name] = clean(str(value))
    return values


def _page(row: Row[Any]) -> Page:
    known = dict(row._mapping)
    target = Target(known.pop("target_kind"), known.pop("target"), known.pop("target_name"))
    known.update(
        target=target,
        people=tuple(json.loads(known["people"] or "[]")),
        urgent=bool(known["urgent"]),
        emergency=bool(known["emergency"]),
        paged_at=from_moment(known["paged_at"]),
        watch_until=from_moment(known["watch_until"]) if known["watch_until"] else None,
    )
    return Page(**known)
