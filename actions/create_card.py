"""The action opsroom.create_card: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


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
        from opsroom.commands.cards.actions import create_card

        given = {"text": text, "project": project}
        return self.answer_free_text(create_card, typed, given, requester, room, st2_user)
