"""The action opsroom.reject_change: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class RejectChange(OpsroomAction):
    def run(
        self,
        change: str,
        reason: str,
        requester: str,
        room: str,
        st2_user: str,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.changes.close import reject_change

        given = {"change": change, "reason": reason}
        return self.answer_free_text(reject_change, typed, given, requester, room, st2_user)
