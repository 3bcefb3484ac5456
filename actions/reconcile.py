"""The action opsroom.reconcile: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class Reconcile(OpsroomAction):
    def run(
        self, since: str, requester: str, room: str, st2_user: str, until: Optional[str] = None
    ) -> Result:
        from opsroom.commands.audit.reconcile import reconcile

        return self.answer(
            lambda context: reconcile(context, since, until or ""), requester, room, st2_user
        )
