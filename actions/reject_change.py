"""The action opsroom.reject_change: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


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
        from opsroom.commands.changes.decide import reject_change
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("reject_change", typed, change=change, reason=reason)
            return reject_change(context, given["change"], given["reason"])

        return self.answer(use_case, requester, room, st2_user)
