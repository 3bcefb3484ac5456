"""The action opsroom.find_cards: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class FindCards(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        mine: bool,
        requester: str,
        room: str,
        st2_user: str,
        text: Optional[str] = None,
        project: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.cards.show import find_cards

        return self.answer(
            lambda context: find_cards(context, text or "", project or "", mine),
            requester,
            room,
            st2_user,
        )
