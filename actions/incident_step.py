"""The action opsroom.incident_step: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class IncidentStep(OpsroomAction):
    def run(self, incident: str, step: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.incidents.step import incident_step

        return self.answer(
            lambda context: incident_step(context, incident, step), requester, room, st2_user
        )
