"""The pages that went out through any pager: for the page limits, for `ack page 1234`, and for
watching until someone answers.

A row is written before a page goes out. So pages sent at the same moment count each other, and
after a runner died it is known which pager it was using.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..config.model import PageLimit
from ..db.sql import (
    Row,
    Transaction,
    clean,
    execute,
    from_moment,
    insert,
    moment,
    rows,
    soon,
    update,
)
from ..db.store import Store
from ..pagers import Incident, State, Target
from ..structs import dataclass

# On its way to a pager: the row is there, the answer is not.
SENDING = "sending"
# It was handed to a pager whose answer was lost: it may have gone out.
DOUBTFUL = "doubtful"
OPEN = (State.TRIGGERED.value, State.ACKNOWLEDGED.value, State.UNKNOWN.value, DOUBTFUL)
# What nobody has ended after so long is not listed and not watched any more, in seconds.
FORGOTTEN = 7 * 86400.0
# A page that is still being sent after so many seconds: what sent it is dead (idempotency.LEASE,
# and some more).
_DEAD = 120.0

_OPEN = {one: one for one in OPEN}
_NOWHERE = Target("", "")


@dataclass(frozen=True)
class Page:
    """One page. `incident` is the id that the pager's API wants, `number` what people type; empty
    while it is sent.

    `team` is who was paged, as messages call them: a team, a person, a service. `watch_until` is
    when the room is notified that nobody has answered, None where nobody wants that. `told` is
    the state that the room was last notified of.
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
        """As people type it; the mark, where no answer gave another."""
        return self.number or self.incident or self.mark


_FIELDS = tuple(one.name for one in fields(Page))


def begin(store: Store, on: Transaction, page: Page) -> Page:
    """Write a page down before it goes out, or again when it is looked for, within the caller's
    transaction."""
    page = replace(page, paged_at=store.now(on))
    drop(on, page.mark)
    insert(on, "pages", _columns(vars(page)))
    return page


def columns_of(page: Page) -> Dict[str, Any]:
    """The row of a page, by column."""
    return _columns(vars(page))


def changed_columns(changes: Mapping[str, Any]) -> Dict[str, Any]:
    """Attributes of a Page that change, by column."""
    return _columns(changes)


def update_page(on: Transaction, mark: str, was: Optional[Page] = None, **changes: Any) -> bool:
    """Change a row; `changes` are attributes of a Page.

    With `was`, only where state and `told` still are what they were then: of two who saw the same,
    one changes it. Returns whether there was such a row.
    """
    where = {"mark": mark} if was is None else {"mark": mark, "state": was.state, "told": was.told}
    return update(on, "pages", _columns(changes), where) > 0


def drop(on: Transaction, mark: str) -> None:
    """It did not go out, for certain."""
    execute(on, "DELETE FROM pages WHERE mark = :mark", mark=mark)


def moments(
    store: Store, on: Transaction, limit: PageLimit, owner: str, team: str
) -> Tuple[List[datetime], List[datetime], datetime]:
    """When the latest pages of a person went out, when those to a team, and what time it is now."""
    now = store.now(on)
    since = moment(now - timedelta(seconds=limit.within))
    query = "SELECT paged_at FROM pages WHERE paged_at > :since AND paged_at <= :soon AND "
    times = {"since": since, "soon": moment(soon(now))}
    by_owner = rows(on, query + "owner = :owner", owner=owner, **times)
    to_team = rows(on, query + "lower(team) = :team", team=team.lower(), **times)
    return (
        [from_moment(one["paged_at"]) for one in by_owner],
        [from_moment(one["paged_at"]) for one in to_team],
        now,
    )


def with_mark(on: Transaction, mark: str) -> Optional[Page]:
    """The page that carries a mark."""
    found = rows(on, "SELECT * FROM pages WHERE mark = :mark", mark=mark)
    return _page(found[0]) if found else None


