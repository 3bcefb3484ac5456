"""Declared incidents: their text, and what has been made for them so far, so that each thing is
made once."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..db.sql import (
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
from ..db.store import Store
from ..people import Speaker
from ..structs import dataclass
from .change import new_id

OPEN, CLOSED = "open", "closed"
# The same words by the same person within so many seconds mean the same incident, while it is open:
# what of it could not be made is tried again.
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
    connection: Transaction,
    who: str,
    text: str,
    speaker: Speaker,
    app: str = "",
    execution_id: str = "",
) -> Tuple[Incident, bool]:
    """The incident, and whether it is new, within the caller's `store.write()`."""
    queue_up(connection)
    now = store.now(connection)
    known = rows(
        connection,
        "SELECT * FROM incidents WHERE owner = :owner AND who = :who AND text = :text"
        " AND since > :young AND state = :open LIMIT 1",
        owner=clean(speaker.key),
        who=clean(who),
        text=clean(text),
        young=moment(now - timedelta(seconds=WITHIN)),
        open=OPEN,
    )
    if known:
        return _incident(known[0]), False
    made = Incident(
        id=_free(connection),
        state=OPEN,
        who=who,
        text=text,
        owner=speaker.key,
        shown=speaker.shown,
        app=app,
        person=speaker.person_name,
        chat_name=speaker.recorded_name,
        st2_user=speaker.st2_user,
        room=speaker.room,
        since=now,
        execution_id=execution_id,
    )
    insert(connection, "incidents", _values(vars(made)))
    return made, True


def find(connection: Transaction, id: str) -> Optional[Incident]:
    """The incident of that id."""
    found = rows(connection, "SELECT * FROM incidents WHERE id = :id", id=id)
    return _incident(found[0]) if found else None


def note(on: Transaction, id: str, **made: Any) -> None:
    """Write down what was made of it; `made` are attributes of an Incident."""
    update(on, "incidents", _values(made), {"id": id})


def settle_words(store: Store, connection: Transaction, id: str, words: str) -> str:
    """What its page says: these words, unless others were settled before. Within the caller's
    `store.write()`.

    Two who page for it at the same moment, of whom one knows of the card, then send the same words:
    one page.
    """
    queue_up(connection)
    update(connection, "incidents", {"page_words": clean(words)}, {"id": id, "page_words": ""})
    return str(scalar(connection, "SELECT page_words FROM incidents WHERE id = :id", id=id))


def close(store: Store, connection: Transaction, id: str, by: str, closing: str) -> bool:
    """Whether this closed it: of two who do, one does. Within the caller's `store.write()`."""
    queue_up(connection)
    values = _values(
        {"state": CLOSED, "closed_at": store.now(connection), "closed_by": by, "closing": closing}
    )
    return update(connection, "incidents", values, {"id": id, "state": OPEN}) > 0


def open_incidents(connection: Transaction, limit: int = 50) -> List[Incident]:
    """Those that nobody has closed, newest first."""
    query = "SELECT * FROM incidents WHERE state = :open ORDER BY since DESC LIMIT :limit"
    return [_incident(row) for row in rows(connection, query, open=OPEN, limit=limit)]


def page_of(connection: Transaction, incident: Incident) -> Optional[Dict[str, str]]:
    """The page that was sent for it, as changes to it: found by its words, which begin with the
    incident's id."""
    found = rows(
        connection,
        "SELECT pager, number, incident, url FROM pages WHERE owner = :owner AND text LIKE :words"
        " AND incident <> '' AND paged_at >= :since ORDER BY paged_at LIMIT 1",
        owner=clean(incident.owner),
        words=f"Incident {incident.id}: %",
        since=moment(incident.since) if incident.since else "",
    )
    return (
        {
            "pager": found[0]["pager"],
            "page": found[0]["number"] or found[0]["incident"],
            "page_url": found[0]["url"],
        }
        if found
        else None
    )


def _free(connection: Transaction) -> str:
    """An id that no incident has; longer ones where the short ones are used up."""
    for tried in range(_TRIES):
        id = new_id(4 + tried // 10)
        if find(connection, id) is None:
            return id
    raise AssertionError("no free id among so many")


def _values(attributes: Mapping[str, Any]) -> Dict[str, str]:
    return {
        name: (moment(value) if value else "") if name in _TIMES else clean(str(value))
        for name, value in attributes.items()
    }


def _incident(row: Mapping[str, Any]) -> Incident:
    values = {one.name: row[one.name] for one in fields(Incident)}
    for name in _TIMES:
        values[name] = from_moment(values[name]) if values[name] else None
    return Incident(**values)
