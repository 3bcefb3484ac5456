"""The action opsroom.list_locks: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class ListLocks(OpsroomAction):
    effect = Effect.READS

    def run(
        self, requester: str, room: str, st2_user: str, environment: Optional[str] = None
    ) -> Result:
        from opsroom.commands.locks.lock import list_locks

        return self.answer(
            lambda context: list_locks(context, environment or ""), requester, room, st2_user
        )
