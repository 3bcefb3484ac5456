"""The action opsroom.emergency_deploy: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class EmergencyDeploy(OpsroomAction):
    def run(
        self,
        app: str,
        version: str,
        environment: str,
        reason: str,
        requester: str,
        room: str,
        st2_user: str,
        code: Optional[str] = None,
    ) -> Result:
        from opsroom.desk.emergency_deploy import emergency_deploy

        return self.answer(
            lambda desk: emergency_deploy(desk, app, version, environment, reason, code or ""),
            requester,
            room,
            st2_user,
        )
