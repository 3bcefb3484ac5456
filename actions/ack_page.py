"""The action opsroom.ack_page: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class AckPage(OpsroomAction):
    effect = Effect.ALERTS

    def run(self, page: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.pages.respond import ack_page

        return self.answer(lambda context: ack_page(context, page), requester, room, st2_user)
