"""Who asked, as another system may be told: the name that they have over there, and where it was
asked."""

from __future__ import annotations

from typing import Optional

from ..errors import Code, Refusal
from ..people import Author, Person, Speaker
from . import Context


def author_of(context: Context, name: str, kind: str, speaker: Optional[Speaker] = None) -> Author:
    """The speaker, for a tracker or pager of that name and kind. Someone unknown stays unknown
    over there too.

    `speaker` is who asked, when that is someone else: an approver of a change speaks for its
    requester.
    """
    by = speaker or context.speaker
    person = by.person
    return Author(
        shown=by.shown,
        room=by.room,
        identity=identity_of(person, name, kind) if person else "",
        email=person.email if person else "",
        link=context.link(),
    )


def identity_of(person: Person, name: str, kind: str) -> str:
    """Their name over there: under the name of the tracker or pager in the config, else under its
    kind; else empty."""
    return person.identities.get(name) or person.identities.get(kind) or ""


def myself(context: Context) -> Person:
    """The requester, as the config knows them. Raises Refusal(unknown_person)."""
    if context.speaker.person is None:
        raise Refusal(
            Code.UNKNOWN_PERSON,
            f"{context.speaker.shown} is not a person of the config, so no tracker knows whom that "
            "means.",
            "An administrator can add you under people in opsroom.yaml.",
        )
    return context.speaker.person


def name_in(context: Context, person: Person, tracker: str) -> str:
    """The name of a person of the config in a tracker. Raises Refusal(unknown_person) where the
    config has none.

    A board of opsroom's own knows people by their names in the config.
    """
    kind = context.settings.trackers[tracker].kind
    name = identity_of(person, tracker, kind) or (person.name if kind == "local" else "")
    if not name:
        raise Refusal(
            Code.UNKNOWN_PERSON,
            f"The config does not say who {person.name} is in {tracker}: "
            f"people.{person.name}.{tracker} is missing.",
            f"An administrator can add it to opsroom.yaml; or say their name as {tracker} has it.",
        )
    return name
