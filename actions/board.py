"""The action opsroom.board: hands over to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class Board(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.board.publication import publish

        return self.answer(publish, requester, room, st2_user)
