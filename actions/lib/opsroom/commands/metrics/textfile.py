"""For a rule: writes the file that Prometheus reads by way of node_exporter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Mapping

from ...db.sql import Transaction, from_moment, rows
from ...db.store import Store
from ...errors import Code, Refusal
from ...html import PUBLIC, write
from ...html.turns import turn
from ...metrics.render.prometheus import EVERYWHERE, OTHER, State, as_textfile
from ...metrics.totals import count_on, keep_totals, read_totals, totals_file
from ...pagers import State as PageState
from ...records import claims, locks
from ...records.chain import ChainReport
from ...records.changes import open_changes
from ...records.incidents import open_incidents
from ...records.pages import DOUBTFUL, open_pages
from .. import Context, Outcome

NAME = "opsroom.prom"
# The first run reads the whole record, which takes longer than all others. Seconds.
_PATIENCE = 60.0
# More pages than anyone looks at.
_MANY = 10_000
_UNANSWERED = (PageState.TRIGGERED.value, PageState.UNKNOWN.value, DOUBTFUL)


def write_metrics(context: Context, kept: Path) -> Outcome:
    """Count what is new in the record, and write the file into the folder of the config, in one
    step. `kept` is where the totals are kept for the next run.

    What was counted before a record that no longer holds is written on, with
    `opsroom_ledger_verified 0`. Raises Refusal(not_configured) without a folder and without
    prometheus_client, and Failure(store_...).
    """
    folder = context.settings.metrics.folder
    if not folder:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "No folder is configured for the metrics, so no file was written.",
            "Add to opsroom.yaml, for example: metrics: {folder: "
            "/var/lib/prometheus/node-exporter}",
        )
    with turn(Path(folder), "metrics", _PATIENCE) as mine:
        if not mine:
            return Outcome(
                True,
                Code.NOTHING_NEW,
                "Another run is about to write the metrics; this one did not.",
            )
        return _written(context, Path(folder), kept)


def _written(context: Context, folder: Path, kept: Path) -> Outcome:
    store = context.store
    file = totals_file(kept, store.place)
    totals = read_totals(file)
    counted = totals.record
    with store.read() as connection:
        chain = count_on(connection, totals)
        state = _state(context, store, connection, chain)
    content = as_textfile(totals, state)
    path = write(folder, NAME, content, "metrics", PUBLIC)
    if chain.ok and totals.record != counted:
        keep_totals(file, totals)
    facts: Dict[str, Any] = {
        "path": str(path),
        "bytes": len(content),
        "totals": str(file),
        "records": state.records,
        "new_records": totals.record - counted,
        "verified": chain.ok,
        "breaks": [one.message for one in chain.breaks],
    }
    text = f"The metrics of {state.records:,} records are in {path}."
    if not chain.ok:
        text += f" The record does NOT hold: {chain.breaks[0].message}"
    return Outcome(True, Code.METRICS_WRITTEN, text, facts)


def _state(context: Context, store: Store, on: Transaction, chain: ChainReport) -> State:
    settings = context.settings
    now = store.now(on)
    waiting = [one for one in open_changes(on) if not one.expired(now)]
    by_kind = {(name, kind): 0 for name in settings.environments for kind in _KINDS}
    for (environment, kind), count in Counter(
        (one.environment, one.kind.value) for one in waiting
    ).items():
        key = (_known(settings.environments, environment), kind)
        by_kind[key] = by_kind.get(key, 0) + count
    newest = rows(on, "SELECT seq, at FROM ledger ORDER BY seq DESC LIMIT 1")
    return State(
        now=now.timestamp(),
        places=[
            (app.name, name)
            for app in settings.apps.values()
            for name in settings.environments_of(app)
        ],
        waiting=by_kind,
        locks=_by_environment(
            settings.environments, (one.environment for one in locks.current(store, on))
        ),
        running=_by_environment(
            settings.environments,
            (one.environment for one in claims.current(store, on) if not one.expired),
        ),
        pages=sum(one.state in _UNANSWERED for one in open_pages(store, on, limit=_MANY)),
        incidents=len(open_incidents(on)),
        oldest_change=min((one.asked_at.timestamp() for one in waiting), default=None),
        records=int(newest[0]["seq"]) if newest else 0,
        newest_record=_moment(newest[0]["at"]) if newest else 0.0,
        verified=chain.ok,
    )


_KINDS = ("approval", "confirmation", "emergency")


def _known(environments: Mapping[str, Any], name: str) -> str:
    return name if name in environments else OTHER


def _by_environment(environments: Mapping[str, Any], names: Any) -> Dict[str, int]:
    found = dict.fromkeys(environments, 0)
    for name in names:
        key = _known(environments, name) if name else EVERYWHERE
        found[key] = found.get(key, 0) + 1
    return found


def _moment(stored: str) -> float:
    try:
        return from_moment(stored).timestamp()
    except ValueError:
        return 0.0
