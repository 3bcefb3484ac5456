"""Who asked, as trackers and pagers see them: their name in that system, and where they asked."""

from __future__ import annotations

from typing import Optional

from ..errors import Code, Refusal
from ..people import Author, Person, Speaker
from . import Context


def author_of(context: Context, name: str, kind: str, speaker: Optional[Speaker] = None) -> Author:
    """The requester, as the tracker or pager of that name and kind knows them. Someone whom the
    config does not know has no identity there.

    `speaker` is who asked, when that is not the current speaker: an approver of a change acts for
    its requester.
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
    """A person's name in a tracker or pager: under its name in the config, else under its kind;
    empty when there is none."""
    return person.identities.get(name) or person.identities.get(kind) or ""


def myself(context: Context) -> Person:
    """The requester, as the config knows them. Raises Refusal(unknown_person)."""
    if context.speaker.person is None:
        raise Refusal(
            Code.UNKNOWN_PERSON,
            f"{context.speaker.shown} is not a person of the config, so no tracker knows who "
            "that is.",
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
            f"An administrator can add it to opsroom.yaml; or give their name as {tracker} has it.",
        )
    return name
