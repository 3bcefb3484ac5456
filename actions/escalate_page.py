"""The action opsroom.escalate_page: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class EscalatePage(OpsroomAction):
    effect = Effect.ALERTS

    def run(self, page: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.pages.respond import escalate_page

        return self.answer(lambda context: escalate_page(context, page), requester, room, st2_user)
