"""The action opsroom.promote_card: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class PromoteCard(OpsroomAction):
    def run(
        self, tracker: str, card: str, to: str, event: str, requester: str, room: str, st2_user: str
    ) -> Result:
        from opsroom.commands.automation.promote_card import promote_card

        return self.answer(
            lambda context: promote_card(context, tracker, card, to, event),
            requester,
            room,
            st2_user,
        )
