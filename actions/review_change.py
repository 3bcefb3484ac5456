"""The action opsroom.review_change: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


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
        from opsroom.commands.changes.close import review_change

        given = {"change": change, "text": text, "code": code}
        return self.answer_free_text(review_change, typed, given, requester, room, st2_user)
