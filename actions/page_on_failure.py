"""The action opsroom.page_on_failure: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class PageOnFailure(OpsroomAction):
    effect = Effect.ALERTS

    def run(self, execution: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.automation.announcements import page_on_failure

        return self.answer(
            lambda context: page_on_failure(context, execution), requester, room, st2_user
        )
