"""Who asked, as another system may be told: the name that they have over there, and where it was asked."""

from __future__ import annotations

from ..author import Author
from ..settings.model import Person
from . import Desk


def author_of(desk: Desk, name: str, kind: str) -> Author:
    """Whoever speaks, for a tracker or pager of that name and kind. Somebody unknown stays unknown over there too."""
    person = desk.speaker.person
    return Author(
        shown=desk.speaker.shown,
        room=desk.speaker.room,
        identity=identity_of(person, name, kind) if person else "",
        email=person.email if person else "",
        link=desk.link(),
    )


def identity_of(person: Person, name: str, kind: str) -> str:
    """Their name over there: under the name of the tracker or pager in the config, else under its kind; else empty."""
    return person.identities.get(name) or person.identities.get(kind) or ""
