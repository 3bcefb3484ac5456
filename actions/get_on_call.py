"""The action opsroom.get_on_call: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class GetOnCall(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str, who: Optional[str] = None) -> Result:
        from opsroom.commands.pages.on_call import get_on_call

        return self.answer(
            lambda context: get_on_call(context, who or ""), requester, room, st2_user
        )
