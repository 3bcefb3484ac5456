"""The action opsroom.page: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class Page(OpsroomAction):
    def run(
        self,
        who: str,
        message: str,
        requester: str,
        room: str,
        st2_user: str,
        urgent: bool = False,
        emergency: bool = False,
    ) -> Result:
        from opsroom.desk.page import page

        return self.answer(lambda desk: page(desk, who, message, urgent, emergency), requester, room, st2_user)
