"""The action opsroom.unlock: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class Unlock(OpsroomAction):
    def run(
        self,
        environment: str,
        requester: str,
        room: str,
        st2_user: str,
        app: Optional[str] = None,
        code: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.locks.lock import unlock

        return self.answer(
            lambda context: unlock(context, environment, app or "", code or ""),
            requester,
            room,
            st2_user,
        )
