"""What was counted in the record so far: for counters that only grow, of all time.

A run reads the records since the one before, whose totals a file beside the database has; so it
costs the same with a million records as with a thousand. The same records are verified: that each
continues the chain from the one that was verified last.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, List, Tuple

from ..db.sql import Transaction
from ..html import write
from ..records.chain import ChainReport, verify_after, verify_chain
from ..records.chain.archives import newest_archive
from ..records.queries import FINISHED
from ..structs import dataclass

# The upper limits of the buckets of a duration, in seconds; the last one has no limit.
LIMITS = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
# Raised when what is in the file changes: older ones are then counted anew.
_FORMAT = 1
_BUCKETS = ", ".join(
    f"sum(CASE WHEN milliseconds <= {limit * 1000} THEN 1 ELSE 0 END)" for limit in LIMITS
)
# What did not succeed counts where it had begun. All that is written into it is our own.
_ENDED = (
    "SELECT app, environment, event, count(*), "  # noqa: S608
    f"sum(milliseconds), count(milliseconds), {_BUCKETS}"
    f" FROM ledger AS ended WHERE {FINISHED} AND seq > :after AND app <> '' AND environment <> ''"
    " AND (event = 'succeeded' OR EXISTS (SELECT 1 FROM ledger AS begun"
    " WHERE begun.deployment = ended.deployment AND begun.event = 'started'))"
    " GROUP BY app, environment, event"
)
_NEWEST = (
    "SELECT app, environment, event, count(*), max(seq) FROM ledger"
    " WHERE seq > :after AND event IN ('drift', 'succeeded') AND app <> ''"
    " GROUP BY app, environment, event"
)

Place = Tuple[str, str]


@dataclass
class Duration:
    """How long deployments took that succeeded: so many, all together, and how many of them within
    each of LIMITS."""

    count: int = 0
    seconds: float = 0.0
    within: List[int] = field(default_factory=lambda: [0] * len(LIMITS))


@dataclass
class Totals:
    """What the records up to `record`, whose hash is `hash`, say; the place is an application and
    an environment.

    `outcomes` counts ends of deployments by place and event, `drifts` how often something was found
    to run that nobody had asked for. `newest` are the newest records of a place that say so, and
    that a deployment succeeded: (drift, success), 0 for none.
    """

    record: int = 0
    hash: str = ""
    outcomes: Dict[Tuple[str, str, str], int] = field(default_factory=dict)
    durations: Dict[Place, Duration] = field(default_factory=dict)
    drifts: Dict[Place, int] = field(default_factory=dict)
    newest: Dict[Place, Tuple[int, int]] = field(default_factory=dict)

    def drifted(self, place: Place) -> bool:
        """Whether something else was found to run there since the last deployment."""
        drift, success = self.newest.get(place, (0, 0))
        return drift > success


def count_on(on: Transaction, totals: Totals) -> ChainReport:
    """Verify what is new, and add it to the totals; nothing is added when the chain is broken.

    What was archived since the last run is not counted."""
    archive = newest_archive(on)
    if totals.record > (archive.last if archive is not None else 0):
        chain = verify_after(on, totals.record, totals.hash)
    else:
        chain = verify_chain(on)
    if not chain.ok or chain.head == totals.record:
        return chain
    after = {"after": totals.record}
    for app, environment, event, count, milliseconds, timed, *within in on.stream(_ENDED, after):
        key = (app, environment, event)
        totals.outcomes[key] = totals.outcomes.get(key, 0) + count
        if event == "succeeded":
            known = totals.durations.setdefault((app, environment), Duration())
            known.count += timed
            known.seconds += float(milliseconds or 0) / 1000
            known.within = [one + int(more) for one, more in zip(known.within, within)]
    for app, environment, event, count, newest in on.stream(_NEWEST, after):
        place = (app, environment)
        drift, success = totals.newest.get(place, (0, 0))
        if event == "drift":
            totals.drifts[place] = totals.drifts.get(place, 0) + count
            totals.newest[place] = (newest, success)
        else:
            totals.newest[place] = (drift, newest)
    totals.record, totals.hash = chain.head, chain.head_hash
    return chain


def totals_file(folder: Path, place: str) -> Path:
    """The file of one database, by the database in words."""
    name = sha256(place.encode("utf-8", "replace")).hexdigest()[:16]
    return folder / f"totals-{name}.json"


def read_totals(path: Path) -> Totals:
    """What was counted by the run before; nothing where there was none, or its file is of no use:
    then all is counted again."""
    with suppress(OSError, ValueError, TypeError, KeyError, IndexError):
        found = json.loads(path.read_text("utf-8"))
        if found["format"] == _FORMAT:
            return _totals(found)
    return Totals()


def keep_totals(path: Path, totals: Totals) -> None:
    """Write them for the next run, in one step. Raises Failure(store_unreachable)."""
    places: Dict[Place, Dict[str, Any]] = {}
    for (app, environment, event), count in totals.outcomes.items():
        places.setdefault((app, environment), {}).setdefault("outcomes", {})[event] = count
    for place, duration in totals.durations.items():
        kept = [duration.count, duration.seconds, *duration.within]
        places.setdefault(place, {})["duration"] = kept
    for place, newest in totals.newest.items():
        places.setdefault(place, {})["newest"] = list(newest)
    for place, count in totals.drifts.items():
        places.setdefault(place, {})["drifts"] = count
    document = {
        "format": _FORMAT,
        "record": totals.record,
        "hash": totals.hash,
        "places": [[*place, kept] for place, kept in sorted(places.items())],
    }
    write(path.parent, path.name, json.dumps(document).encode(), "totals")


def _totals(found: Dict[str, Any]) -> Totals:
    totals = Totals(int(found["record"]), str(found["hash"]))
    for app, environment, kept in found["places"]:
        place = (str(app), str(environment))
        for event, count in kept.get("outcomes", {}).items():
            totals.outcomes[(*place, str(event))] = int(count)
        if "duration" in kept:
            count, seconds, *within = kept["duration"]
            if len(within) != len(LIMITS):
                raise ValueError("other limits")
            totals.durations[place] = Duration(
                int(count), float(seconds), [int(one) for one in within]
            )
        if "newest" in kept:
            drift, success = kept["newest"]
            totals.newest[place] = (int(drift), int(success))
        if "drifts" in kept:
            totals.drifts[place] = int(kept["drifts"])
    return totals
