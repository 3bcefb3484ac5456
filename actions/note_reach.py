"""The action opsroom.note_reach: passes its parameters to the use case, and returns the outcome."""

from __future__ import annotations

from opsroom.action import OpsroomAction, Result


class NoteReach(OpsroomAction):
    def run(
        self,
        app: str,
        environment: str,
        reachable: bool,
        event: str,
        requester: str,
        room: str,
        st2_user: str,
    ) -> Result:
        from opsroom.commands.automation.drift import note_reach

        return self.answer(
            lambda context: note_reach(context, app, environment, reachable, event),
            requester,
            room,
            st2_user,
        )
