"""The action opsroom.reconcile: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class Reconcile(OpsroomAction):
    effect = Effect.READS

    def run(
        self, since: str, requester: str, room: str, st2_user: str, until: Optional[str] = None
    ) -> Result:
        from opsroom.commands.audit.reconcile import reconcile

        return self.answer(
            lambda context: reconcile(context, since, until or ""), requester, room, st2_user
        )
