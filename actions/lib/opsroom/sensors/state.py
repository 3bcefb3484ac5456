"""What was seen last of each source, in opsroom's own database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Mapping, Optional

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from ..db import Store
from ..db.sql import clean, moment
from ..db.tables import watched

# So many names at once: SQLite takes 999 parameters in a statement.
_AT_ONCE = 500


@dataclass(frozen=True)
class Memory:
    """What was seen last: `state` as JSON holds it, and the number of the change that it is from
    (0: never seen)."""

    revision: int = 0
    state: Optional[Mapping[str, Any]] = None


NOTHING = Memory()


def recall(connection: Connection, sources: Iterable[str]) -> Dict[str, Memory]:
    """What is known of the sources; those never seen are left out."""
    wanted, found = list(sources), {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(watched).where(watched.c.source.in_(wanted[start : start + _AT_ONCE]))
        for row in connection.execute(query):
            found[row.source] = Memory(row.revision, json.loads(row.state))
    return found


def remember(
    store: Store, connection: Connection, source: str, before: Memory, state: Mapping[str, Any]
) -> Optional[Memory]:
    """Write down what was seen, within the caller's `store.write()`, in place of what was known
    before.

    None when somebody else has written meanwhile: what was seen may be older than what they saw,
    and nothing is to be told of it.
    """
    text = clean(json.dumps(state, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    values: Dict[str, Any] = {"state": text, "changed_at": moment(store.now(connection))}
    values["revision"] = before.revision + 1
    if before.revision:
        mine = (watched.c.source == source, watched.c.revision == before.revision)
        if connection.execute(update(watched).where(*mine).values(values)).rowcount != 1:
            return None
    else:
        try:
            with connection.begin_nested():
                connection.execute(insert(watched), {**values, "source": source})
        except IntegrityError:
            return None
    return Memory(before.revision + 1, json.loads(text))
