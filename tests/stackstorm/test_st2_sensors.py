"""The three sensors in a running StackStorm: each thing that happens is one trigger, also after
they were killed."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest

from opsroom.db.store import open_store
from support.records.stores import rows
from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.services import sensors
from support.worlds.world import World

SENSORS = ("VersionSensor", "CardSensor", "PageSensor")
# The config is read every 30 s, and a sensor that was killed comes back after some more.
TIMEOUT = 150.0


class Watched:
    """A world in which the sensors look every five seconds, with an application of its own."""

    def __init__(self, storm: StackStorm, world: World) -> None:
        self.storm, self.world, self.app = storm, world, f"web-{uuid.uuid4().hex[:8]}"
        config = copy.deepcopy(world.config)
        config["apps"] = {self.app: config["apps"]["web"]}
        config["watching"] = {"versions": "5s", "cards": "5s", "pages": "5s"}
        config["trackers"] = {f"board-{self.app}": {"kind": "local", "project": "CARD"}}
        config["pagers"] = {
            f"log-{self.app}": {"kind": "local", "on_call": {"web-team": ["alice"]}}
        }
        config["teams"] = {"web-team": {}}
        self.config = config
        storm.configure(config)
        versions = [f"version:{self.app}:{environment}" for environment in config["environments"]]
        for source in (*versions, f"cards:board-{self.app}", f"pages:log-{self.app}"):
            wait_for(lambda source=source: self.seen(source), f"a first look at {source}", TIMEOUT)

    def seen(self, source: str) -> Optional[str]:
        """What is remembered of a source; None before its first look."""
        if not Path(self.world.database.partition(":///")[2]).exists():
            return None
        store = open_store(self.world.database)
        found = rows(store, "SELECT state FROM watched WHERE source = :source", source=source)
        return found[0][0] if found else None

    def told(self, trigger: str) -> List[Dict[str, Any]]:
        """The payloads of a trigger that are about this world, oldest first."""
        found = self.storm.get(f"/triggerinstances?trigger=opsroom.{trigger}&limit=100")
        payloads = [one["payload"] for one in sorted(found, key=lambda one: one["occurrence_time"])]
        return [
            one
            for one in payloads
            if self.app in (one.get("app") or one.get("tracker") or one["pager"])
        ]

    def wait_for_told(self, trigger: str, count: int) -> List[Dict[str, Any]]:
        """Wait until it was told so often, in these words."""
        wait_for(lambda: len(self.told(trigger)) >= count, f"{count} of {trigger}", TIMEOUT)
        found = self.told(trigger)
        assert len({one["event"] for one in found}) == len(found) == count
        return found

    def everything(self) -> int:
        """How many triggers of all sorts there are."""
        names = [one["name"] for one in self.storm.get("/triggertypes?pack=opsroom&limit=100")]
        return sum(len(self.told(name)) for name in names)

    def by_hand(self, version: str, environment: str = "uat") -> None:
        """Put a version in place behind opsroom's back."""
        root = self.world.folder / "srv" / self.app / environment
        (root / version).mkdir(parents=True)
        (root / "next").symlink_to(version)
        os.replace(root / "next", root / "current")

    def ask(self, text: str) -> Any:
        said = self.storm.ask(text)
        assert said.status == "succeeded", said.result
        return said


@pytest.fixture
def watched(stackstorm: StackStorm, world: World) -> Watched:
    wait_for(
        lambda: sensors(stackstorm, "VersionSensor"),
        "the sensors of the pack; is a sensor container running?",
        TIMEOUT,
    )
    return Watched(stackstorm, world)


