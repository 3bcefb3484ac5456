"""What stays when records are archived: what commands answer from, and what is not over."""

from __future__ import annotations

import pytest

from opsroom.db.store import Store
from opsroom.records.model import Event
from opsroom.records.queries import last_of_each, version_before
from support.records.archived import NOW, archive, numbers, verified, years
from support.records.ledgers import Book
from support.records.stores import rows, run

_CHANGE = (
    "INSERT INTO changes (id, deployment, kind, state, command, app, environment, asked_version,"
    " version, commit_id, version_before, owner, shown, person, chat_name, room, st2_user,"
    " execution_id, plan, reason, needed, asked_at, expires_at, facts) VALUES (:id, :deployment,"
    " 'emergency', :state, 'deploy', 'web', 'production', '', '', '', '', '', '', '', '', '', '',"
    " '', '', '', 0, '2016-03-01T10:00:00.000000+00:00', '2016-03-01T10:00:00.000000+00:00', '{}')"
)
_CLAIM = (
    "INSERT INTO claims (app, environment, deployment, command, holder, person, room, st2_user,"
    " execution_id, version, step, started_at, lease_until) VALUES"
    " ('web', 'uat', :deployment, 'deploy', 'alice', 'alice', '', '', '', 'v1', '', '', '')"
)


def test_what_commands_answer_from_stays(store, tmp_path):
    years(store)
    archive(store, tmp_path)
    # Of api the deployment of 2017, of web that of 2019, which the one of 2020 replaced.
    stay = [seq for seq in numbers(store) if seq <= 18]
    kept = rows(store, "SELECT DISTINCT deployment FROM ledger WHERE seq <= 18 ORDER BY 1")
    assert [one for (one,) in kept] == ["a2017", "w2019"]
    assert len(stay) == 6
    with store.read() as on:
        newest = last_of_each(on, [("web", "production"), ("api", "production")])
        assert newest["web", "production"].version == "v1.2026"
        assert newest["api", "production"].version == "v1.2017"
        back = version_before(on, "api", "production", "v1.2017")
        assert back is not None
        assert back.version_before == "v1.2016"


@pytest.mark.databases("sqlite")
def test_what_is_not_over_stays(store, tmp_path):
    years(store)
    run(store, _CHANGE, id="KJ9F", deployment="w2016", state="review")
    run(store, _CHANGE, id="AAAA", deployment="w2017", state="done")
    run(store, _CLAIM, deployment="w2018")
    archive(store, tmp_path)
    left = {one for (one,) in rows(store, "SELECT deployment FROM ledger WHERE seq <= 18")}
    assert left == {"w2016", "w2018", "w2019", "a2017"}


def test_locks_and_incidents_that_last_stay_with_their_records(store, tmp_path):
    book = years_of_locks(store)
    archive(store, tmp_path)
    left = {one for (one,) in rows(store, "SELECT message FROM ledger WHERE seq < 8")}
    assert left == {"held", "open"}
    assert verified(store).ok
    assert book.clock == NOW


def years_of_locks(store: Store) -> Book:
    book = Book(store).at("2016-03-01T10:00:00")
    alone = {"deployment": "", "version": ""}
    book.write(Event.LOCKED, message="over", facts={"until": "2016-03-02T10:00:00Z"}, **alone)
    book.at("2016-04-01T10:00:00")
    book.write(Event.LOCKED, message="undone", environment="uat", facts={"until": ""}, **alone)
    book.write(Event.UNLOCKED, environment="uat", **alone)
    book.write(Event.LOCKED, message="held", environment="test", facts={"until": ""}, **alone)
    book.write(Event.DECLARED, message="closed", facts={"incident": "I1"}, **alone)
    book.write(Event.CLOSED, facts={"incident": "I1"}, **alone)
    book.write(Event.DECLARED, message="open", facts={"incident": "I2"}, **alone)
    book.at("2020-01-01T10:00:00").write(Event.UNLOCKED, environment="test", **alone)
    book.clock = NOW
    book.write(Event.CLOSED, facts={"incident": "I2"}, **alone)
    book.clock = NOW
    return book


def test_what_a_rollback_goes_back_to_stays(store, tmp_path):
    book = Book(store).at("2016-03-01T10:00:00")
    book.deployed("d0", "v8", "v9")
    book.deployed("d1", "v0", "v1")
    book.deployed("d2", "v1", "v2")
    book.deployed("d3", "v2", "v1", command="rollback")
    book.clock = NOW
    book.write(Event.ASKED, deployment="now")
    book.clock = NOW
    with store.read() as on:
        before = version_before(on, "web", "production", "v1")
    archive(store, tmp_path)
    with store.read() as on:
        after = version_before(on, "web", "production", "v1")
    assert before is not None
    assert (after, before.deployment) == (before, "d1")
    left = {one for (one,) in rows(store, "SELECT deployment FROM ledger")} - {""}
    assert left == {"d1", "d3", "now"}


def test_the_last_one_that_succeeded_stays_beside_the_last_one(store, tmp_path):
    book = Book(store).at("2016-03-01T10:00:00")
    book.deployed("d0", "v0", "v1")
    book.deployed("d1", "v1", "v2")
    book.deployed("d2", "v2", "v1", command="rollback")
    book.write(Event.STARTED, deployment="d3", version_before="v1", version="v3")
    book.write(Event.FAILED, deployment="d3", version_before="v1", version="v3")
    book.clock = NOW
    book.write(Event.ASKED, deployment="now")
    book.clock = NOW
    archive(store, tmp_path)
    place = ("web", "production")
    with store.read() as on:
        assert last_of_each(on, [place])[place].deployment == "d3"
        assert last_of_each(on, [place], Event.SUCCEEDED)[place].deployment == "d2"
    left = {one for (one,) in rows(store, "SELECT deployment FROM ledger")} - {""}
    assert left == {"d0", "d2", "d3", "now"}


def test_a_deployment_on_both_sides_stays_whole(store, tmp_path):
    book = Book(store).at("2016-03-01T10:00:00")
    book.deployed("old")
    book.deployed("reviewed")
    book.deployed("newer")
    book.at("2021-03-01T10:00:00").write(Event.REVIEWED, "carol", "reviewed")
    book.clock = NOW
    book.write(Event.ASKED, deployment="now")
    book.clock = NOW
    archive(store, tmp_path)
    left = [one for (one,) in rows(store, "SELECT deployment FROM ledger WHERE seq <= 9")]
    assert sorted(set(left)) == ["newer", "reviewed"]
    assert left.count("reviewed") == 3
