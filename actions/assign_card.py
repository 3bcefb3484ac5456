"""The action opsroom.assign_card: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class AssignCard(OpsroomAction):
    def run(self, card: str, assignee: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.cards.edit import assign_card

        return self.answer(
            lambda context: assign_card(context, card, assignee), requester, room, st2_user
        )
