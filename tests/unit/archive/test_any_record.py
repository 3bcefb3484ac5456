"""Whatever was recorded: after archiving the chain holds, nothing is lost, and what is asked of
later times is answered as before."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from opsroom.archive.make import plan
from opsroom.archive.proof import prove
from opsroom.audit.period import read_period
from opsroom.audit.report import make_report
from opsroom.db.sql import from_moment
from opsroom.db.store import Store, open_store
from opsroom.metrics.model import Scope
from opsroom.metrics.report import make_report as figures_of
from opsroom.records.model import Event
from opsroom.records.queries import commit_before, last_of_each, version_before
from support.records.archived import archive, verified
from support.records.ledgers import Book
from support.records.stores import rows
from support.records.templates import copy_database

APPS, ENVIRONMENTS = ("web", "api"), ("uat", "production")
PLACES = [(app, environment) for app in APPS for environment in ENVIRONMENTS]
VERSIONS = ("v1", "v2", "v3")
_ENDS = (Event.SUCCEEDED, Event.SUCCEEDED, Event.FAILED, Event.INTERRUPTED, Event.CANCELLED)
_DEPLOYMENT = st.tuples(
    st.just("deployment"),
    st.sampled_from(PLACES),
    st.sampled_from(VERSIONS),
    st.sampled_from(VERSIONS),
    st.sampled_from(_ENDS),
    st.sampled_from(["deploy", "deploy", "rollback", "promote"]),
)
_OTHER = st.tuples(
    st.sampled_from(["lock", "lock for a week", "unlock", "declare", "close", "drift", "review"]),
    st.sampled_from(PLACES),
)
_STEPS = st.lists(
    st.tuples(st.sampled_from([1, 30, 100, 200]), st.one_of(_DEPLOYMENT, _DEPLOYMENT, _OTHER)),
    min_size=16,
    max_size=40,
)


def record(book: Book, steps: List[Tuple[int, Any]]) -> None:
    """Write them, so many days one after the other."""
    deployments: List[str] = []
    for number, (days, (what, place, *more)) in enumerate(steps):
        book.clock += timedelta(days=days)
        named: Dict[str, Any] = {"app": place[0], "environment": place[1]}
        alone = {**named, "deployment": "", "version": ""}
        if what == "deployment":
            before, version, end, command = more
            told = {"version_before": before, "version": version, "command": command, **named}
            deployments.append(f"d{number}")
            for said in (Event.ASKED, Event.STARTED, end):
                book.write(said, deployment=f"d{number}", **told)
        elif what.startswith("lock"):
            until = (book.clock + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
            facts = {"reason": "test", "until": until if what != "lock" else ""}
            book.write(Event.LOCKED, facts=facts, **alone)
        elif what == "review" and deployments:
            book.write(Event.REVIEWED, "carol", deployments[len(deployments) // 2], **named)
        elif what in ("unlock", "drift"):
            book.write({"unlock": Event.UNLOCKED, "drift": Event.DRIFT}[what], **alone)
        else:
            said = Event.CLOSED if what == "close" else Event.DECLARED
            facts = {"incident": place[0], "app": place[0], "who": "web-team"}
            book.write(said, facts=facts, **alone)
    book.clock += timedelta(days=1)


def of_today(store: Store) -> Any:
    """What commands answer from."""
    with store.read() as on:
        ended, succeeded = last_of_each(on, PLACES), last_of_each(on, PLACES, Event.SUCCEEDED)
        back = {}
        for place, one in succeeded.items():
            found = version_before(on, *place, one.version)
            back[place] = found and (found, commit_before(on, found))
    return ended, succeeded, back


def of_later(store: Store, since: datetime, until: datetime) -> Any:
    """Report and figures of a time, but for what the chain says of itself."""
    period = read_period(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}")
    report = make_report(store, period)
    found: List[Any] = [report.changes, report.attempts, report.locks, report.gaps]
    found.append(report.exceptions)
    for environment in ENVIRONMENTS:
        scope = Scope(environment, environment, None, {"web-team": "web"})
        figures = figures_of(store, scope, period)
        found += [figures.figures, figures.by_app]
    return found


@pytest.mark.databases("sqlite")
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS, keep=st.sampled_from([12, 18, 24]))
def test_nothing_changes_but_where_old_records_are(steps, keep):
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(copy_database(Path(folder, "db", "opsroom.db")))
        book = Book(store).at("2010-01-01T00:00:00")
        half = len(steps) // 2
        files = Path(folder, "files")
        for part in (steps[:half], steps[half:]):
            record(book, part)
            before = of_today(store)
            every = dict(rows(store, "SELECT seq, hash FROM ledger"))
            due = plan(store, keep, timedelta())
            event(f"archived: {due is not None}")
            if due is None:
                assert archive(store, files, keep) == []
                continue
            later = (from_moment(due.until) + timedelta(days=1), book.clock)
            reports = of_later(store, *later)
            archive(store, files, keep)
            assert verified(store).ok
            assert of_today(store) == before
            assert of_later(store, *later) == reports
            assert (
                every.items()
                >= dict(
                    rows(store, "SELECT seq, hash FROM ledger WHERE event <> 'archived'")
                ).items()
            )
        with store.read() as on:
            proof = prove(on, files, [])
        chain = verified(store)
        assert proof.breaks == ()
        assert proof.records == (chain.archive.last if chain.archive else 0)
        store.close()
