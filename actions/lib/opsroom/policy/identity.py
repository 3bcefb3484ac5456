"""Whether it is certain enough who speaks: for anything that changes something, and for an
environment that wants a relay to vouch for it."""

from __future__ import annotations

from ..config.model import Environment, Identity, Settings
from ..errors import Code
from ..people import Speaker, speaks_as_room
from . import YES, Decision, no


def is_somebody(settings: Settings, speaker: Speaker) -> Decision:
    """Whether the relay names a person. Where it names a room, everyone in it has one name, and
    nobody can tell who asks for something."""
    if not speaks_as_room(speaker, settings.rooms):
        return YES
    return no(
        Code.SPEAKER_IS_ROOM,
        f"The relay {speaker.st2_user} reports the room {speaker.chat_name} in the place of who "
        "speaks, so nothing is changed for it.",
        "err-stackstorm does that on Slack. An administrator installs relays/errbot, which reports "
        "people.",
    )


def is_certain(speaker: Speaker, environment: Environment) -> Decision:
    """Whether the speaker is known well enough to change something on this environment: by a relay
    that vouches for them, or as a StackStorm user of their own."""
    if environment.identity is not Identity.VOUCHED or speaker.is_vouched:
        return YES
    return no(
        Code.NOT_VOUCHED,
        f"{speaker.shown} is known by name only; on {environment.name} only those change anything "
        "for whom a relay vouches.",
        "Say it through a relay that does, or with a StackStorm user of your own. To see how you "
        "are known: opsroom whoami",
    )
