"""The action opsroom.list_changes: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class ListChanges(OpsroomAction):
    effect = Effect.READS

    def run(
        self,
        requester: str,
        room: str,
        st2_user: str,
        environment: Optional[str] = None,
        app: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.changes.list import list_changes

        return self.answer(
            lambda context: list_changes(context, environment or "", app or ""),
            requester,
            room,
            st2_user,
        )
