"""The action opsroom.create_card: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class CreateCard(OpsroomAction):
    def run(self, text: str, requester: str, room: str, st2_user: str, project: Optional[str] = None) -> Result:
        from opsroom.desk.create_card import create_card

        return self.answer(lambda desk: create_card(desk, text, project or ""), requester, room, st2_user)
