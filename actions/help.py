"""The action opsroom.help: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import PACK, Effect, OpsroomAction, Result


class Help(OpsroomAction):
    effect = Effect.READS

    def run(
        self, requester: str, room: str, st2_user: str, command: Optional[str] = None
    ) -> Result:
        from opsroom.commands.help import help_

        return self.answer(
            lambda context: help_(context, PACK / "aliases", command or ""),
            requester,
            room,
            st2_user,
        )
