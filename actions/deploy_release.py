"""The action opsroom.deploy_release: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class DeployRelease(OpsroomAction):
    def run(self, service: str, instance: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.automation.webhook import deploy_release

        return self.answer(
            lambda context: deploy_release(context, service, instance), requester, room, st2_user
        )
