"""External actions that happen once: the same message twice, a lost answer and a runner that died
all lead to one card. Also events of sensors, deliveries of webhooks and messages of chats, each of
which is acted upon once.

Other systems have no keys against duplicates, or keys that end with the incident. So a row says
what is about to be made, and which mark it will carry, before anything is sent; afterwards it holds
the answer. The decision is one transaction.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Dict, Mapping, Optional

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
)
from ..db.store import Store
from ..structs import dataclass

# The same message by the same person within this long is the same request, in seconds.
WITHIN = 60.0
# A runner that has been working on it for longer than this is dead: an action that talks to another
# system ends before it does.
LEASE = 90.0
# What nobody knows the outcome of is looked for this long; after that, the same words mean a new
# request.
LOOKED_FOR = 900.0


class Step(str, Enum):
    """What to do about a request.

    GO: nobody has asked for this; make it. LOOK: it may have been made; look for the mark first,
    and make it only when it is missing. DONE: it was made, and `answer` has the result. BUSY:
    another run is making it right now.
    """

    GO = "go"
    LOOK = "look"
    DONE = "done"
    BUSY = "busy"


@dataclass(frozen=True)
class Begun:
    """The decision, the mark that the thing made carries, and the answer where there is one
    already.

    `since` is when it was first asked, `deployment` the id that the ledger's records of that
    request share.
    """

    step: Step
    mark: str
    since: datetime
    deployment: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


def key_of(*parts: str) -> str:
    """One key for what was asked: who, the verb, where, and the text. Only its hash is kept."""
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "replace")).hexdigest()


def new_mark() -> str:
    """A word that nothing else carries: 16 characters, safe in labels, addresses and every query
    language."""
    return "ops" + secrets.token_hex(7)[:13]


def begin(
    store: Store, on: Transaction, key: str, deployment: str, within: float = WITHIN
) -> Begun:
    """Decide, within the caller's transaction that writes, and take the turn where it is GO or
    LOOK."""
    queue_up(on)
    now = store.now(on)
    found = rows(on, "SELECT * FROM repeats WHERE key = :key", key=key)
    if not found:
        return _take(on, key, deployment, now)
    row = found[0]
    since = from_moment(row["began_at"])
    known: Dict[str, Any] = {"mark": row["mark"], "since": since, "deployment": row["deployment"]}
    if max(since, from_moment(row["ended_at"] or row["began_at"])) > soon(now):
        # A wrong clock wrote it, so its age is unknown.
        if row["state"] == "done":
            undone(on, key)
            return _take(on, key, deployment, now)
        return _look(on, key, deployment, {**known, "since": min(since, now)}, now)
    if row["state"] == "done" and now < from_moment(row["ended_at"]) + timedelta(seconds=within):
        return Begun(Step.DONE, answer=json.loads(row["answer"] or "{}"), **known)
    if row["state"] == "done" or now >= since + timedelta(seconds=LOOKED_FOR):
        undone(on, key)
        return _take(on, key, deployment, now)
    taken = from_moment(row["ended_at"] or row["began_at"])
    if row["state"] == "doing" and now < taken + timedelta(seconds=LEASE):
        return Begun(Step.BUSY, **known)
    # Its outcome is not known, or its runner died: the mark and the moment stay, so that what was
    # made is found by it.
    return _look(on, key, deployment, known, now)


def _look(
    on: Transaction, key: str, deployment: str, known: Dict[str, Any], now: datetime
) -> Begun:
    again = (
        "UPDATE repeats SET state = 'doing', began_at = :since, ended_at = :now, deployment "
        "= :it WHERE key = :key"
    )
    execute(on, again, since=moment(known["since"]), now=moment(now), it=deployment, key=key)
    return Begun(Step.LOOK, **known)


def done(store: Store, on: Transaction, key: str, answer: Mapping[str, Any]) -> None:
    """It was made: keep the result. Old rows are removed on the way."""
    now = store.now(on)
    text = clean(json.dumps(answer, ensure_ascii=False, default=str))
    kept = "UPDATE repeats SET state = 'done', ended_at = :now, answer = :answer WHERE key = :key"
    execute(on, kept, now=moment(now), answer=text, key=key)
    old = moment(now - timedelta(days=1))
    execute(on, "DELETE FROM repeats WHERE state = 'done' AND ended_at < :old", old=old)


def unsure(on: Transaction, key: str) -> None:
    """It may have been made: the next request for the same looks first."""
    execute(on, "UPDATE repeats SET state = 'unknown' WHERE key = :key", key=key)


def undone(on: Transaction, key: str) -> None:
    """It was not made, for certain: the same may be asked again at once."""
    execute(on, "DELETE FROM repeats WHERE key = :key", key=key)


def forget(on: Transaction, mark: str) -> None:
    """What carries this mark is over: the same words ask for something new."""
    execute(on, "DELETE FROM repeats WHERE mark = :mark AND state <> 'doing'", mark=mark)


def _take(on: Transaction, key: str, deployment: str, now: datetime) -> Begun:
    begun = Begun(Step.GO, new_mark(), now, deployment)
    values = {
        "key": key,
        "mark": begun.mark,
        "state": "doing",
        "deployment": deployment,
        "answer": "",
    }
    insert(on, "repeats", {**values, "began_at": moment(now), "ended_at": ""})
    return begun


# So long it is known that something came before, in seconds. What is older than a day is not acted
# upon anyway.
KEPT = 8 * 86400.0


def first_time(store: Store, connection: Transaction, kind: str, id: str) -> bool:
    """Whether it comes for the first time, within the caller's `store.write()`: of any number at
    once, one is first.

    What is done because of it belongs into the same transaction, or may not be done when a runner
    dies.
    """
    queue_up(connection)
    kind, id = clean(kind), clean(id)
    if rows(connection, "SELECT at FROM seen WHERE kind = :kind AND id = :id", kind=kind, id=id):
        return False
    now = store.now(connection)
    old = moment(now - timedelta(seconds=KEPT))
    execute(connection, "DELETE FROM seen WHERE kind = :kind AND at < :old", kind=kind, old=old)
    insert(connection, "seen", {"kind": kind, "id": id, "at": moment(now)})
    return True


def first_time_or_ours(
    store: Store, connection: Transaction, kind: str, id: str, execution_id: str
) -> bool:
    """As `first_time`, and true again for the execution for which it was true: the answer to its
    commit may have been lost. An execution without an id has one attempt."""
    key = key_of(kind, id)
    if first_time(store, connection, kind, id):
        take_message(store, connection, key, execution_id)
        return True
    found = rows(connection, "SELECT execution_id FROM messages WHERE key = :key", key=key)
    return bool(execution_id and found and found[0]["execution_id"] == execution_id)


@dataclass(frozen=True)
class TakenMessage:
    """That a message was acted upon before: when, and by which execution."""

    at: datetime
    execution_id: str


def take_message(
    store: Store, on: Transaction, key: str, execution_id: str
) -> Optional[TakenMessage]:
    """Take a message for an execution, within the caller's `store.write()`; None when it is ours.

    Of any number at once, one takes it. The actions of one workflow share the execution that
    someone started, and so the message; an execution without an id shares it with nobody. `key` is
    of `key_of`.
    """
    now = store.now(on)
    row = {"key": key, "execution_id": clean(execution_id), "at": moment(now)}
    if insert_new(on, "messages", row):
        old = moment(now - timedelta(seconds=KEPT))
        execute(on, "DELETE FROM messages WHERE at < :old", old=old)
        return None
    found = rows(on, "SELECT execution_id, at FROM messages WHERE key = :key", key=key)[0]
    if execution_id and found["execution_id"] == execution_id:
        return None
    return TakenMessage(from_moment(found["at"]), found["execution_id"])
