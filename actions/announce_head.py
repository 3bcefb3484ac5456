"""The action opsroom.announce_head: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result, default_database


class AnnounceHead(OpsroomAction):
    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.audit import audit_folder
        from opsroom.commands.audit.verify import announce_head

        return self.answer(
            lambda context: announce_head(context, audit_folder(context, default_database())),
            requester,
            room,
            st2_user,
        )
