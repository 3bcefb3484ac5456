"""The action opsroom.update_cards: passes its parameters to the use case, and returns the
outcome."""

from __future__ import annotations

from typing import Optional

from opsroom.action import OpsroomAction, Result


class UpdateCards(OpsroomAction):
    def run(
        self,
        app: str,
        environment: str,
        event: str,
        requester: str,
        room: str,
        st2_user: str,
        version: Optional[str] = None,
        version_before: Optional[str] = None,
    ) -> Result:
        from opsroom.commands.deployments.card_updates import update_cards

        return self.answer(
            lambda context: update_cards(
                context, app, environment, version or "", version_before or "", event
            ),
            requester,
            room,
            st2_user,
        )
