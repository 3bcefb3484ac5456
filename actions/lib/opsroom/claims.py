"""Claims: at most one deployment at a time for an application on an environment, and none that outlives its runner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from .errors import Code, Failure
from .store import Store
from .store.engine import queue_up
from .store.tables import claims
from .store.values import clean, from_moment, moment

NOT_YET = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Claim:
    """Who works on an application on an environment. The last three fields are filled in by the database's clock.

    `deployment` is the id that the ledger's records share; `holder` the name as it is shown; `step` what is being done.
    `lease_until` is moved on by `renew`; when it has passed (`expired`), the runner is taken for dead.
    """

    app: str
    environment: str
    deployment: str
    command: str
    holder: str
    person: str = ""
    room: str = ""
    st2_user: str = ""
    execution_id: str = ""
    version: str = ""
    step: str = ""
    started_at: datetime = NOT_YET
    lease_until: datetime = NOT_YET
    expired: bool = False


_TEXTS = tuple(column.name for column in claims.columns if column.name not in ("started_at", "lease_until"))


def take(store: Store, connection: Connection, claim: Claim, lease_seconds: float) -> Optional[Claim]:
    """Claim the application on the environment, within the caller's `store.write()`.

    Returns None when it is taken, else the claim that is in the way: live, or `expired` and waiting for `settle`.
    What decides is the table's key, not a look before: of any number of callers at once, one gets it.
    """
    queue_up(connection)
    now = store.now(connection)
    values: Dict[str, Any] = {name: clean(getattr(claim, name)) for name in _TEXTS}
    values.update(started_at=moment(now), lease_until=moment(now + timedelta(seconds=lease_seconds)))
    try:
        # A savepoint: on PostgreSQL a refused INSERT would spoil the whole transaction.
        with connection.begin_nested():
            connection.execute(insert(claims), values)
        return None
    except IntegrityError as conflict:
        # Nobody else can change claims before this transaction ends, so what was in the way is still there.
        in_the_way = current(store, connection, values["app"], values["environment"])
        if in_the_way:
            return in_the_way[0]
        told = f"The deployment {values['deployment']} already holds another claim."
        raise Failure(Code.STORE_FAILED, told, "Ask again.") from conflict


def renew(store: Store, connection: Connection, deployment: str, lease_seconds: float, step: str = "") -> bool:
    """Move the end of the lease to `lease_seconds` from now, and note the step when one is given.

    False when the claim is no longer there: it was released, or settled by somebody after its lease had run out.
    """
    queue_up(connection)
    values = {"lease_until": moment(store.now(connection) + timedelta(seconds=lease_seconds))}
    if step:
        values["step"] = clean(step)
    done = connection.execute(update(claims).where(claims.c.deployment == deployment).values(values))
    return done.rowcount == 1


def release(connection: Connection, deployment: str) -> bool:
    """Give the claim back. False when it was no longer there."""
    queue_up(connection)
    return connection.execute(delete(claims).where(claims.c.deployment == deployment)).rowcount == 1


def current(store: Store, connection: Connection, app: str = "", environment: str = "") -> List[Claim]:
    """All claims, oldest first, each with whether it has `expired`. Empty names mean all."""
    query = select(claims).order_by(claims.c.started_at, claims.c.app, claims.c.environment)
    if app:
        query = query.where(claims.c.app == app)
    if environment:
        query = query.where(claims.c.environment == environment)
    rows = connection.execute(query).all()
    now = store.now(connection)
    found = [_claim(row._mapping) for row in rows]
    return [replace(claim, expired=claim.lease_until <= now) for claim in found]


def expired(store: Store, connection: Connection, app: str = "", environment: str = "") -> List[Claim]:
    """The claims whose lease has run out: their runner died or lost the database."""
    return [claim for claim in current(store, connection, app, environment) if claim.expired]


def settle(store: Store, connection: Connection, claim: Claim, ended: bool = False) -> bool:
    """Remove exactly this claim if it is still there and still expired.

    With `ended`, its process is known to have ended: then it need not be expired, only unchanged since it was read.
    True for the one caller that removed it, who then records in the same transaction how the deployment ended.
    """
    queue_up(connection)
    until = claims.c.lease_until
    over = until == moment(claim.lease_until) if ended else until <= moment(store.now(connection))
    done = connection.execute(
        delete(claims).where(
            claims.c.app == claim.app,
            claims.c.environment == claim.environment,
            claims.c.deployment == claim.deployment,
            over,
        )
    )
    return done.rowcount == 1


def _claim(values: Any) -> Claim:
    return Claim(
        **{name: values[name] for name in _TEXTS},
        started_at=from_moment(values["started_at"]),
        lease_until=from_moment(values["lease_until"]),
    )
