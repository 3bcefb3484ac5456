"""Checking the record every night: silence where it holds, the announce room and a team where it does not."""

from __future__ import annotations

from pathlib import Path

from ..errors import Code, Refusal
from . import Desk
from .audit_verify import audit_verify
from .outcome import Outcome
from .tell_once import tell_once


def check_record(desk: Desk, folder: Path, wake: bool = False) -> Outcome:
    """Verify the record against itself and the hashes in `folder`. Not ok, with code record_broken, when it is broken.

    That is told once a day, also while announcements are quiet. With `wake`, the team under audit.page is paged;
    without such a team, this raises Refusal(not_configured) every night, not only in the one in which it matters.
    """
    team = desk.settings.audit_page
    if wake and not team:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "The config of opsroom does not say who is paged when the record does not hold.",
            "An administrator can add audit: {page: TEAM} to opsroom.yaml.",
        )
    outcome = audit_verify(desk, folder)
    if outcome.ok:
        return outcome
    with desk.store.read() as connection:
        day = desk.store.now(connection).date().isoformat()
    tell_once(desk, f"record:{day}", outcome.message, always=True)
    if wake:
        from .page import page

        page(desk, team, outcome.message, urgent=True)
    return outcome
