"""The action opsroom.emergency_deploy: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


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
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole(
                "emergency_deploy",
                typed,
                app=app,
                version=version,
                environment=environment,
                reason=reason,
                code=code,
            )
            return emergency_deploy(
                context,
                given["app"],
                given["version"],
                given["environment"],
                given["reason"],
                given["code"],
            )

        return self.answer(use_case, requester, room, st2_user)
