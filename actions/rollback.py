"""The action opsroom.rollback: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class Rollback(OpsroomAction):
    def run(self, app: str, environment: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.desk.rollback import rollback

        return self.answer(lambda desk: rollback(desk, app, environment), requester, room, st2_user)
