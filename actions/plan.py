"""The action opsroom.plan: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class Plan(OpsroomAction):
    effect = Effect.READS

    def run(
        self, app: str, version: str, environment: str, requester: str, room: str, st2_user: str
    ) -> Result:
        from opsroom.commands.deployments.plan import plan

        return self.answer(
            lambda context: plan(context, app, version, environment), requester, room, st2_user
        )
