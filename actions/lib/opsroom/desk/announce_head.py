"""Announcing the newest hash: the record is verified, the hash kept in a file, and both told in the announce room."""

from __future__ import annotations

from pathlib import Path

from ..errors import Code, Refusal
from ..text import message
from . import Desk
from .audit_verify import audit_verify
from .outcome import Outcome


def announce_head(desk: Desk, folder: Path) -> Outcome:
    """For a rule, daily: whoever reads the room, or keeps its log, holds a proof outside of the database.

    A record that is broken is announced too. Raises Refusal(not_configured) where no room is configured.
    """
    room = desk.settings.announce
    if not room:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "The config of opsroom names no room to announce in.",
            "An administrator can add announce to opsroom.yaml.",
        )
    outcome = audit_verify(desk, folder, keep=True)
    desk.rooms(room).say(message(outcome.message))
    return outcome
