"""Pages as alerts of Opsgenie, and alerts as incidents."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Tuple

from ...http.content import objects_in, text_of
from ...people import Author
from ...structs.patterns import lazy_pattern
from ...text import shorten
from ...times.iso import moment_of
from .. import Incident, Page, State, Target

# The vendor's limits, in characters.
_MESSAGE = 130
_DESCRIPTION = 15_000
_DETAIL = 1_000
_SHORT = 100
# Opsgenie reads HTML in messages and descriptions; a blank after the bracket leaves the text
# readable in a text message and on the telephone, where &lt; would be read out.
_TAG = lazy_pattern(r"<(?=[A-Za-z/!?])")
_ALERT = lazy_pattern(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(-\d+)?", re.IGNORECASE
)
_TINY = lazy_pattern(r"[0-9]{1,18}")
# The pages for people of an account, by the host of its API.
_PAGES = {
    "api.opsgenie.com": "https://app.opsgenie.com",
    "api.eu.opsgenie.com": "https://app.eu.opsgenie.com",
}


def identifier_type(id: str) -> str:
    """What an id is: `tiny` for the number that people type, `id` for Opsgenie's own, else an
    `alias`."""
    if _TINY.fullmatch(id):
        return "tiny"
    return "id" if _ALERT.fullmatch(id) else "alias"


def is_id(text: str) -> bool:
    """Whether it is an id of Opsgenie rather than a name."""
    return bool(_ALERT.fullmatch(text))


def responder(target: Target) -> Dict[str, str]:
    """A target as Opsgenie names a responder: by its id, else by its name (users by their
    username)."""
    kind = "escalation" if target.kind == "escalation_policy" else target.kind
    if is_id(target.id):
        return {"type": kind, "id": target.id}
    return {"type": kind, "username" if kind == "user" else "name": target.id}


def alert_of(page: Page) -> Tuple[Dict[str, Any], Tuple[str, ...]]:
    """A page as an alert to be created, and sentences about what was cut."""
    from ...trackers.formats.text import cut

    author, text = page.author, quiet(page.text)
    title = headline(text)
    description, missing = cut(f"{quiet(author.line)}\n\n{text}", _DESCRIPTION)
    notes = (
        (f"Opsgenie takes {_DESCRIPTION} characters: {missing} are missing.",) if missing else ()
    )
    details = {"requested by": author.shown, "room": author.room, "execution": author.link}
    alert = {
        "message": title,
        "alias": page.mark,
        "description": description,
        "responders": [responder(page.target)],
        "details": {name: shorten(value, _DETAIL) for name, value in details.items() if value},
        "tags": ["opsroom"],
        "priority": "P1" if page.urgent else "P3",
        **by(author),
    }
    return alert, notes


def by(author: Author, note: bool = False) -> Dict[str, str]:
    """Who asks, as part of every request; with a note on the alert where nothing else shows where
    it was asked."""
    attribution = {"user": shorten(author.identity or author.shown, _SHORT), "source": "opsroom"}
    if author.room:
        attribution["source"] = shorten(f"opsroom {author.room}", _SHORT)
    return {**attribution, "note": quiet(author.line)} if note else attribution


def quiet(text: str) -> str:
    """The text without HTML."""
    return _TAG.sub("< ", text)


def headline(text: str) -> str:
    """The first line, at most as long as a message may be; the whole text is in the
    description."""
    from ...trackers.formats.text import units

    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    more = len(text.strip()) > len(line)
    if units(line) <= _MESSAGE - (2 if more else 0):
        return (f"{line} …" if more else line) or "Page"
    kept = line[:_MESSAGE]
    while units(kept) > _MESSAGE - 2:
        kept = kept[:-1]
    border = kept.rfind(" ")
    return f"{kept[:border] if border > _MESSAGE // 2 else kept} …"


def incident_of(alert: Mapping[str, Any], api: str, target: str = "") -> Incident:
    """An alert as an incident. What is missing or of another type is left empty."""
    id = text_of(alert.get("id"))
    return Incident(
        id=id,
        number=text_of(alert.get("tinyId")),
        title=text_of(alert.get("message")),
        state=state_of(alert),
        url=_page(id, api),
        target=target or _names(alert),
        people=_people(alert),
        since=moment_of(alert.get("createdAt")),
    )


def state_of(alert: Mapping[str, Any]) -> State:
    """open and closed, and whether someone acknowledged it."""
    status = text_of(alert.get("status")).lower()
    if status == "closed":
        return State.RESOLVED
    if alert.get("acknowledged") is True or status in ("acked", "acknowledged"):
        return State.ACKNOWLEDGED
    return State.TRIGGERED if status == "open" else State.UNKNOWN


def reaches_nobody(alert: Mapping[str, Any]) -> bool:
    """Whether an alert has no responders, for certain."""
    return alert.get("responders") == []


def _people(alert: Mapping[str, Any]) -> Tuple[str, ...]:
    report = alert.get("report")
    who: List[str] = [text_of(alert.get("owner"))]
    if isinstance(report, Mapping):
        who.append(text_of(report.get("acknowledgedBy")))
    return tuple(dict.fromkeys(name for name in who if name))


def _names(alert: Mapping[str, Any]) -> str:
    names = [
        text_of(one.get("name") or one.get("username"))
        for one in objects_in(alert.get("responders"))
    ]
    return ", ".join(name for name in names if name)


def _page(id: str, api: str) -> str:
    host = _PAGES.get(api.split("://")[-1].split("/")[0].lower())
    return f"{host}/alert/detail/{id}/details" if host and id else ""
