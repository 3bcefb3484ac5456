"""The action opsroom.get_version: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class GetVersion(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        requester: str,
        room: str,
        st2_user: str,
        app: Optional[str] = None,
        environment: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.versions import get_version

        return self.answer(
            lambda context: get_version(context, app or "", environment or ""),
            requester,
            room,
            st2_user,
        )
