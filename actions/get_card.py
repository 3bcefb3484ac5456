"""The action opsroom.get_card: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class GetCard(OpsroomAction):
    effect = Effect.READS

    def run(self, card: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.cards.show import get_card

        return self.answer(lambda context: get_card(context, card), requester, room, st2_user)
