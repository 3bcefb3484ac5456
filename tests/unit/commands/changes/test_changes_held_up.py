"""Changes that are approved while the database or a runner is in trouble."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from typing import Any, Callable, Iterator

import pytest

from opsroom.action import OpsroomAction
from opsroom.commands import request as record
from opsroom.commands.changes import execute
from opsroom.commands.deployments import pipeline
from opsroom.db.sql import Transaction
from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure
from opsroom.records.changes import begin, tidy
from support.expectations import expect
from support.worlds.guarded import (
    approvals_in,
    approve,
    let_minutes_pass,
    let_time_run_out,
    state_of,
    wait_for,
)
from support.worlds.world import World, runs

BROKEN = runs("/bin/false")


def look(world: World) -> None:
    """What any command does that looks at changes."""
    store = open_store(world.database)
    with store.write() as connection:
        tidy(store, connection)


def before(
    monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], None], where: Any = pipeline
) -> None:
    """Do something, once, when the deployment comes to that step."""
    step = getattr(where, name)

    def acting(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(where, name, step)
        surroundings = OpsroomAction.surroundings
        act()
        OpsroomAction.surroundings = surroundings
        return step(*given, **named)

    monkeypatch.setattr(where, name, acting)


class Away:
    """A database that does not answer while `away` is set, or for so many transactions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.transactions = 0
        begin = Store.begin

        @contextmanager
        def maybe(store: Store, writes: bool) -> Iterator[Transaction]:
            if self.transactions > 0:
                self.transactions -= 1
                raise sqlite3.OperationalError("unable to open database file")
            with begin(store, writes) as on:
                yield on

        monkeypatch.setattr(Store, "begin", maybe)


def test_without_a_database_its_release_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(monkeypatch)
    monkeypatch.setattr(record, "_TIMEOUT", 0.0)
    change = wait_for(world)

    def go() -> None:
        away.transactions = 10_000

    before(monkeypatch, "run_deployment", go, execute)
    answer = approve(world, change)
    away.transactions = 0
    expect(answer, ok=False, outcome="failed", code="store_unreachable")
    assert "still waits" not in answer["message"]
    assert re.search(
        r"it is released automatically at (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC", answer["message"]
    )
    assert state_of(world, change) == "deploying"
    assert approve(world, change, "dave")["code"] == "change_closed"
    let_minutes_pass(world, change)
    assert approve(world, change)["code"] == "deployed"
    assert approvals_in(world, change) == 1
    assert world.events()[2:] == [
        "approved",
        "refused",
        "waiting",
        "approved",
        "started",
        "succeeded",
    ]


def test_a_database_away_briefly_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(monkeypatch)
    change = wait_for(world)

    def go() -> None:
        # The step itself, and the first try to put the change back.
        away.transactions = 2

    before(monkeypatch, "run_deployment", go, execute)
    answer = approve(world, change)
    assert away.transactions == 0
    assert f"Change {change} could not go ahead and still waits." in answer["message"]
    assert state_of(world, change) == "open"
    assert world.events()[-1] == "refused"


def test_what_was_never_touched_stays_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    change = wait_for(world)
    source = world.config["apps"]["web"]["version"]
    world.config["apps"]["web"]["version"] = BROKEN
    write = record.Request.end

    def end(self: Any, *given: Any, **named: Any) -> Any:
        look(world)
        done = write(self, *given, **named)
        look(world)
        return done

    monkeypatch.setattr(record.Request, "end", end)
    answer = approve(world, change)
    assert (answer["outcome"], state_of(world, change)) == ("failed", "open")
    assert f"Change {change} could not go ahead and still waits." in answer["message"]
    assert world.events() == ["asked", "waiting", "approved", "refused"]
    assert world.finished() == []
    world.config["apps"]["web"]["version"] = source
    assert approve(world, change)["code"] == "deployed"
    assert len(world.finished()) == 1


def test_an_early_defect_leaves_it_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    change = wait_for(world)

    def crash() -> None:
        raise ZeroDivisionError

    before(monkeypatch, "settle_interrupted", crash)
    assert approve(world, change)["code"] == "crashed"
    assert (state_of(world, change), world.events()[-1], world.claims()) == ("open", "refused", 0)


def test_what_expired_meanwhile_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    change = wait_for(world)
    world.lock("production", who="dave")
    before(monkeypatch, "check_locks_and_freezes", lambda: let_time_run_out(world, change))
    answer = approve(world, change)
    assert "its time is over" in answer["message"]
    assert answer["hint"] == "Ask again: deploy web v1.1.0 to production"
    assert state_of(world, change) == "expired"
    assert world.events()[-2:] == ["refused", "expired"]


def test_a_slow_runner_deploys_nothing_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    change = wait_for(world)

    def others() -> None:
        let_minutes_pass(world, change)
        assert approve(world, change, "dave")["code"] == "deployed"
        guarded = world.config["environments"]["production"]
        world.config["environments"]["production"] = {}
        expect(world.deploy("v1.0.0", "production"), code="deployed")
        world.config["environments"]["production"] = guarded

    before(monkeypatch, "_take_claim", others)
    monkeypatch.setattr(pipeline, "_still_as_expected", lambda *given: None)
    answer = approve(world, change)
    expect(answer, ok=False, code="change_closed")
    assert "released meanwhile" in answer["message"]
    assert world.running("production") == "v1.0.0"
    assert (state_of(world, change), world.claims()) == ("done", 0)
    started = [one.facts.get("change") for one in world.records() if one.event.value == "started"]
    assert started == [change, None]


def test_a_slow_runner_leaves_the_next_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from opsroom.records.claims import Claim, take

    change = wait_for(world)
    deployment = world.records()[0].deployment

    def another() -> None:
        let_minutes_pass(world, change)
        store = open_store(world.database)
        with store.write() as connection:
            tidy(store, connection)
            assert begin(store, connection, change, "dave")
            claim = Claim(
                "web", "production", deployment, "deploy", "alice", execution_id="another"
            )
            assert take(store, connection, claim, 60) is None

    before(monkeypatch, "check_locks_and_freezes", another)
    answer = approve(world, change)
    assert answer["code"] == "busy"
    assert "released meanwhile" in answer["message"]
    assert (state_of(world, change), world.claims(), world.events()[-1]) == (
        "deploying",
        1,
        "refused",
    )


def test_what_is_not_recorded_has_not_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    change = wait_for(world)

    def unrecorded(request: Any, *given: Any) -> Any:
        request.started = request.ended = request.unrecorded = True
        raise Failure(Code.STORE_UNREACHABLE, "It could not be recorded.")

    monkeypatch.setattr(execute, "run_deployment", unrecorded)
    assert approve(world, change)["code"] == "store_unreachable"
    assert state_of(world, change) == "deploying"
