"""What answers from the record says what was archived, instead of showing less."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from opsroom.audit.period import read_period
from opsroom.audit.reconcile import compare
from opsroom.audit.report import make_report
from opsroom.metrics.model import Scope
from opsroom.metrics.report import make_report as figures_of
from opsroom.metrics.totals import Totals, count_on
from opsroom.records.chain.archives import newest_archive
from opsroom.records.model import Event
from opsroom.stackstorm.history import PastExecution
from support.records.archived import NOW, archive, years
from support.records.ledgers import Book
from support.records.stores import rows
from support.worlds.boards import board_of
from support.worlds.world import World, make_world

FILE = "opsroom-archive-0000000001-0000000018.jsonl.gz"
SENTENCE = f"The record up to number 18 (2019-03-01) is archived in {FILE}"
WEB = {"app": "web", "environment": "production"}
SCOPE = Scope("web on production", "production", ("web",), {})


@pytest.fixture
def book(store, tmp_path: Path) -> Book:
    made = years(store)
    archive(store, tmp_path / "files")
    return made


@pytest.fixture
def world(book: Book, store_url: str, tmp_path: Path) -> World:
    book.store.close()
    return make_world(tmp_path, store_url)


def test_history_that_reaches_its_end_says_where_the_rest_is(world):
    told = world.ask("get_history", **WEB, limit=20)
    assert told["message"].endswith(f"\n{SENTENCE}.")
    assert told["archived"]["file"] == FILE
    # All that stayed, with the one that an older one of these replaced.
    assert [one["version"] for one in told["deployments"]][-2:] == ["v1.2020", "v1.2019"]


@pytest.mark.databases("sqlite")
def test_history_that_is_cut_before_it_says_nothing_of_it(world):
    told = world.ask("get_history", **WEB, limit=3)
    assert ("archived" in told["message"], "archived" in told) == (False, False)


@pytest.mark.databases("sqlite")
def test_history_of_a_place_without_any_does_not_say_never(world):
    told = world.ask("get_history", app="web", environment="test", limit=20)
    assert told["message"] == f"web on test: the record has no deployment. {SENTENCE}."


@pytest.mark.databases("sqlite")
def test_a_rollback_that_finds_nothing_before_says_why(store, tmp_path, store_url):
    Book(store).at("2016-01-01T00:00:00").deployed("d1", "", "v1.0.0", environment="test")
    Book(store).at("2026-01-01T00:00:00").write(Event.ASKED, deployment="d2")
    archive(store, tmp_path / "files")
    store.close()
    world = make_world(tmp_path, store_url)
    del world.config["apps"]["web"]["version"]
    told = world.ask("rollback", app="web", environment="test")
    assert told["code"] == "nothing_before"
    assert (
        "before web v1.0.0. The record up to number 3 (2016-01-01) is archived in"
        in (told["message"])
    )


@pytest.mark.databases("sqlite")
def test_a_board_that_shows_all_that_is_left_says_where_the_rest_is(world):
    assert board_of(world.config, world.database).archived == f"{SENTENCE}."


def test_verifying_says_how_far_it_is_archived(world):
    told = world.ask("audit_verify", head="", record=0, keep=False)
    assert (told["ok"], told["archived"]) == (True, 18)
    assert f"{SENTENCE}.\n" in told["message"]


def test_a_report_on_an_archived_time_is_not_called_complete(book):
    report = make_report(book.store, read_period("2018"))
    (gap,) = report.gaps
    assert gap.code == "archived"
    assert gap.message.startswith(f"{SENTENCE}; of what was before, this report has only what")
    assert not any("The record begins" in one for one in report.notes)
    (note,) = make_report(book.store, read_period("2015")).notes
    assert note.startswith("The record begins at 2016-03-01")


def test_a_report_on_a_later_time_is_as_before(book):
    report = make_report(book.store, read_period("2020"))
    assert (report.gaps, len(report.changes)) == ((), 1)
    # Nothing was changed outside between what was archived and what was not; here it was.
    book.at("2026-11-30T13:00:00").deployed("later", "v1.other", "v1.2027")
    codes = [one.code for one in make_report(book.store, read_period("2026")).gaps]
    assert "changed_outside" in codes


def test_what_was_changed_outside_around_the_archive_is_seen(store, tmp_path):
    book = Book(store).at("2016-01-01T00:00:00")
    book.deployed("d1", "v1", "v2")
    book.deployed("d2", "v2", "v3")
    book.at("2025-01-01T00:00:00").deployed("d3", "v9", "v4")
    book.clock = NOW
    book.write(Event.ASKED, deployment="d4")
    archive(store, tmp_path)
    assert rows(store, "SELECT count(*) FROM ledger WHERE deployment = 'd1'") == [(0,)]
    assert [one.code for one in make_report(store, read_period("2025")).gaps] == ["changed_outside"]


def test_figures_do_not_count_what_stayed_of_an_archived_time(book):
    made = figures_of(book.store, SCOPE, read_period("2019"))
    assert (made.figures.deployments, made.figures_before.deployments) == (0, 0)
    assert any(one.startswith(SENTENCE) for one in made.notes)
    next_year = figures_of(book.store, SCOPE, read_period("2020"))
    assert (next_year.figures.deployments, next_year.figures_before.deployments) == (1, 0)
    after = figures_of(book.store, SCOPE, read_period("2021"))
    assert (after.figures.deployments, after.figures_before.deployments) == (1, 1)
    assert after.notes == ()


def test_counters_never_go_back(store, tmp_path):
    book = years(store)
    totals, later = Totals(), Totals()
    with store.read() as on:
        count_on(on, totals)
        before = dict(totals.outcomes)
    # One whose last run was long before what is archived now.
    later.record, later.hash, later.outcomes = 5, "x", {**before}
    archive(store, tmp_path)
    book.at("2026-11-30T13:00:00").deployed("later", "v1.2026", "v1.2027")
    key = ("web", "production", "succeeded")
    with store.read() as on:
        assert count_on(on, totals).ok
        assert count_on(on, later).ok
    assert (before[key], totals.outcomes[key]) == (11, 12)
    assert later.outcomes[key] >= 12


def test_executions_of_an_archived_time_are_not_called_unrecorded(book):
    with book.store.read() as on:
        until = datetime.fromisoformat(newest_archive(on).until)

    def past(id_: str, at: str) -> PastExecution:
        when = datetime.fromisoformat(at).replace(tzinfo=timezone.utc)
        return PastExecution(id_, "opsroom.deploy", "succeeded", when, "alice")

    history = [past("old", "2018-01-01"), past("new", "2020-01-01")]
    found = compare({}, history, until, lambda one: False, lambda ids: [], until)
    assert ([one.id for one in found.only_stackstorm], found.archived) == (["new"], 1)
