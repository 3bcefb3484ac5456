"""The action opsroom.deploy_set: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class DeploySet(OpsroomAction):
    def run(
        self,
        apps: str,
        environment: str,
        requester: str,
        room: str,
        st2_user: str,
        cards: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.deployments.sets import deploy_together

        return self.answer(
            lambda context: deploy_together(context, apps, environment, cards or ""),
            requester,
            room,
            st2_user,
        )
