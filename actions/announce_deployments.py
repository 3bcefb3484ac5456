"""The action opsroom.announce_deployments: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.errors import Code


class AnnounceDeployments(OpsroomAction):
    def run(
        self, requester: str, room: str, st2_user: str, execution: Optional[str] = None
    ) -> Result:
        from opsroom.commands.automation.announcements import announce_deployments

        ok, result = self.answer(
            lambda context: announce_deployments(context, execution or ""),
            requester,
            room,
            st2_user,
        )
        # The rule is on wherever the pack is installed: before there is a config, there is nothing
        # to tell.
        return (ok or result["code"] == Code.NOT_CONFIGURED.value), result
