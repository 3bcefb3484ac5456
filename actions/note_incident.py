"""The action opsroom.note_incident: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class NoteIncident(OpsroomAction):
    def run(
        self,
        requester: str,
        room: str,
        st2_user: str,
        incident: Optional[str] = None,
        who: Optional[str] = None,
        app: Optional[str] = None,
        environment: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.incidents.step import note_incident

        return self.answer(
            lambda context: note_incident(
                context, incident or "", who or "", app or "", environment or ""
            ),
            requester,
            room,
            st2_user,
        )
