"""The action opsroom.close_dead_executions: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result
from opsroom.errors import Code


class CloseDeadExecutions(OpsroomAction):
    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.audit.dead_executions import close_dead_executions

        ok, result = self.answer(close_dead_executions, requester, room, st2_user)
        # The rule is on wherever the pack is installed: before there is a config, there is nothing
        # to close.
        return (ok or result["code"] == Code.NOT_CONFIGURED.value), result
