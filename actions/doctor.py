"""The action opsroom.doctor: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class Doctor(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.doctor import doctor

        return self.answer(doctor, requester, room, st2_user)
