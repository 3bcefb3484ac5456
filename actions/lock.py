"""The action opsroom.lock: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class Lock(OpsroomAction):
    def run(
        self,
        environment: str,
        requester: str,
        room: str,
        st2_user: str,
        reason: Optional[str] = None,
        app: Optional[str] = None,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.locks.lock import lock

        given = {"environment": environment, "reason": reason, "app": app}
        return self.answer_free_text(lock, typed, given, requester, room, st2_user)
