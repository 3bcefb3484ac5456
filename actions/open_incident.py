"""The action opsroom.open_incident: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


class OpenIncident(OpsroomAction):
    def run(
        self,
        who: str,
        text: str,
        requester: str,
        room: str,
        st2_user: str,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.incidents.open import open_incident
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("open_incident", typed, who=who, text=text)
            return open_incident(context, given["who"], given["text"])

        return self.answer(use_case, requester, room, st2_user)
