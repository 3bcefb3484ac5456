"""The action opsroom.release_plan: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class ReleasePlan(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        app: str,
        version: str,
        requester: str,
        room: str,
        st2_user: str,
        upto: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.automation.release import release_plan

        return self.answer(
            lambda context: release_plan(context, app, version, upto or ""),
            requester,
            room,
            st2_user,
        )
