"""Things change all the while something dies and comes back: all of it is told once, and the record
is true.

Needs OPSROOM_TEST_SERVICES (support.stackstorm.services). What happens and what was told are
counted by support.stackstorm.outside and support.stackstorm.aftermath; each test prints both.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Set

import pytest

from opsroom.db.sql import rows, scalar
from opsroom.db.store import open_store
from support.records.postgres import Postgres, start
from support.stackstorm.aftermath import (
    Balance,
    Dispatches,
    again_and_again,
    balance,
    the_record_is_true,
)
from support.stackstorm.client import ENDED, StackStorm, wait_for
from support.stackstorm.outside import VERSION_TRIGGERS, Outside
from support.stackstorm.services import Services, find, sensors
from support.worlds.world import World

HELD = ("held-1", "held-2")
SENSORS = ("VersionSensor", "CardSensor", "PageSensor")
# The config is read every half a minute, and what did not arrive is told again two minutes later at
# the soonest.
TIMEOUT = 240.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL of these tests' own: some of them stop it."""
    made = start()
    yield made
    made.server.cleanup()


@pytest.fixture
def services() -> Iterator[Services]:
    """StackStorm's services; all of them run again afterwards."""
    found = find()
    yield found
    found.start("actionrunner")


@dataclass
class Stage:
    """All that goes on while something fails: what happens outside, two deployments that wait, and
    the sensors."""

    stackstorm: StackStorm
    world: World
    server: Postgres
    services: Services
    outside: Outside
    telling: Dispatches
    executions: List[str]

    def hold(self) -> None:
        """Begin two deployments that wait until `release`."""
        (self.world.folder / "hold").touch()
        for app in HELD:
            begun = self.stackstorm.begin(f"deploy {app}-{self.outside.name} 1.0 to uat")
            self.executions.append(begun["execution"]["id"])
        for app in HELD:
            wait_for(
                (self.world.folder / f"at-{app}-{self.outside.name}").exists,
                f"the deployment of {app}",
            )

    def release(self) -> None:
        with suppress(FileNotFoundError):
            (self.world.folder / "hold").unlink()

    def fail_and_mend(self, fail: Callable[[], None], fix: Callable[[], None]) -> None:
        """Things happen before, while it fails, while it is gone, while it is fixed, and after."""
        outside, world = self.outside, self.world
        outside.rounds(world, 3)
        self.hold()
        began = time.monotonic()
        try:
            with outside.meanwhile(world):
                fail()
            outside.rounds(world, 2)
            self.release()
            outside.rounds(world, 2)
        finally:
            with outside.meanwhile(world):
                fix()
        print(f"\ngone for {time.monotonic() - began:.0f} s")
        outside.rounds(world, 3)

    def settle(self) -> Balance:
        """Wait until nothing is left to be told and the last of it was told; what was told then."""
        for app in HELD:
            answer = again_and_again(
                self.stackstorm, f"deploy {app}-{self.outside.name} 1.0 to uat"
            )
            assert answer.code in ("deployed", "already_there"), answer.result
            self.outside.happened((f"{app}-{self.outside.name}", "1.0"), *VERSION_TRIGGERS)
        found = self._wait(lambda found: not found.lost)
        if found.lost:
            return found
        wait_for(lambda: not self._waits(), "the end of all that is to be told", 300)
        # What was handed on before it comes before it.
        self.outside.put(self.outside.by_hand(0), "last")
        self.outside.happened((self.outside.by_hand(0), "last"), "version_unknown_change")
        return self._wait(lambda found: not found.lost)

    def _wait(self, condition: Callable[[Balance], bool]) -> Balance:
        """As soon as it holds, or when it never did: then the balance says why."""
        found: List[Balance] = []

        def there() -> bool:
            found[:] = [balance(self.outside.book, self.telling.all())]
            return condition(found[0])

        with suppress(AssertionError):
            wait_for(there, "all that happened", TIMEOUT)
        return found[0]

    def _waits(self) -> bool:
        with open_store(self.world.database).read() as on:
            return scalar(on, "SELECT event FROM news WHERE sent_at = ''") is not None

    def drifts(self) -> int:
        """How often the rule has recorded that something else runs."""
        return self.world.events().count("drift")


@pytest.fixture
def stage(
    stackstorm: StackStorm, world: World, server: Postgres, services: Services
) -> Iterator[Stage]:
    database = server.new_database()
    world.database = world.config["database"] = server.url(database)
    with Outside(uuid.uuid4().hex[:8], world.folder / "outside") as outside:
        outside.configure(world)
        folder = world.folder
        folder.chmod(0o777)
        wait = f'touch {folder}/at-"$1"; while [ -e {folder}/hold ]; do sleep 0.05; done; '
        for app in HELD:
            name = f"{app}-{outside.name}"
            ship = wait + f'echo "begun $1" >> {folder}/log; echo 1.0 > {outside.folder}/"$1"'
            (outside.folder / name).write_text("0.9")
            (outside.folder / name).chmod(0o666)
            world.with_app(
                name,
                verify_for="30s",
                deploy={"kind": "command", "command": ["/bin/sh", "-c", ship, "sh", "{app}"]},
                version={"kind": "http", "url": outside.url("/version/{app}")},
            )
        telling = Dispatches(stackstorm, outside.name)
        stackstorm.configure(world.config)
        # The sensors make the tables where there are none yet.
        sources = {*outside.sources(), *(f"version:{app}-{outside.name}:uat" for app in HELD)}
        assert stackstorm.ask(f"history of {HELD[0]}-{outside.name} on uat").status == "succeeded"
        wait_for(lambda: sources <= _seen(world), "a first look at everything", TIMEOUT)
        yield Stage(stackstorm, world, server, services, outside, telling, [])
        # Nothing is watched any more before it goes away.
        world.config["watching"] = {"versions": "0s", "cards": "0s", "pages": "0s"}
        stackstorm.configure(world.config)
    server.drop(database)


