"""The action opsroom.announce_head: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result, default_database


class AnnounceHead(OpsroomAction):
    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.desk.announce_head import announce_head
        from opsroom.desk.keeping import audit_folder

        return self.answer(
            lambda desk: announce_head(desk, audit_folder(desk, default_database())), requester, room, st2_user
        )
