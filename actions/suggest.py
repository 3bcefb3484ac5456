"""The action opsroom.suggest: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import PACK, Effect, OpsroomAction, Result


class Suggest(OpsroomAction):
    effect = Effect.READS

    def run(self, text: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.help.suggest import suggest

        return self.answer(
            lambda context: suggest(context, PACK / "aliases", text), requester, room, st2_user
        )
