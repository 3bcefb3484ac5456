"""The action opsroom.whoami: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class Whoami(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.help.whoami import whoami

        return self.answer(whoami, requester, room, st2_user)
