"""Claims: at most one deployment at a time for an application on an environment, and none that
outlives its runner; and the checkpoints that a runner leaves there for the one after it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

from ..db.sql import (
    Transaction,
    clean,
    execute,
    from_moment,
    insert,
    insert_new,
    moment,
    queue_up,
    rows,
    soon,
    update,
)
from ..db.store import Store
from ..errors import Code, Failure
from ..structs import dataclass

NOT_YET = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Claim:
    """Who works on an application on an environment. The last three fields are filled in by the
    database's clock.

    `deployment` is the id that the ledger's records share; `holder` the name as it is shown; `step`
    what is being done. `lease_until` is moved on by `renew`; when it has passed (`expired`), the
    runner is taken for dead.
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


_TEXTS = tuple(
    one.name for one in fields(Claim) if one.name not in ("started_at", "lease_until", "expired")
)


def take(
    store: Store, connection: Transaction, claim: Claim, lease_seconds: float
) -> Optional[Claim]:
    """Claim the application on the environment, within the caller's `store.write()`.

    Returns None when it is taken, else the claim that is in the way: live, or `expired` and waiting
    for `settle`. What decides is the table's key, not a look before: of any number of callers at
    once, one gets it.
    """
    queue_up(connection)
    now = store.now(connection)
    values: Dict[str, Any] = {name: clean(getattr(claim, name)) for name in _TEXTS}
    values.update(
        started_at=moment(now), lease_until=moment(now + timedelta(seconds=lease_seconds))
    )
    if insert_new(connection, "claims", values):
        return None
    # Nobody else can change claims before this transaction ends, so what was in the way is still
    # there.
    in_the_way = current(store, connection, values["app"], values["environment"])
    if in_the_way:
        return in_the_way[0]
    message = f"The deployment {values['deployment']} already holds another claim."
    raise Failure(Code.STORE_FAILED, message, "Ask again.")


def renew(
    store: Store, connection: Transaction, deployment: str, lease_seconds: float, step: str = ""
) -> bool:
    """Move the end of the lease to `lease_seconds` from now, and note the step when one is given.

    False when the claim is no longer there: it was released, or settled by someone after its lease
    had run out.
    """
    queue_up(connection)
    values = {"lease_until": moment(store.now(connection) + timedelta(seconds=lease_seconds))}
    if step:
        values["step"] = clean(step)
    return update(connection, "claims", values, {"deployment": deployment}) == 1


def release(connection: Transaction, deployment: str) -> bool:
    """Give the claim back. False when it was no longer there."""
    queue_up(connection)
    return (
        execute(
            connection, "DELETE FROM claims WHERE deployment = :deployment", deployment=deployment
        )
        == 1
    )


def current(
    store: Store, connection: Transaction, app: str = "", environment: str = ""
) -> List[Claim]:
    """All claims, oldest first, each with whether it has `expired`. Empty names mean all."""
    named = {name: value for name, value in (("app", app), ("environment", environment)) if value}
    where = " AND ".join(["1 = 1", *(f"{name} = :{name}" for name in named)])
    order = "started_at, app, environment"
    query = f"SELECT * FROM claims WHERE {where} ORDER BY {order}"  # noqa: S608
    found = [_claim(row) for row in rows(connection, query, **named)]
    now = store.now(connection)
    return [
        replace(claim, expired=claim.lease_until <= now or _from_tomorrow(claim, now))
        for claim in found
    ]


def _from_tomorrow(claim: Claim, now: datetime) -> bool:
    """Whether it was taken by a clock that was wrong: its lease would run for years. A live runner
    renews it anyway."""
    return claim.started_at > soon(now) and claim.lease_until > soon(now)


def expired(
    store: Store, connection: Transaction, app: str = "", environment: str = ""
) -> List[Claim]:
    """The claims whose lease has run out: their runner died or lost the database."""
    return [claim for claim in current(store, connection, app, environment) if claim.expired]


def settle(store: Store, connection: Transaction, claim: Claim, ended: bool = False) -> bool:
    """Remove exactly this claim if it is still there and still expired.

    With `ended`, its process is known to have ended: then it need not be expired, only unchanged
    since it was read. True for the one caller that removed it, who then records in the same
    transaction how the deployment ended.
    """
    queue_up(connection)
    this = "app = :app AND environment = :environment AND deployment = :deployment AND lease_until "
    values = {"app": claim.app, "environment": claim.environment, "deployment": claim.deployment}
    # One that is expired although its lease runs on was taken by a clock that was wrong.
    now = store.now(connection)
    unchanged = ended or (claim.expired and claim.lease_until > now)
    over, until = ("=", claim.lease_until) if unchanged else ("<=", now)
    return (
        execute(
            connection,
            f"DELETE FROM claims WHERE {this} {over} :at",  # noqa: S608
            at=moment(until),
            **values,
        )
        == 1
    )


_CHECKPOINT = "app = :app AND environment = :environment AND name = :name"


def keep_checkpoint(
    store: Store, connection: Transaction, app: str, environment: str, name: str, value: str
) -> None:
    """Note what a deploy kind must find again at a place when the runner of a deployment dies.

    Within the caller's `store.write()`. It replaces the one of that name; an empty value removes
    that one. Of several callers at once the last one's stays.
    """
    queue_up(connection)
    place = {"app": app, "environment": environment, "name": name}
    execute(connection, f"DELETE FROM handles WHERE {_CHECKPOINT}", **place)  # noqa: S608
    if value:
        at = moment(store.now(connection))
        insert(connection, "handles", {**place, "value": clean(value), "at": at})


def checkpoint(connection: Transaction, app: str, environment: str, name: str) -> str:
    """What `keep_checkpoint` noted last; empty when nothing was."""
    query = f"SELECT value FROM handles WHERE {_CHECKPOINT}"  # noqa: S608
    found = rows(connection, query, app=app, environment=environment, name=name)
    return str(found[0]["value"]) if found else ""


def _claim(values: Any) -> Claim:
    return Claim(
        **{name: values[name] for name in _TEXTS},
        started_at=from_moment(values["started_at"]),
        lease_until=from_moment(values["lease_until"]),
    )
