"""The action opsroom.create_card: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


class CreateCard(OpsroomAction):
    def run(
        self,
        text: str,
        requester: str,
        room: str,
        st2_user: str,
        project: Optional[str] = None,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.cards.create import create_card
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("create_card", typed, text=text, project=project)
            return create_card(context, given["text"], given["project"])

        return self.answer(use_case, requester, room, st2_user)
