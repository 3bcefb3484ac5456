"""The action opsroom.check_record: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result, default_database
from opsroom.errors import Code


class CheckRecord(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str, wake: bool = False) -> Result:
        from opsroom.commands.audit import audit_folder
        from opsroom.commands.audit.verify import check_record

        ok, result = self.answer(
            lambda context: check_record(context, audit_folder(context, default_database()), wake),
            requester,
            room,
            st2_user,
        )
        # The rule is on wherever the pack is installed: before there is a config, there is nothing
        # to check.
        return (ok or (not wake and result["code"] == Code.NOT_CONFIGURED.value)), result
