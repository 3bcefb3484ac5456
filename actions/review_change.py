"""The action opsroom.review_change: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class ReviewChange(OpsroomAction):
    def run(
        self, change: str, text: str, requester: str, room: str, st2_user: str, code: Optional[str] = None
    ) -> Result:
        from opsroom.desk.review_change import review_change

        return self.answer(lambda desk: review_change(desk, change, text, code or ""), requester, room, st2_user)
