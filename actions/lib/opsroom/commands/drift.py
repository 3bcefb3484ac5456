"""What runs somewhere, compared with what the record says of it."""

from __future__ import annotations

from typing import Optional

from ..records.ledger import Record
from ..structs import dataclass
from ..versions import Running, distinct_names, same


@dataclass(frozen=True)
class Drift:
    """What runs somewhere and what the record says of it; empty where nothing runs or nothing is
    recorded."""

    app: str
    environment: str
    runs: str
    recorded: str


def drift_of(
    app: str, environment: str, record: Optional[Record], running: Running
) -> Optional[Drift]:
    """How what runs differs from the newest deployment there that succeeded; None where it does
    not."""
    known = (
        Running(record.version, str(record.facts.get("commit") or "")) if record else Running("")
    )
    if not (known.version or running.version) or same(known, running):
        return None
    recorded, runs = distinct_names(known, running)
    return Drift(app, environment, runs=runs, recorded=recorded)
