"""The action opsroom.end_incident: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


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
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("end_incident", typed, incident=incident, text=text)
            return end_incident(context, given["incident"], given["text"])

        return self.answer(use_case, requester, room, st2_user)
