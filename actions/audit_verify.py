"""The action opsroom.audit_verify: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result, default_database


class AuditVerify(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        record: int,
        keep: bool,
        requester: str,
        room: str,
        st2_user: str,
        head: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.audit import audit_folder
        from opsroom.commands.audit.verify import audit_verify

        return self.answer(
            lambda context: audit_verify(
                context, audit_folder(context, default_database()), head or "", record, keep
            ),
            requester,
            room,
            st2_user,
        )
