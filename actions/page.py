"""The action opsroom.page: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class Page(OpsroomAction):
    effect = Effect.ALERTS

    def run(
        self,
        who: str,
        message: str,
        requester: str,
        room: str,
        st2_user: str,
        urgent: bool = False,
        emergency: bool = False,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.pages.page import page

        given = {"who": who, "message": message}
        return self.answer_free_text(
            page, typed, given, requester, room, st2_user, urgent=urgent, emergency=emergency
        )
