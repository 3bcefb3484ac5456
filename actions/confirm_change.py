"""The action opsroom.confirm_change: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class ConfirmChange(OpsroomAction):
    def run(
        self, change: str, requester: str, room: str, st2_user: str, code: Optional[str] = None
    ) -> Result:
        from opsroom.commands.changes.decide import confirm_change

        return self.answer(
            lambda context: confirm_change(context, change, code or ""), requester, room, st2_user
        )
