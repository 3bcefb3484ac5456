"""The action opsroom.open_incident: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class OpenIncident(OpsroomAction):
    effect = Effect.ALERTS

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

        given = {"who": who, "text": text}
        return self.answer_free_text(open_incident, typed, given, requester, room, st2_user)
