"""The action opsroom.comment_card: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class CommentCard(OpsroomAction):
    def run(self, card: str, text: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.desk.comment_card import comment_card

        return self.answer(lambda desk: comment_card(desk, card, text), requester, room, st2_user)
