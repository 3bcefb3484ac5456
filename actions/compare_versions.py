"""The action opsroom.compare_versions: hands its parameters to the use case, and the outcome
back."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class CompareVersions(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        app: str,
        before: str,
        after: str,
        requester: str,
        room: str,
        st2_user: str,
    ) -> Result:
        from opsroom.commands.differences import compare_versions

        return self.answer(
            lambda context: compare_versions(context, app, before, after), requester, room, st2_user
        )
