"""The action opsroom.rollback: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class Rollback(OpsroomAction):
    def run(
        self,
        app: str,
        environment: str,
        requester: str,
        room: str,
        st2_user: str,
        cards: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.deployments.commands import rollback

        return self.answer(
            lambda context: rollback(context, app, environment, cards or ""),
            requester,
            room,
            st2_user,
        )
