"""The action opsroom.move_card: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class MoveCard(OpsroomAction):
    def run(self, card: str, column: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.cards.edit import move_card

        return self.answer(
            lambda context: move_card(context, card, column), requester, room, st2_user
        )
