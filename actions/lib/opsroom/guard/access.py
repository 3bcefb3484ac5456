"""Who may deploy where, and from which room."""

from __future__ import annotations

from typing import List

from ..errors import Code
from ..names import listed
from ..people import Speaker, is_one_of
from ..settings.model import Environment, Settings
from . import YES, Decision, no


def may_deploy(settings: Settings, speaker: Speaker, environment: Environment) -> List[Decision]:
    """Every reason why this speaker may not deploy to this environment, the weightiest first; empty when they may."""
    return [one for one in (_person(settings, speaker, environment), _room(speaker, environment)) if not one.allowed]


def _person(settings: Settings, speaker: Speaker, environment: Environment) -> Decision:
    if environment.deployers is None or is_one_of(settings, speaker, environment.deployers):
        return YES
    may = listed(environment.deployers) if environment.deployers else "nobody"
    stranger = "" if speaker.person else " opsroom does not know you by this name."
    return no(
        Code.NOT_ALLOWED,
        f"{speaker.shown} may not deploy to {environment.name}.",
        f"Those who may: {may}.{stranger}",
    )


def _room(speaker: Speaker, environment: Environment) -> Decision:
    if environment.rooms is None or (
        speaker.room and _plain(speaker.room) in {_plain(one) for one in environment.rooms}
    ):
        return YES
    here = f"not from {speaker.room}" if speaker.room else "not from outside of a chat room"
    return no(
        Code.WRONG_ROOM,
        f"{environment.name} is deployed to from {listed(environment.rooms)}, {here}.",
        f"Say it again in {environment.rooms[0]}." if environment.rooms else "",
    )


def _plain(room: str) -> str:
    # hubot reports some rooms without the leading #, errbot with it; both ignore case.
    return room.lstrip("#").casefold()