class Container:
    """A sensor container of the test's own, for one sensor, beside that of the installation."""

    def __init__(self, storm: StackStorm, sensor: str) -> None:
        program, config = shutil.which("st2sensorcontainer"), os.environ.get("ST2_CONFIG_PATH", "")
        if not program or not config:
            pytest.skip("st2sensorcontainer is not on the PATH, or ST2_CONFIG_PATH is not set")
        self.storm, self.sensor = storm, sensor
        self.command = [program, "--config-file", config, f"--sensor-ref=opsroom.{sensor}"]
        self.process: Optional[subprocess.Popen[bytes]] = None

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            self.command, stdout=quiet, stderr=quiet, start_new_session=True
        )
        wait_for(self.is_running, "the sensor in a container of its own", TIMEOUT)

    def is_running(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the container ended"
        return any(os.getsid(pid) == self.process.pid for pid in sensors(self.storm, self.sensor))

    def kill(self) -> None:
        """The container and its sensor, with nothing left to be done for either."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def container(stackstorm: StackStorm) -> Iterator[Container]:
    made = Container(stackstorm, "VersionSensor")
    yield made
    made.kill()


@contextmanager
def turned_off(storm: StackStorm, sensor: str) -> Iterator[None]:
    """Without the sensor in the container of the installation, which ends its process, and starts
    it afterwards."""
    one = storm.get(f"/sensortypes/opsroom.{sensor}")
    try:
        assert storm.call("PUT", f"/sensortypes/opsroom.{sensor}", {**one, "enabled": False}).ok
        wait_for(lambda: not sensors(storm, sensor), "the end of the sensor", TIMEOUT)
        yield
    finally:
        assert storm.call("PUT", f"/sensortypes/opsroom.{sensor}", {**one, "enabled": True}).ok


def test_the_sensors_are_registered_with_their_triggers_and_run(
    stackstorm: StackStorm, watched: Watched
) -> None:
    there = {one["name"]: one for one in stackstorm.get("/sensortypes?pack=opsroom")}
    assert set(there) == set(SENSORS)
    assert all(one["enabled"] for one in there.values())
    for name in SENSORS:
        assert sensors(stackstorm, name)


def test_what_opsroom_deploys_and_what_is_done_behind_its_back_is_told_once_each(
    watched: Watched,
) -> None:
    assert watched.everything() == 0, "nothing is told of a first look"
    said = watched.ask(f"deploy {watched.app} v1.0.0 to uat")
    (change,) = watched.wait_for_told("version_changed", 1)
    assert {key: change[key] for key in ("app", "environment", "version", "version_before", "by",
    "deployment")} == {
        "app": watched.app, "environment": "uat", "version": "v1.0.0", "version_before": "",
        "by": "alice", "deployment": said.result["deployment"],
    }  # fmt: skip
    watched.by_hand("9.9.9")
    (drift,) = watched.wait_for_told("version_unknown_change", 1)
    assert (drift["version"], drift["version_before"]) == ("9.9.9", "v1.0.0")
    watched.ask(f"deploy {watched.app} v1.1.0 to uat")
    watched.wait_for_told("version_changed", 2)
    watched.wait_for_told("version_unknown_change", 1)
    assert watched.everything() == 3


def test_cards_and_pages_are_told_by_their_ids_and_never_by_their_texts(watched: Watched) -> None:
    watched.ask("create card: the checkout is slow")
    (made,) = watched.wait_for_told("card_created", 1)
    assert made["card"] == "CARD-1"
    watched.ask("comment on card CARD-1: looking into it")
    watched.ask("move card CARD-1 to Doing")
    (moved,) = watched.wait_for_told("card_moved", 1)
    assert (moved["from"], moved["to"]) == ("To do", "Doing")
    (said,) = watched.wait_for_told("card_commented", 1)
    watched.ask("page web-team: the checkout is down")
    (opened,) = watched.wait_for_told("page_opened", 1)
    watched.ask(f"ack page {opened['number']}")
    watched.wait_for_told("page_acknowledged", 1)
    watched.ask(f"resolve page {opened['number']}")
    (resolved,) = watched.wait_for_told("page_resolved", 1)
    texts = str([made, moved, said, opened, resolved])
    assert "checkout" not in texts
    assert "looking" not in texts
    assert watched.everything() == 6


def test_a_container_that_is_killed_in_the_middle_loses_and_doubles_nothing(
    stackstorm: StackStorm, watched: Watched, container: Container
) -> None:
    source = f"version:{watched.app}:uat"
    with turned_off(stackstorm, "VersionSensor"):
        container.start()
        for count, version in enumerate(("1.0.1", "1.0.2", "1.0.3"), start=1):
            watched.by_hand(version)
            if count == 2:
                # Right after it saw the change, perhaps before it told of it.
                wait_for(
                    lambda version=version: version in str(watched.seen(source)),
                    f"a look at {version}",
                    TIMEOUT,
                )
            container.kill()
            container.start()
            found = watched.wait_for_told("version_unknown_change", count)
            assert found[-1]["version"] == version


def test_of_two_containers_one_tells_each_thing_and_goes_on_alone(
    stackstorm: StackStorm, watched: Watched, container: Container
) -> None:
    container.start()
    wait_for(lambda: len(sensors(stackstorm, "VersionSensor")) == 2, "two sensors at once", TIMEOUT)
    for count in range(1, 4):
        watched.by_hand(f"1.1.{count}")
        watched.wait_for_told("version_unknown_change", count)
    watched.ask(f"deploy {watched.app} v1.0.0 to uat")
    container.kill()
    watched.wait_for_told("version_changed", 1)
    watched.by_hand("1.1.9")
    watched.wait_for_told("version_unknown_change", 4)


def test_a_sensor_that_is_turned_off_tells_afterwards_what_changed_meanwhile(
    stackstorm: StackStorm, watched: Watched
) -> None:
    with turned_off(stackstorm, "VersionSensor"):
        watched.by_hand("2.0.0")
        watched.ask(f"deploy {watched.app} v1.2.0 to test")
    (drift,) = watched.wait_for_told("version_unknown_change", 1)
    (change,) = watched.wait_for_told("version_changed", 1)
    assert (drift["environment"], change["environment"]) == ("uat", "test")


def test_a_change_of_the_config_is_picked_up_without_a_restart(
    stackstorm: StackStorm, watched: Watched
) -> None:
    before = sensors(stackstorm, "VersionSensor")
    other = f"{watched.app}-two"
    watched.config["apps"][other] = watched.config["apps"][watched.app]
    stackstorm.configure(watched.config)
    wait_for(
        lambda: watched.seen(f"version:{other}:uat"),
        "a first look at the new application",
        TIMEOUT,
    )
    assert sensors(stackstorm, "VersionSensor") == before
    watched.app = other
    assert watched.everything() == 0
    watched.by_hand("3.0.0")
    watched.wait_for_told("version_unknown_change", 1)
