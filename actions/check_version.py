"""The action opsroom.check_version: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class CheckVersion(OpsroomAction):
    effect = Effect.READS

    def run(
        self, app: str, version: str, environment: str, requester: str, room: str, st2_user: str
    ) -> Result:
        from opsroom.commands.automation.release import runs_there

        return self.answer(
            lambda context: runs_there(context, app, version, environment),
            requester,
            room,
            st2_user,
        )
