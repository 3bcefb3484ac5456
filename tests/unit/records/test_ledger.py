"""The ledger: what goes in comes out, it only grows, and history is told in the right order and
from an index."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Mapping

import pytest

from opsroom.db.store import Store, open_store
from opsroom.errors import Failure
from opsroom.records.chain import verify_chain
from opsroom.records.ledger import append, of_deployment
from opsroom.records.model import Event
from opsroom.records.queries import deployments, last_of_each, last_succeeded, version_before
from support.processes import at_once
from support.records.stores import entry, fill, rows, run


def test_a_record_comes_back_as_it_was_written(store: Store) -> None:
    everything = entry(
        Event.FAILED,
        deployment="ab12",
        command="promote",
        requester="Alice É. 漢字",
        person="alice",
        chat_name="alice!~alice@10.0.0.7",
        room="#ops",
        st2_user="chatops_bot",
        execution_id="65f0",
        version_before="v1",
        version="v2",
        code="not_verified",
        message='it said "no"\n\tand \\ more',
        seconds=12.3456,
        facts={"nested": {"list": [1, 2.5, None, True]}, "text": "ü"},
    )
    written = fill(store, everything)[0]
    with store.read() as connection:
        read = deployments(connection)[0]
    assert read == written
    for name in ("deployment", "requester", "message", "version", "facts", "event", "chat_name"):
        assert getattr(read, name) == getattr(everything, name)
    assert read.seconds == 12.346
    assert read.seq == 1
    assert read.at.tzinfo is not None
    assert abs(read.at - datetime.now(timezone.utc)) < timedelta(minutes=5)


def test_an_auditor_can_recompute_the_hash_with_other_tools(store: Store) -> None:
    fill(store, entry(message="naïve → 漢字 \x7f \x1b"), entry(seconds=0.5, facts={"a": "ü"}))
    names = [column for column in _columns(store) if column != "hash"]
    previous = "0" * 64
    for row in rows(store, f"SELECT {', '.join(names)}, hash FROM ledger ORDER BY seq"):
        values = dict(zip(names, row))
        assert values["previous_hash"] == previous
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert row[-1] == hashlib.sha256(text.encode()).hexdigest()
        previous = row[-1]


def test_what_no_column_can_hold_is_taken_out_of_texts_and_never_loses_the_record(
    store: Store,
) -> None:
    odd = {"nul": "a\0b", "half": "\ud800", "infinite": math.inf, "object": datetime, 3: {"x"}}
    record = fill(store, entry(message="a\0b\ud800c", seconds=math.nan, facts=odd))[0]
    assert record.message == "ab?c"
    assert record.seconds is None
    assert record.facts["nul"] == "ab"
    assert record.facts["half"] == "?"
    assert record.facts["infinite"] == "inf"
    assert record.facts["3"] == ["x"]
    with store.read() as connection:
        assert deployments(connection) == [record]
        assert verify_chain(connection).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET requester = 'bob' WHERE seq = 1",
        "UPDATE ledger SET seq = 9 WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 2",
        "DELETE FROM ledger",
        "INSERT INTO ledger SELECT 7, at, event, deployment, command, requester, person, "
        "chat_name, room, st2_user,"
        " execution_id, app, environment, version_before, version, code, message, milliseconds, "
        "facts, 'x', 'y'"
        " FROM ledger WHERE seq = 1",
        "sqlite: INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 1",
        "sqlite: UPDATE OR REPLACE ledger SET seq = 2 WHERE seq = 1",
        "sqlite: REPLACE INTO ledger SELECT 2, at, event, deployment, command, requester, "
        "person, chat_name, room,"
        " st2_user, execution_id, app, environment, version_before, version, code, message, "
        "milliseconds, facts,"
        " previous_hash, hash FROM ledger WHERE seq = 1",
        "postgresql: TRUNCATE ledger",
        "postgresql: INSERT INTO ledger SELECT * FROM ledger WHERE seq = 1"
        " ON CONFLICT (seq) DO UPDATE SET requester = 'bob'",
        "postgresql: SET LOCAL session_replication_role = replica; DELETE FROM ledger",
    ],
)
def test_the_database_itself_refuses_to_change_the_ledger(store: Store, statement: str) -> None:
    dialect, _, bare = statement.rpartition(": ")
    if dialect not in ("", store.dialect):
        pytest.skip(f"a statement of {dialect}")
    fill(store, entry(requester="alice"), entry(requester="carol"))
    before = rows(store, "SELECT * FROM ledger ORDER BY seq")
    with pytest.raises(Exception, match="append-only"):
        run(store, bare)
    assert rows(store, "SELECT * FROM ledger ORDER BY seq") == before


def test_a_record_is_gone_with_the_transaction_that_was_to_write_it(store: Store) -> None:
    def stopped() -> None:
        with store.write() as connection:
            append(store, connection, entry())
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    fill(store, entry())
    assert rows(store, "SELECT seq FROM ledger") == [(1,)]


def test_eight_processes_that_append_at_once_make_one_chain_without_gaps(
    store: Store, store_url: str
) -> None:
    at_once(8, _append_ten, store_url)
    assert [seq for (seq,) in rows(store, "SELECT seq FROM ledger ORDER BY seq")] == list(
        range(1, 81)
    )
    with store.read() as connection:
        report = verify_chain(connection)
    assert (report.ok, report.records, report.head) == (True, 80, 80)


def test_the_time_of_a_record_is_never_before_that_of_the_one_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 5, 1, 12, 0, tzinfo=timezone.utc)
    clock = iter([noon, noon - timedelta(hours=1), noon + timedelta(microseconds=1)])
    monkeypatch.setattr(Store, "now", lambda self, connection: next(clock))
    first, second, third = fill(store, entry(), entry(), entry())
    assert (first.at, second.at, third.at) == (noon, noon, noon + timedelta(microseconds=1))
    assert "clock" not in first.facts
    assert second.facts["clock"] == "2026-05-01T11:00:00.000000+00:00"
    with store.read() as connection:
        assert verify_chain(connection).ok


def test_history_shows_ended_deployments_newest_first_and_page_by_page(store: Store) -> None:
    fill(
        store,
        entry(Event.ASKED, version="1"),
        entry(Event.STARTED, version="1"),
        entry(Event.SUCCEEDED, version="1"),
        entry(Event.REFUSED, version="2"),
        entry(Event.FAILED, version="3", environment="test"),
        entry(Event.INTERRUPTED, version="4", app="api"),
    )
    with store.read() as connection:

        def versions(**narrow: object) -> list:
            return [record.version for record in deployments(connection, **narrow)]

        assert versions() == ["4", "3", "1"]
        assert versions(limit=2) == ["4", "3"]
        assert versions(before=5) == ["1"]
        assert versions(environment="uat") == ["4", "1"]
        assert versions(app="web") == ["3", "1"]
        assert versions(app="web", environment="uat") == ["1"]
        assert versions(app="none") == []


def test_the_records_of_one_deployment_are_told_oldest_first(store: Store) -> None:
    fill(
        store,
        entry(Event.ASKED, deployment="a"),
        entry(Event.ASKED, deployment="b"),
        entry(deployment="a"),
    )
    with store.read() as connection:
        assert [record.seq for record in of_deployment(connection, "a")] == [1, 3]


def test_the_last_success_is_of_this_application_on_this_environment(store: Store) -> None:
    fill(
        store,
        entry(version="1"),
        entry(version="2", environment="test"),
        entry(version="3", app="api"),
        entry(Event.FAILED, version="4"),
    )
    with store.read() as connection:
        found = last_succeeded(connection, "web", "uat")
        assert found is not None
        assert found.version == "1"
        assert last_succeeded(connection, "web", "production") is None


def test_the_last_of_each_place_is_what_is_found_for_it_alone(store: Store) -> None:
    places = [(app, place) for app in ("web", "api", "x" * 80) for place in ("uat", "test")]
    fill(
        store,
        *(entry(version="1", app=app, environment=place) for app, place in places),
        *(entry(version=f"2 {app}", app=app) for app, place in places if place == "uat"),
        entry(Event.FAILED, version="3"),
        entry(Event.STARTED, version="4"),
        entry(Event.SUCCEEDED, version="5", environment="other"),
    )
    # More than fit into one query.
    asked = [*places, *((f"no{number}", "uat") for number in range(150))]
    with store.read() as connection:
        succeeded = last_of_each(connection, asked, Event.SUCCEEDED)
        ended = last_of_each(connection, asked)
        assert succeeded == {one: last_succeeded(connection, *one) for one in places}
        assert {one: [record] for one, record in ended.items()} == {
            one: deployments(connection, *one, limit=1) for one in places
        }
        assert (succeeded["web", "uat"].version, ended["web", "uat"].version) == ("2 web", "3")
        assert last_of_each(connection, []) == {}


def _before(store: Store, current: str) -> str:
    with store.read() as connection:
        found = version_before(connection, "web", "uat", current)
    return found.version_before if found else ""


def test_a_rollback_goes_to_the_version_before_and_a_second_one_further_back(store: Store) -> None:
    fill(
        store,
        entry(version="v1", version_before=""),
        entry(version="v2", version_before="v1"),
        entry(version="v3", version_before="v2"),
    )
    assert _before(store, "v3") == "v2"
    fill(store, entry(command="rollback", version="v2", version_before="v3"))
    assert _before(store, "v2") == "v1"
    fill(store, entry(command="rollback", version="v1", version_before="v2"))
    assert _before(store, "v1") == ""


@pytest.mark.parametrize(
    ("recorded", "values", "current", "expected"),
    [
        ("a version that failed to come up", {"event": Event.FAILED}, "v2", "v1"),
        ("a deployment that was refused", {"event": Event.REFUSED}, "v2", ""),
        ("a deployment that only began", {"event": Event.STARTED}, "v2", ""),
        ("another environment does not count", {"environment": "test"}, "v2", ""),
        ("another application does not count", {"app": "api"}, "v2", ""),
        ("a version that was never deployed", {}, "v9", ""),
        ("a leading v does not matter", {}, "2", "v1"),
        ("a redeployment of the same version", {"version_before": "2"}, "v2", ""),
        ("a commit may be abbreviated", {"version": "abcdef1234567"}, "abcdef1", "v1"),
        ("promoted versions count too", {"command": "promote"}, "v2", "v1"),
    ],
)
def test_what_a_rollback_may_go_back_to(
    store: Store, recorded: str, values: dict, current: str, expected: str
) -> None:
    fill(store, replace(entry(version="v2", version_before="v1"), **values))
    assert _before(store, current) == expected, recorded


def test_history_is_read_from_an_index_of_ended_deployments_whatever_else_is_recorded(
    store: Store,
) -> None:
    with store.write() as connection:
        for number in range(1200):
            event = Event.SUCCEEDED if number % 3 == 0 else Event.REFUSED
            app, environment = f"app{number % 7}", f"environment{number % 11}"
            append(
                store,
                connection,
                entry(event, deployment=f"d{number}", app=app, environment=environment),
            )
    run(store, "ANALYZE")
    for narrow, index in (
        ({}, "ledger_finished"),
        ({"app": "app1"}, "ledger_finished_app"),
        ({"environment": "environment1"}, "ledger_finished_environment"),
        ({"app": "app1", "environment": "environment1"}, "ledger_finished_place"),
    ):
        for before in (None, 900):
            plan = _plan(store, partial(deployments, before=before, **narrow))
            assert f" {index} " in plan, (narrow, before)
            assert "Sort" not in plan
            assert "TEMP B-TREE" not in plan
    assert " ledger_deployment " in _plan(store, lambda connection: of_deployment(connection, "d7"))


def _plan(store: Store, ask: object) -> str:
    """How the database would answer the query that `ask` makes."""
    how = "EXPLAIN QUERY PLAN " if store.dialect == "sqlite" else "EXPLAIN "
    lines = []
    with store.begin(writes=False) as connection:
        caught = []
        execute = connection.execute

        def catch(statement: str, values: Mapping[str, Any]) -> Any:
            caught.append((statement, values))
            return execute(statement, values)

        connection.execute = catch
        ask(connection)
        for statement, values in caught:
            plan = execute(how + statement, values).fetchall()
            lines += [" ".join(map(str, row)) for row in plan]
    return " " + " ".join(lines).replace("\n", " ") + " "


def _append_ten(index: int, url: str) -> None:
    store = open_store(url)
    for number in range(10):
        fill(store, entry(message=f"{index}.{number}"))
    store.close()


def _columns(store: Store) -> list:
    with store.read() as connection:
        cursor = connection.execute("SELECT * FROM ledger LIMIT 0", {})
        return [column[0] for column in cursor.description]


def test_a_record_cannot_be_written_in_a_reading_transaction_of_postgresql(store: Store) -> None:
    if store.dialect != "postgresql":
        pytest.skip("SQLite has no reading transactions")
    with pytest.raises(Failure) as caught, store.read() as connection:
        append(store, connection, entry())
    assert caught.value.code.value == "store_read_only"
