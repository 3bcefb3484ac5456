"""The action opsroom.loud: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class Loud(OpsroomAction):
    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.mute import loud

        return self.answer(loud, requester, room, st2_user)
