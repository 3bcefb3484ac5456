"""Deployments whose runner or process was lost: the next command at the place records how they ended.

A runner whose lease has run out may have died, stood still, or lost the database; all that others know is that it
stopped renewing its claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional

from ..errors import Code
from ..versions import Running, distinct_names, same
from . import Desk
from .asking import ask_or_none

if TYPE_CHECKING:
    from ..claims import Claim
    from ..ledger import Record


def settle_interrupted(desk: Desk, app: str = "", environment: str = "") -> List[Claim]:
    """Record every deployment in scope as interrupted whose lease has run out or whose process has ended, with what is
    really running.

    Returns the claims that this call settled; of several callers at once, one settles each.
    """
    from ..claims import current

    # What its own runner says of it counts more than what others find.
    desk.take_over()
    with desk.store.read_plain() as connection:
        claims = current(desk.store, connection, app, environment)
    return [claim for claim in claims if _settle(desk, claim, claim.expired or _killed(desk, claim))]


def _killed(desk: Desk, claim: Claim) -> bool:
    """Whether StackStorm has seen the end of the process that holds it: then nobody has to wait for the lease."""
    if not claim.execution_id or claim.execution_id == desk.execution_id:
        return False
    from ..executions import has_ended

    return has_ended(claim.execution_id)


def _settle(desk: Desk, claim: Claim, over: bool) -> bool:
    if not over:
        return False
    from ..claims import settle
    from ..ledger import Entry, Event, append, of_deployment

    running = _running(desk, claim)
    version = running.version if running is not None else None
    store = desk.store
    with store.write_plain() as connection:
        if not settle(store, connection, claim, ended=not claim.expired):
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
    died = "its runner was lost" if claim.expired else "its process ended without an answer"
    if started is None:
        return f"{died} before anything was touched"
    if running is None:
        return f"{died}; what runs now could not be told"
    if not running.version:
        return f"{died}; nothing runs there now"
    wanted = Running(claim.version, str(started.facts.get("commit") or ""))
    if same(running, wanted):
        return f"{died} after {running.version} had been put in place"
    return f"{died}; {distinct_names(running, wanted)[0]} runs there now"
