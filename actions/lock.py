"""The action opsroom.lock: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


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
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("lock", typed, environment=environment, reason=reason, app=app)
            return lock(context, given["environment"], given["reason"], given["app"])

        return self.answer(use_case, requester, room, st2_user)
