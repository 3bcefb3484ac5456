"""Deployments whose runner died: their lease has run out, and whoever comes next records what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional

from ..errors import Code
from ..versions import Running, as_told, same
from . import Desk
from .asking import ask_or_none

if TYPE_CHECKING:
    from ..claims import Claim
    from ..ledger import Record


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
    version = running.version if running is not None else None
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
                message=_sentence(claim, running, before[-1] if before else None),
                seconds=None,
                facts={
                    **_commits(before[-1] if before else None),
                    "running": version if version is not None else "unknown",
                    "started": bool(before),
                    "found_by": desk.speaker.shown,
                    "found_in_execution": desk.execution_id,
                },
            ),
        )
    return True


def _commits(started: Optional[Record]) -> Dict[str, str]:
    known = {key: started.facts.get(key) for key in ("commit", "commit_before")} if started is not None else {}
    return {key: str(value) for key, value in known.items() if value}


def _running(desk: Desk, claim: Claim) -> Optional[Running]:
    app = desk.settings.apps.get(claim.app)
    environment = desk.settings.environments.get(claim.environment)
    if app is None or environment is None:
        return None
    return ask_or_none(app, environment)


def _sentence(claim: Claim, running: Optional[Running], started: Optional[Record]) -> str:
    if started is None:
        return "its runner died before anything was touched"
    if running is None:
        return "its runner died; what runs now could not be told"
    if not running.version:
        return "its runner died; nothing runs there now"
    wanted = Running(claim.version, str(started.facts.get("commit") or ""))
    if same(running, wanted):
        return f"its runner died after {running.version} had been put in place"
    return f"its runner died; {as_told(running, wanted)[0]} runs there now"
