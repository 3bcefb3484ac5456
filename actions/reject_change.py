"""The action opsroom.reject_change: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class RejectChange(OpsroomAction):
    def run(self, change: str, reason: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.desk.reject_change import reject_change

        return self.answer(lambda desk: reject_change(desk, change, reason), requester, room, st2_user)
