"""The action opsroom.page: hands its parameters to the use case, and the outcome back."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result
from opsroom.commands import Context, Outcome


class Page(OpsroomAction):
    def run(
        self,
        who: str,
        message: str,
        requester: str,
        room: str,
        st2_user: str,
        urgent: bool = False,
        emergency: bool = False,
        typed: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.pages.page import page
        from opsroom.grammar.free_text import whole

        def use_case(context: Context) -> Outcome:
            given = whole("page", typed, who=who, message=message)
            return page(context, given["who"], given["message"], urgent, emergency)

        return self.answer(use_case, requester, room, st2_user)
