"""The action opsroom.comment_card: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


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
        from opsroom.commands.cards.comment import comment_card
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("comment_card", typed, card=card, text=text)
            return comment_card(context, given["card"], given["text"])

        return self.answer(use_case, requester, room, st2_user)
