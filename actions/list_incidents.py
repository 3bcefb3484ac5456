"""The action opsroom.list_incidents: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class ListIncidents(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.incidents.open import list_incidents

        return self.answer(lambda context: list_incidents(context), requester, room, st2_user)
