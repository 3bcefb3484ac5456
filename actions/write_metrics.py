"""The action opsroom.write_metrics: hands over to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result, default_database


class WriteMetrics(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.audit import audit_folder
        from opsroom.commands.metrics.textfile import write_metrics

        return self.answer(
            lambda context: write_metrics(context, audit_folder(context, default_database())),
            requester,
            room,
            st2_user,
        )
