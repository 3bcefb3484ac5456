"""The action opsroom.deploy_release: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class DeployRelease(OpsroomAction):
    def run(self, service: str, instance: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.automation.webhook import deploy_release

        return self.answer(
            lambda context: deploy_release(context, service, instance), requester, room, st2_user
        )
