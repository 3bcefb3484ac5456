"""The action opsroom.report: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import Effect, OpsroomAction, Result


class Report(OpsroomAction):
    effect = Effect.READS

    def run(self, requester: str, room: str, st2_user: str, announce: bool = False) -> Result:
        from opsroom.commands.morning_report import morning_report

        return self.answer(
            lambda context: morning_report(context, announce), requester, room, st2_user
        )
