"""The action opsroom.compare_environments: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class CompareEnvironments(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        source: str,
        environment: str,
        requester: str,
        room: str,
        st2_user: str,
    ) -> Result:
        from opsroom.commands.differences import compare_environments

        return self.answer(
            lambda context: compare_environments(context, source, environment),
            requester,
            room,
            st2_user,
        )
