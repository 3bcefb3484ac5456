"""The action opsroom.cancel_deployment: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class CancelDeployment(OpsroomAction):
    def run(self, app: str, environment: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.deployments.cancel import cancel_deployment

        return self.answer(
            lambda context: cancel_deployment(context, app, environment),
            requester,
            room,
            st2_user,
        )
