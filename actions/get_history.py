"""The action opsroom.get_history: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class GetHistory(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        limit: int,
        requester: str,
        room: str,
        st2_user: str,
        app: Optional[str] = None,
        environment: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.history import get_history

        return self.answer(
            lambda context: get_history(context, app or "", environment or "", limit),
            requester,
            room,
            st2_user,
        )
