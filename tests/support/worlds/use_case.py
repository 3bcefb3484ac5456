"""An action that runs whatever use case it is given: the base class with nothing added."""

from __future__ import annotations

from typing import Callable

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


class UseCase(OpsroomAction):
    """The base class is abstract, as StackStorm's is, so that the least of an action is added."""

    def run(
        self, use_case: Callable[[Context], Outcome], requester: str, room: str, st2_user: str
    ) -> Result:
        return self.answer(use_case, requester, room, st2_user)