def _seen(world: World) -> Set[str]:
    with open_store(world.database).read() as on:
        return {row["source"] for row in rows(on, "SELECT source FROM watched")}


def report(what: str, stage: Stage, found: Balance) -> None:
    with suppress(AssertionError):
        wait_for(
            lambda: stage.drifts() >= found.told["version_unknown_change"],
            "the records of the rule",
            60,
        )
    happened, told = sum(found.happened.values()), sum(found.told.values())
    print(
        f"{what}: {happened} happened, {told} told, {len(found.lost)} lost, {len(found.doubled)} "
        "doubled,",
        end=" ",
    )
    print(
        f"{found.again} handed on again; {stage.drifts()} drifts recorded; {stage.outside.troubles}"
    )
    print(f"  happened {found.happened}\n  told     {found.told}")
    events = stage.world.events()
    print("  record  ", {one: events.count(one) for one in sorted(set(events))})
    print("  lost", found.lost, "wrong", found.wrong, "unprocessed", found.unprocessed)


def all_was_told_once(what: str, stage: Stage, found: Balance) -> None:
    report(what, stage, found)
    assert found.lost == ()
    assert found.doubled == ()
    assert found.wrong == ()
    assert found.told == found.happened
    assert set(found.told) == {
        *VERSION_TRIGGERS, "card_created", "card_moved", "card_commented",
        "page_opened", "page_acknowledged", "page_resolved",
    }  # fmt: skip


def the_rule_recorded_each(stage: Stage, found: Balance) -> None:
    """The rule that is on did what it does for each, and for each once."""
    assert stage.drifts() == found.told["version_unknown_change"]


def ends(stage: Stage) -> Dict[str, str]:
    """How the executions of the deployments that waited stand; what will never end is ended."""
    found = {}
    for one in stage.executions:
        found[one] = stage.stackstorm.execution(one)["status"]
        if found[one] not in ENDED:
            stage.stackstorm.call("DELETE", f"/executions/{one}")
    return found


@pytest.mark.parametrize("service", ["rabbitmq", "mongodb", "rulesengine"])
def test_what_brings_an_event_to_the_rules_is_killed(stage: Stage, service: str) -> None:
    stage.fail_and_mend(lambda: stage.services.kill(service), lambda: stage.services.start(service))
    found = stage.settle()
    print(ends(stage))
    all_was_told_once(service, stage, found)
    assert found.again == 0
    the_rule_recorded_each(stage, found)
    the_record_is_true(stage.world)


def test_the_runners_are_killed(stage: Stage) -> None:
    def fail() -> None:
        # One machine with all that runs on it, and the runner only of the other.
        stage.services.kill_runner_of(stage.executions[0], with_action=True)
        stage.services.kill("actionrunner")

    stage.fail_and_mend(fail, lambda: stage.services.start("actionrunner"))
    stage.world.let_leases_run_out()
    found = stage.settle()
    print(ends(stage))
    all_was_told_once("actionrunner", stage, found)
    assert found.again == 0
    the_record_is_true(stage.world)
    # What a runner had begun when it died is not repeated by StackStorm.
    assert stage.drifts() <= found.told["version_unknown_change"]


def test_the_sensors_and_their_container_are_killed(stage: Stage) -> None:
    def fail() -> None:
        for name in SENSORS:
            for pid in sensors(stage.stackstorm, name):
                os.kill(pid, signal.SIGKILL)
        stage.services.kill("sensorcontainer")
        for name in SENSORS:
            for pid in sensors(stage.stackstorm, name):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    stage.fail_and_mend(fail, lambda: stage.services.start("sensorcontainer"))
    found = stage.settle()
    all_was_told_once("sensorcontainer", stage, found)
    the_rule_recorded_each(stage, found)
    the_record_is_true(stage.world)


def test_the_database_of_opsroom_is_restarted(stage: Stage) -> None:
    stage.fail_and_mend(stage.server.stop, stage.server.start_again)
    found = stage.settle()
    print(ends(stage))
    all_was_told_once("postgresql", stage, found)
    assert "store_unreachable" in stage.outside.troubles
    the_rule_recorded_each(stage, found)
    the_record_is_true(stage.world)


def test_the_tracker_and_the_pager_are_down(stage: Stage) -> None:
    def set_down(down: bool) -> None:
        stage.outside.down = down

    stage.fail_and_mend(lambda: set_down(True), lambda: set_down(False))
    found = stage.settle()
    all_was_told_once("tracker and pager", stage, found)
    assert found.again == 0
    the_rule_recorded_each(stage, found)
    the_record_is_true(stage.world)