def called(on: Transaction, id: str, pager: str = "") -> List[Page]:
    """The pages of that id, number or mark, newest first; of one pager only, when one is named."""
    query = (
        "SELECT * FROM pages WHERE (number = :id OR incident = :id OR mark = :id) AND state "
        "<> :sending"
    )
    query += (" AND pager = :pager" if pager else "") + " ORDER BY paged_at DESC LIMIT 20"
    return [
        _page(row)
        for row in rows(on, query, id=id, sending=SENDING, **({"pager": pager} if pager else {}))
    ]


def open_pages(store: Store, on: Transaction, team: str = "", limit: int = 50) -> List[Page]:
    """Those that nobody has ended, newest first; of one team only, when one is named."""
    since = moment(store.now(on) - timedelta(seconds=FORGOTTEN))
    query = (
        "SELECT * FROM pages WHERE state IN (:triggered, :acknowledged, :unknown, :doubtful) "
        "AND paged_at > :since"
    )
    query += (" AND lower(team) = :team" if team else "") + " ORDER BY paged_at DESC LIMIT :limit"
    of_team = {"team": team.lower()} if team else {}
    return [_page(row) for row in rows(on, query, since=since, limit=limit, **_OPEN, **of_team)]


def watched(store: Store, on: Transaction, for_long: float, limit: int = 200) -> List[Page]:
    """The open ones that are watched and that went out within the last `for_long`
    seconds, and those whose runner has been gone for so long that it is dead. First those of which
    nothing was reported yet, the oldest first.
    """
    now = store.now(on)
    since, dead = moment(now - timedelta(seconds=for_long)), moment(now - timedelta(seconds=_DEAD))
    query = (
        "SELECT * FROM pages WHERE (state IN (:triggered, :acknowledged, :unknown, :doubtful) "
        "AND watch_until <> ''"
        " OR state = :sending AND paged_at <= :dead) AND paged_at > :since"
        " ORDER BY CASE WHEN told = '' THEN 0 ELSE 1 END, paged_at LIMIT :limit"
    )
    return [
        _page(row)
        for row in rows(on, query, sending=SENDING, dead=dead, since=since, limit=limit, **_OPEN)
    ]


def of_incident(incident: Incident, before: Page) -> Dict[str, Any]:
    """What a row is changed to when a pager has reported the state of an incident; UNKNOWN changes
    nothing."""
    changes: Dict[str, Any] = {}
    if incident.state is not State.UNKNOWN:
        changes["state"] = incident.state.value
    if incident.people and incident.people != before.people:
        changes["people"] = incident.people
    return changes


def _columns(changes: Any) -> Dict[str, Any]:
    """Attributes of a Page as the columns that hold them."""
    values: Dict[str, Any] = {}
    for name, value in changes.items():
        if name == "target":
            values.update(
                target_kind=clean(value.kind), target=clean(value.id), target_name=clean(value.name)
            )
        elif name == "people":
            values[name] = clean(json.dumps(list(value), ensure_ascii=False))
        elif name in ("paged_at", "watch_until"):
            values[name] = moment(value) if value else ""
        elif isinstance(value, bool):
            values[name] = int(value)
        else:
            values[name] = clean(str(value))
    return values


def _page(row: Row) -> Page:
    known = dict(row)
    target = Target(known.pop("target_kind"), known.pop("target"), known.pop("target_name"))
    known.update(
        target=target,
        people=tuple(json.loads(known["people"] or "[]")),
        urgent=bool(known["urgent"]),
        emergency=bool(known["emergency"]),
        paged_at=from_moment(known["paged_at"]),
        watch_until=from_moment(known["watch_until"]) if known["watch_until"] else None,
    )
    # A newer opsroom on another runner may have added columns since this one began.
    return Page(**{name: known[name] for name in _FIELDS})


# The columns of a row, and those that a deed to an open page changes.
CHANGED = ("state", "told", "watch_until", "people")
COLUMNS = tuple(columns_of(Page("", "", "", "", "", "", "")))
