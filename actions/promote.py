"""The action opsroom.promote: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class Promote(OpsroomAction):
    def run(
        self,
        app: str,
        source: str,
        environment: str,
        requester: str,
        room: str,
        st2_user: str,
        cards: Optional[str] = None,
        version: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.deployments.commands import promote

        wanted = version or ""
        return self.answer(
            lambda context: promote(context, app, source, environment, cards or "", wanted),
            requester,
            room,
            st2_user,
        )
