"""The action opsroom.emergency_deploy: hands its parameters to the use case, and the outcome
back."""

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
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.deployments.commands import emergency_deploy

        given = {
            "app": app,
            "version": version,
            "environment": environment,
            "reason": reason,
            "code": code,
        }
        return self.answer_free_text(emergency_deploy, typed, given, requester, room, st2_user)
