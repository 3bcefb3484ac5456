"""Doing a thing elsewhere once: the same message twice, a lost answer and a runner that died all lead to one card.

Other systems have no keys against doubles, or keys that end with the incident. So before anything is sent, a row says
what is about to be made and which mark it will carry; afterwards it holds the answer. The decision is one transaction.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Dict, Mapping

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from .store import Store
from .store.engine import queue_up
from .store.tables import clean, from_moment, moment, repeats

# The same message by the same person within this long is the same request, in seconds.
WITHIN = 60.0
# A runner that has been at it for longer than this is dead: an action that talks to another system ends before it does.
PATIENCE = 90.0
# What nobody knows the outcome of is looked for this long; after that, the same words mean a new request.
LOOKED_FOR = 900.0


class Turn(str, Enum):
    """What to do about a request.

    GO: nobody has asked this; make it. LOOK: it may have been made; look for the mark first, and make it only when it
    is not there. DONE: it was made; `answer` says what. BUSY: somebody is at it right now.
    """

    GO = "go"
    LOOK = "look"
    DONE = "done"
    BUSY = "busy"


@dataclass(frozen=True)
class Begun:
    """The decision, the mark that the thing made carries, and the answer where there is one already.

    `since` is when it was first asked, `deployment` the id that the ledger's records of that request share.
    """

    turn: Turn
    mark: str
    since: datetime
    deployment: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


def key_of(*parts: str) -> str:
    """One key for what was asked: who, the verb, where, and the text. Only its hash is kept."""
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "replace")).hexdigest()


def new_mark() -> str:
    """A word that nothing else carries: 16 characters, safe in labels, addresses and every query language."""
    return "ops" + secrets.token_hex(7)[:13]


def begin(store: Store, connection: Connection, key: str, deployment: str, within: float = WITHIN) -> Begun:
    """Decide, within the caller's `store.write()`, and take the turn where it is GO or LOOK."""
    queue_up(connection)
    now = store.now(connection)
    row = connection.execute(select(repeats).where(repeats.c.key == key)).first()
    if row is None:
        return _take(connection, key, deployment, now)
    since = from_moment(row.began_at)
    known: Dict[str, Any] = {"mark": row.mark, "since": since, "deployment": row.deployment}
    if row.state == "done" and now < from_moment(row.ended_at) + timedelta(seconds=within):
        return Begun(Turn.DONE, answer=json.loads(row.answer or "{}"), **known)
    if row.state == "done" or now >= since + timedelta(seconds=LOOKED_FOR):
        connection.execute(delete(repeats).where(repeats.c.key == key))
        return _take(connection, key, deployment, now)
    taken = from_moment(row.ended_at or row.began_at)
    if row.state == "doing" and now < taken + timedelta(seconds=PATIENCE):
        return Begun(Turn.BUSY, **known)
    # Its outcome is not known, or its runner died: the mark and the moment stay, so that what was made is found by it.
    connection.execute(
        update(repeats).where(repeats.c.key == key).values(state="doing", ended_at=moment(now), deployment=deployment)
    )
    return Begun(Turn.LOOK, **known)


def done(store: Store, connection: Connection, key: str, answer: Mapping[str, Any]) -> None:
    """It was made: keep what came of it. Old rows go on the way."""
    now = store.now(connection)
    text = clean(json.dumps(answer, ensure_ascii=False, default=str))
    connection.execute(
        update(repeats).where(repeats.c.key == key).values(state="done", ended_at=moment(now), answer=text)
    )
    old = moment(now - timedelta(days=1))
    connection.execute(delete(repeats).where(repeats.c.state == "done", repeats.c.ended_at < old))


def unsure(connection: Connection, key: str) -> None:
    """It may have been made: whoever asks the same again looks first."""
    connection.execute(update(repeats).where(repeats.c.key == key).values(state="unknown"))


def undone(connection: Connection, key: str) -> None:
    """It was not made, for certain: the same may be asked again at once."""
    connection.execute(delete(repeats).where(repeats.c.key == key))


def forget(connection: Connection, mark: str) -> None:
    """What carries this mark is over: the same words ask for something new."""
    connection.execute(delete(repeats).where(repeats.c.mark == mark, repeats.c.state != "doing"))


def _take(connection: Connection, key: str, deployment: str, now: datetime) -> Begun:
    begun = Begun(Turn.GO, new_mark(), now, deployment)
    values = {"key": key, "mark": begun.mark, "state": "doing", "deployment": deployment, "answer": ""}
    connection.execute(insert(repeats), {**values, "began_at": moment(now), "ended_at": ""})
    return begun
