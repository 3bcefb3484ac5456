"""The action opsroom.add_responder: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class AddResponder(OpsroomAction):
    effect = Effect.ALERTS

    def run(self, who: str, page: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.pages.respond import add_responder

        return self.answer(
            lambda context: add_responder(context, who, page), requester, room, st2_user
        )
