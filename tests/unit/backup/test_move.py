"""Moving a database into another one: the same rows and hashes, nothing lost of what was recorded
meanwhile, and the old one closed."""

from __future__ import annotations

import threading
from typing import List

import pytest

from opsroom.backup.__main__ import main
from opsroom.backup.move import TABLES, move
from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure, Refusal
from opsroom.records.chain import verify_chain
from support.errors import failure_of
from support.records.large import fill_large
from support.records.stores import entry, fill, open_gates, rows, run

_EVERY_TABLE = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT table_name FROM information_schema.tables"
    " WHERE table_schema = current_schema()",
}


def refused(*urls: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        move(*urls)
    assert caught.value.code is Code.NOT_ACCEPTED
    return caught.value


def everything(store: Store) -> List[object]:
    return [(table, sorted(rows(store, f"SELECT * FROM {table}"), key=repr)) for table in TABLES]


def test_every_table_is_moved(store):
    found = {one for (one,) in rows(store, _EVERY_TABLE[store.dialect])}
    assert found - {"alembic_version"} == set(TABLES)


def test_rows_and_hashes_arrive_as_they_were_and_come_back(store, store_url, other_url, tmp_path):
    fill(store, entry(message="Größe \\ \t\n “x”", facts={"a": [1, None]}), entry(seconds=1.5))
    run(
        store,
        "INSERT INTO used_codes (person, counter, at) VALUES ('alice', 7, '2026-11-30T20:00:00')",
    )
    before = everything(store)
    moved = move(store_url, other_url)
    assert (moved.rows["ledger"], moved.rows["used_codes"], moved.head) == (2, 1, 2)
    new = open_store(other_url)
    assert everything(new) == before
    with new.read() as on:
        assert verify_chain(on).ok
    assert fill(new, entry())[0].seq == 3
    new.close()
    back = f"sqlite:///{tmp_path}/back.db"
    move(other_url, back)
    again = open_store(back)
    assert [table for table, _ in everything(again)] == list(TABLES)
    assert len(rows(again, "SELECT 1 FROM ledger")) == 3
    again.close()


def test_nothing_is_lost_of_what_commands_record_meanwhile(store, store_url, other_url):
    fill_large(store, 100_000)
    recorded, refusals = [], []

    def work() -> None:
        while not refusals:
            try:
                own = open_store(store_url)
                recorded.extend(fill(own, entry(deployment=f"meanwhile{len(recorded)}")))
                own.close()
            except Failure as failure:
                refusals.append(failure)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        moved = move(store_url, other_url)
    finally:
        thread.join()
    new = open_store(other_url)
    # What was recorded was either moved, or the command failed: it never went on in the old one.
    assert [one.seq for one in recorded if one.seq > moved.head] == []
    assert moved.head == 100_000 + len(recorded)
    assert rows(new, "SELECT max(seq) FROM ledger") == [(moved.head,)]
    new.close()
    assert refusals[0].code in (Code.STORE_CLOSED, Code.STORE_BUSY)


def test_commands_that_have_the_old_address_are_refused(store_url, other_url):
    move(store_url, other_url)
    caught = failure_of(open_store, store_url)
    assert caught.code is Code.STORE_CLOSED
    assert caught.hint == "Set 'database' in the config to the new one."
    assert main(["reopen", "--database", store_url]) == 0
    open_store(store_url).close()


def test_a_command_that_had_opened_the_old_one_records_nothing_there(store, store_url, other_url):
    fill(store, entry())
    move(store_url, other_url)
    caught = failure_of(fill, store, entry())
    assert caught.code is Code.STORE_CLOSED
    assert rows(store, "SELECT count(*) FROM ledger") == [(1,)]
    assert main(["reopen", "--database", store_url]) == 0
    assert fill(store, entry())[0].seq == 2


def test_a_database_with_something_in_it_takes_nothing_more(store, store_url, other_url):
    new = open_store(other_url)
    fill(new, entry())
    new.close()
    assert "is not empty: it has ledger." in refused(store_url, other_url).message
    open_store(store_url).close()


def test_nothing_is_moved_while_a_deployment_is_running(store, store_url, other_url):
    run(
        store,
        "INSERT INTO claims (app, environment, deployment, command, holder, person, room, st2_user,"
        " execution_id, version, step, started_at, lease_until) VALUES"
        " ('web', 'uat', 'd1', 'deploy', 'alice', 'alice', '', '', '', 'v1', '', '', '')",
    )
    assert "web on uat (alice)" in refused(store_url, other_url).message
    new = open_store(other_url)
    assert rows(new, "SELECT count(*) FROM claims") == [(0,)]
    new.close()


def test_a_broken_record_stays_where_it_is(store, store_url, other_url):
    fill(store, entry(), entry())
    open_gates(store)
    run(store, "UPDATE ledger SET message = 'other' WHERE seq = 1")
    assert "is broken: Record 1 was changed" in refused(store_url, other_url).message
    open_store(store_url).close()


@pytest.mark.databases("sqlite")
def test_a_database_is_not_moved_into_itself(store_url):
    assert "the same database" in refused(store_url, store_url).message
