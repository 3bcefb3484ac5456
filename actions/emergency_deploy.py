"""The action opsroom.emergency_deploy: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class EmergencyDeploy(OpsroomAction):
    def run(
        self, app: str, version: str, environment: str, reason: str, requester: str, room: str, st2_user: str
    ) -> Result:
        from opsroom.desk.emergency_deploy import emergency_deploy

        return self.answer(
            lambda desk: emergency_deploy(desk, app, version, environment, reason), requester, room, st2_user
        )
