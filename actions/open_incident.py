"""The action opsroom.open_incident: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class OpenIncident(OpsroomAction):
    def run(self, who: str, text: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.desk.open_incident import open_incident

        return self.answer(lambda desk: open_incident(desk, who, text), requester, room, st2_user)
