"""The action opsroom.list_pages: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import Effect, OpsroomAction, Result


class ListPages(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str, who: Optional[str] = None) -> Result:
        from opsroom.commands.pages.list import list_pages

        return self.answer(
            lambda context: list_pages(context, who or ""), requester, room, st2_user
        )
