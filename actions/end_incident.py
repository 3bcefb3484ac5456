"""The action opsroom.end_incident: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class EndIncident(OpsroomAction):
    def run(self, incident: str, requester: str, room: str, st2_user: str, text: Optional[str] = None) -> Result:
        from opsroom.desk.end_incident import end_incident

        return self.answer(lambda desk: end_incident(desk, incident, text or ""), requester, room, st2_user)
