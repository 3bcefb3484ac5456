"""The action opsroom.watch_pages: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result
from opsroom.errors import Code


class WatchPages(OpsroomAction):
    def run(self, requester: str, room: str, st2_user: str) -> Result:
        from opsroom.commands.pages.watch import watch_pages

        ok, result = self.answer(watch_pages, requester, room, st2_user)
        # The rule is on wherever the pack is installed: before there is a config, there is nothing
        # to watch.
        return (ok or result["code"] == Code.NOT_CONFIGURED.value), result
