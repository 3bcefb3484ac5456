"""The action opsroom.review_change: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


class ReviewChange(OpsroomAction):
    def run(
        self,
        change: str,
        text: str,
        requester: str,
        room: str,
        st2_user: str,
        code: Optional[str] = None,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.changes.decide import review_change
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("review_change", typed, change=change, text=text, code=code)
            return review_change(context, given["change"], given["text"], given["code"])

        return self.answer(use_case, requester, room, st2_user)
