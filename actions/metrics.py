"""The action opsroom.metrics: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result, default_database


class Metrics(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        format: str,
        requester: str,
        room: str,
        st2_user: str,
        app: Optional[str] = None,
        since: Optional[str] = None,
        until: Optional[str] = None,
        environment: Optional[str] = None,
        team: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.audit import audit_folder
        from opsroom.commands.metrics.delivery import delivery_metrics

        return self.answer(
            lambda context: delivery_metrics(
                context,
                audit_folder(context, default_database()),
                since or "",
                until or "",
                app or "",
                environment or "",
                team or "",
                format,
            ),
            requester,
            room,
            st2_user,
        )
