"""What was seen last of each source, in opsroom's own database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Mapping, Optional

from ..db import Store
from ..db.sql import Transaction, clean, insert_new, moment, one_of, rows, update

# So many names at once: SQLite takes 999 parameters in a statement.
_MAX_NAMES = 500


@dataclass(frozen=True)
class Memory:
    """What was seen last: `state` as JSON holds it, and the number of the change that it is from
    (0: never seen)."""

    revision: int = 0
    state: Optional[Mapping[str, Any]] = None


NOTHING = Memory()


def recall(connection: Transaction, sources: Iterable[str]) -> Dict[str, Memory]:
    """What is known of the sources; those never seen are left out."""
    wanted, found = list(sources), {}
    for start in range(0, len(wanted), _MAX_NAMES):
        where, bound = one_of("source", wanted[start : start + _MAX_NAMES])
        query = f"SELECT source, revision, state FROM watched WHERE {where}"  # noqa: S608
        for row in rows(connection, query, **bound):
            found[row["source"]] = Memory(row["revision"], json.loads(row["state"]))
    return found


def remember(
    store: Store, connection: Transaction, source: str, before: Memory, state: Mapping[str, Any]
) -> Optional[Memory]:
    """Write down what was seen, within the caller's `store.write()`, in place of what was known
    before.

    None when someone else has written meanwhile: what was seen may be older than what they saw,
    and nothing is to be told of it.
    """
    text = clean(json.dumps(state, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    values: Dict[str, Any] = {"state": text, "changed_at": moment(store.now(connection))}
    values["revision"] = before.revision + 1
    if before.revision:
        mine = {"source": source, "revision": before.revision}
        written = update(connection, "watched", values, mine) == 1
    else:
        written = insert_new(connection, "watched", {**values, "source": source})
    if not written:
        return None
    return Memory(before.revision + 1, json.loads(text))
