"""The action opsroom.audit_report: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result, default_database


class AuditReport(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        since: str,
        format: str,
        requester: str,
        room: str,
        st2_user: str,
        until: Optional[str] = None,
        environment: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.audit import audit_folder
        from opsroom.commands.audit.report import audit_report

        return self.answer(
            lambda context: audit_report(
                context,
                audit_folder(context, default_database()),
                since,
                until or "",
                environment or "",
                format,
            ),
            requester,
            room,
            st2_user,
        )
