"""Declared incidents: what was said, and what was made of it so far, so that each thing is made
once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Dict, List, Optional, Tuple

from sqlalchemy import insert, select, true, update
from sqlalchemy.engine import Connection, Row

from ..db import Store, sql
from ..db.engine import queue_up
from ..db.sql import Transaction, clean, from_moment, moment
from ..db.tables import incidents, pages
from ..people import Speaker
from .change import new_id

OPEN, CLOSED = "open", "closed"
# The same words by the same person within so many seconds mean the same incident, while it is open:
# what of it could not be made is tried once more.
WITHIN = 3600.0
_TRIES = 50


@dataclass(frozen=True)
class Incident:
    """One incident. `who` is whom it is for, as typed; `app` the application, where it is about
    one.

    What is empty is not there yet: `card` in `tracker` (`card_mark` is what it carries), `page` in
    `pager` (as people type it), `linked`; of a closed one `page_over`, `card_told` and `card_over`.
    """

    id: str
    state: str
    who: str
    text: str
    owner: str
    shown: str
    app: str = ""
    person: str = ""
    chat_name: str = ""
    st2_user: str = ""
    room: str = ""
    since: Optional[datetime] = None
    execution_id: str = ""
    tracker: str = ""
    card: str = ""
    card_mark: str = ""
    card_url: str = ""
    pager: str = ""
    page: str = ""
    page_url: str = ""
    page_words: str = ""
    linked: str = ""
    closed_at: Optional[datetime] = None
    closed_by: str = ""
    closing: str = ""
    page_over: str = ""
    card_told: str = ""
    card_over: str = ""


_TIMES = ("since", "closed_at")


def declare(
    store: Store,
    connection: Connection,
    who: str,
    text: str,
    speaker: Speaker,
    app: str = "",
    execution_id: str = "",
) -> Tuple[Incident, bool]:
    """The incident, and whether it is new, within the caller's `store.write()`."""
    queue_up(connection)
    now = store.now(connection)
    mine = (
        incidents.c.owner == clean(speaker.key),
        incidents.c.who == clean(who),
        incidents.c.text == clean(text),
    )
    young = incidents.c.since > moment(now - timedelta(seconds=WITHIN))
    row = connection.execute(
        select(incidents).where(*mine, young, incidents.c.state == OPEN).limit(1)
    ).first()
    if row is not None:
        return _incident(row), False
    made = Incident(
        id=_free(connection),
        state=OPEN,
        who=who,
        text=text,
        owner=speaker.key,
        shown=speaker.shown,
        app=app,
        person=speaker.person_name,
        chat_name=speaker.chat_name,
        st2_user=speaker.st2_user,
        room=speaker.room,
        since=now,
        execution_id=execution_id,
    )
    connection.execute(insert(incidents), _values(vars(made)))
    return made, True


def find(connection: Connection, id: str) -> Optional[Incident]:
    """The incident of that id."""
    row = connection.execute(select(incidents).where(incidents.c.id == id)).first()
    return None if row is None else _incident(row)


def note(on: Transaction, id: str, **changes: Any) -> None:
    """Write down what was made of it; `changes` are attributes of an Incident."""
    sql.update(on, "incidents", _values(changes), {"id": id})


def settle_words(store: Store, connection: Connection, id: str, words: str) -> str:
    """What its page says: these words, unless others were settled before. Within the caller's
    `store.write()`.

    Two who page for it at the same moment, of whom one knows of the card, then send the same words:
    one page.
    """
    queue_up(connection)
    query = update(incidents).where(incidents.c.id == id, incidents.c.page_words == "")
    connection.execute(query.values(page_words=clean(words)))
    return str(connection.scalar(select(incidents.c.page_words).where(incidents.c.id == id)))


def close(store: Store, connection: Connection, id: str, by: str, closing: str) -> bool:
    """Whether this closed it: of two who do, one does. Within the caller's `store.write()`."""
    queue_up(connection)
    values = _values(
        {"state": CLOSED, "closed_at": store.now(connection), "closed_by": by, "closing": closing}
    )
    query = update(incidents).where(incidents.c.id == id, incidents.c.state == OPEN)
    return connection.execute(query.values(**values)).rowcount > 0


def open_incidents(connection: Connection, limit: int = 50) -> List[Incident]:
    """Those that nobody has closed, newest first."""
    query = (
        select(incidents)
        .where(incidents.c.state == OPEN)
        .order_by(incidents.c.since.desc())
        .limit(limit)
    )
    return [_incident(row) for row in connection.execute(query)]


def page_of(connection: Connection, incident: Incident) -> Optional[Dict[str, str]]:
    """The page that was sent for it, as changes to it: found by its words, which begin with the
    incident's id."""
    mine = (pages.c.owner == clean(incident.owner), pages.c.text.like(f"Incident {incident.id}: %"))
    known = (
        pages.c.incident != "",
        pages.c.paged_at >= moment(incident.since) if incident.since else true(),
    )
    row = connection.execute(
        select(pages).where(*mine, *known).order_by(pages.c.paged_at).limit(1)
    ).first()
    return (
        None
        if row is None
        else {"pager": row.pager, "page": row.number or row.incident, "page_url": row.url}
    )


def _free(connection: Connection) -> str:
    """An id that no incident has; longer ones where the short ones are used up."""
    for tried in range(_TRIES):
        id = new_id(4 + tried // 10)
        if find(connection, id) is None:
            return id
    raise AssertionError("no free id among so many")


def _values(changes: Dict[str, Any]) -> Dict[str, str]:
    return {
        name: (moment(value) if value else "") if name in _TIMES else clean(str(value))
        for name, value in changes.items()
    }


def _incident(row: Row[Any]) -> Incident:
    known = {one.name: row._mapping[one.name] for one in fields(Incident)}
    for name in _TIMES:
        known[name] = from_moment(known[name]) if known[name] else None
    return Incident(**known)
