"""The action opsroom.deploy: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class Deploy(OpsroomAction):
    def run(
        self,
        app: str,
        version: str,
        environment: str,
        redeploy: bool,
        requester: str,
        room: str,
        st2_user: str,
        cards: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.deployments.commands import deploy

        return self.answer(
            lambda context: deploy(context, app, version, environment, redeploy, cards or ""),
            requester,
            room,
            st2_user,
        )
