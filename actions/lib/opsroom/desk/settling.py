"""Deployments whose runner died: their lease has run out, and whoever comes next records what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from ..errors import Code
from ..versions import same_version
from . import Desk
from .asking import ask_or_none

if TYPE_CHECKING:
    from ..claims import Claim


def settle_interrupted(desk: Desk, app: str = "", environment: str = "") -> List[Claim]:
    """Record every deployment in scope whose lease has run out as interrupted, with what is really running.

    Returns the claims that this call settled; of several callers at once, one settles each.
    """
    from ..claims import expired

    with desk.store.read() as connection:
        stale = expired(desk.store, connection, app, environment)
    return [claim for claim in stale if _settle(desk, claim)]


def _settle(desk: Desk, claim: Claim) -> bool:
    from ..claims import settle
    from ..ledger import Entry, Event, append, of_deployment

    running = _running(desk, claim)
    store = desk.store
    with store.write() as connection:
        if not settle(store, connection, claim):
            return False
        before = [record for record in of_deployment(connection, claim.deployment) if record.event is Event.STARTED]
        append(
            store,
            connection,
            Entry(
                event=Event.INTERRUPTED,
                deployment=claim.deployment,
                command=claim.command,
                requester=claim.holder,
                person=claim.person,
                chat_name="",
                room=claim.room,
                st2_user=claim.st2_user,
                execution_id=claim.execution_id,
                app=claim.app,
                environment=claim.environment,
                version_before=before[-1].version_before if before else "",
                version=claim.version,
                code=Code.INTERRUPTED.value,
                message=_sentence(claim, running, bool(before)),
                seconds=None,
                facts={
                    "running": running if running is not None else "unknown",
                    "started": bool(before),
                    "found_by": desk.speaker.shown,
                    "found_in_execution": desk.execution_id,
                },
            ),
        )
    return True


def _running(desk: Desk, claim: Claim) -> Optional[str]:
    app = desk.settings.apps.get(claim.app)
    environment = desk.settings.environments.get(claim.environment)
    if app is None or environment is None:
        return None
    running = ask_or_none(app, environment)
    return running.version if running else None


def _sentence(claim: Claim, running: Optional[str], started: bool) -> str:
    if not started:
        return "its runner died before anything was touched"
    if running is None:
        return "its runner died; what runs now could not be told"
    if not running:
        return "its runner died; nothing runs there now"
    if same_version(running, claim.version):
        return f"its runner died after {running} had been put in place"
    return f"its runner died; {running} runs there now"
