"""The action opsroom.comment_card: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class CommentCard(OpsroomAction):
    def run(
        self,
        card: str,
        text: str,
        requester: str,
        room: str,
        st2_user: str,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.cards.actions import comment_card

        given = {"card": card, "text": text}
        return self.answer_free_text(comment_card, typed, given, requester, room, st2_user)
