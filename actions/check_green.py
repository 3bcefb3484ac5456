"""The action opsroom.check_green: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class CheckGreen(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        app: str,
        environment: str,
        for_long: str,
        requester: str,
        room: str,
        st2_user: str,
        version: Optional[str] = None,
        began: Optional[str] = None,
        first: Optional[str] = None,
        target: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.automation.green import is_green

        return self.answer(
            lambda context: is_green(
                context,
                app,
                environment,
                for_long,
                version or "",
                began or "",
                first or "",
                target or "",
            ),
            requester,
            room,
            st2_user,
        )
