"""The action opsroom.quiet: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class Quiet(OpsroomAction):
    def run(self, length: str, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.mute import quiet

        return self.answer(lambda context: quiet(context, length), requester, room, st2_user)
