"""The action opsroom.end_incident: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class EndIncident(OpsroomAction):
    def run(
        self,
        incident: str,
        requester: str,
        room: str,
        st2_user: str,
        text: Optional[str] = None,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.incidents.close import end_incident

        given = {"incident": incident, "text": text}
        return self.answer_free_text(end_incident, typed, given, requester, room, st2_user)
