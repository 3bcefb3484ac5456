"""Sensor containers that die, or of which there are two: every event comes once.

Needs OPSROOM_TEST_SERVICES (support.stackstorm.services); skipped without.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import List

import pytest

from opsroom.db.sql import scalar
from opsroom.db.store import open_store
from support.stackstorm.aftermath import the_record_is_true
from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.scaling import Api, codes
from support.stackstorm.services import Services, sensors
from support.worlds.world import World


@dataclass(frozen=True)
class Looked:
    """An application of its own on uat that the sensor of versions looks at every five seconds."""

    stackstorm: StackStorm
    world: World
    app: str
    version: Path

    def events_of(self, trigger: str) -> List[str]:
        """The versions of the events of a trigger, oldest first; there are no two of one."""
        found = self.stackstorm.get(f"/triggerinstances?trigger=opsroom.{trigger}&limit=100")
        mine = [one["payload"] for one in sorted(found, key=lambda one: one["occurrence_time"])]
        mine = [one for one in mine if one["app"] == self.app]
        assert len({one["event"] for one in mine}) == len(mine), mine
        return [one["version"] for one in mine]

    def wait_for_events(self, trigger: str, versions: List[str]) -> None:
        wait_for(
            lambda: len(self.events_of(trigger)) >= len(versions), f"{versions} of {trigger}", 150
        )
        assert self.events_of(trigger) == versions


@pytest.fixture
def looked(stackstorm: StackStorm, api_on_postgres: Api) -> Looked:
    world, app = api_on_postgres.world, f"api-{uuid.uuid4().hex[:8]}"
    world.config["apps"] = {app: world.config["apps"]["api"]}
    # On no other environment: all of them would tell of the one file that says the version.
    world.config["environments"] = {"uat": {}}
    world.config["watching"] = {"versions": "5s"}
    stackstorm.configure(world.config)
    made = Looked(stackstorm, world, app, api_on_postgres.folder / "version")
    # The config is read again every half a minute, and the sensor makes the tables where there are
    # none yet.
    stackstorm.ask(f"history of {app} on uat")

    def seen() -> bool:
        query = "SELECT source FROM watched WHERE source = :source"
        with open_store(world.database).read() as on:
            return scalar(on, query, source=f"version:{app}:uat") is not None

    wait_for(seen, "a first look", 150)
    return made


def test_a_sensor_container_that_dies_during_a_deployment_tells_of_it_once_when_it_is_back(
    stackstorm: StackStorm, services: Services, looked: Looked, api_on_postgres: Api
) -> None:
    api_on_postgres.hold("deploying")
    begun = stackstorm.begin(f"deploy {looked.app} 1.0 to uat")["execution"]["id"]
    api_on_postgres.reached("deploying")
    services.kill("sensorcontainer")
    api_on_postgres.release("deploying")
    assert codes([stackstorm.ended(begun)]) == {"deployed": 1}
    services.start("sensorcontainer")
    looked.wait_for_events("version_changed", ["1.0"])
    looked.version.write_text("by-hand\n")
    looked.wait_for_events("version_unknown_change", ["by-hand"])
    assert looked.events_of("version_changed") == ["1.0"]
    the_record_is_true(looked.world)


def test_two_sensor_containers_with_the_same_sensors_tell_nothing_twice(
    stackstorm: StackStorm, services: Services, looked: Looked
) -> None:
    services.start("sensorcontainer-2")
    try:
        wait_for(lambda: len(sensors(stackstorm, "VersionSensor")) == 2, "the second sensor")
        versions = [f"by-hand-{number}" for number in range(1, 7)]
        for count, version in enumerate(versions, start=1):
            looked.version.write_text(f"{version}\n")
            looked.wait_for_events("version_unknown_change", versions[:count])
    finally:
        services.kill("sensorcontainer-2")
    looked.version.write_text("last\n")
    looked.wait_for_events("version_unknown_change", [*versions, "last"])
