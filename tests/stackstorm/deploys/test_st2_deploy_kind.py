"""The kinds stackstorm on a running StackStorm: an action or a workflow deploys, and tells what
runs."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import yaml

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.services import process_of
from support.worlds.world import World

SHIP = """
import pathlib
import time

from st2common.runners.base_action import Action


class Ship(Action):
    def run(self, place, version, by):
        path = pathlib.Path(place)
        path.mkdir(parents=True, exist_ok=True)
        (path / "started").open("a").write(version + "\\n")
        while (path / "hold").exists():
            time.sleep(0.1)
        if version == "v-bad":
            return (False, {"message": "the image is missing"})
        (path / "VERSION").write_text(version)
        (path / "by").write_text(by)
        return (True, {"tag": version})
"""
TELL = """
import pathlib

from st2common.runners.base_action import Action


class Tell(Action):
    def run(self, place):
        path = pathlib.Path(place) / "VERSION"
        return (True, {"tag": path.read_text() if path.exists() else None})
"""
WORKFLOW = {
    "version": 1.0,
    "input": ["place", "version", "by"],
    "tasks": {
        "prepare": {"action": "core.noop", "next": [{"when": "<% succeeded() %>", "do": "ship"}]},
        "ship": {
            "action": "opsroom.t_ship",
            "input": {
                "place": "<% ctx(place) %>",
                "version": "<% ctx(version) %>",
                "by": "<% ctx(by) %>",
            },
        },
    },
}
TEXT = {"type": "string"}
PARAMETERS = {"place": TEXT, "version": TEXT, "by": TEXT}


@pytest.fixture
def place(stackstorm: StackStorm, world: World) -> Iterator[Path]:
    """Three actions more in the pack, and an application `svc` that is deployed by one of them."""
    folder = world.folder / "svc"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    template = {"place": str(folder / "{environment}"), "version": "{version}", "by": "{requester}"}
    python = {"runner_type": "python-script"}
    ship = {**python, "entry_point": "t_ship.py", "parameters": PARAMETERS}
    tell = {**python, "entry_point": "t_tell.py", "parameters": {"place": TEXT}}
    flow = {
        "runner_type": "orquesta",
        "entry_point": "workflows/t_flow.yaml",
        "parameters": PARAMETERS,
    }
    with stackstorm.action("t_ship", {"t_ship.py": SHIP}, **ship), stackstorm.action(
        "t_tell", {"t_tell.py": TELL}, **tell
    ), stackstorm.action("t_flow", {"workflows/t_flow.yaml": yaml.safe_dump(WORKFLOW)}, **flow):
        world.config["apps"]["svc"] = {
            "verify_for": "20s",
            "deploy": {"kind": "stackstorm", "action": "opsroom.t_ship", "parameters": template},
            "version": {
                "kind": "stackstorm",
                "action": "opsroom.t_tell",
                "parameters": {"place": template["place"]},
                "json": "result.tag",
            },
        }
        stackstorm.configure(world.config)
        yield folder / "uat"


def hold(place: Path) -> Path:
    place.mkdir(mode=0o777, exist_ok=True)
    place.chmod(0o777)
    (place / "hold").touch()
    return place / "hold"


def begun(place: Path) -> List[str]:
    return (place / "started").read_text().split() if (place / "started").exists() else []


def shipping(storm: StackStorm) -> Dict[str, Any]:
    return dict(storm.newest("opsroom.t_ship", 1)[0])


def test_an_action_deploys_and_another_tells_what_runs(
    stackstorm: StackStorm, world: World, place: Path
) -> None:
    answer = stackstorm.ask("deploy svc v1.0.0 to uat")
    assert (answer.status, answer.code) == ("succeeded", "deployed"), answer.result
    assert answer.result["verified"] is True
    assert (place / "VERSION").read_text() == "v1.0.0"
    assert (place / "by").read_text() == "alice"
    assert "v1.0.0" in stackstorm.ask("version of svc on uat").result["message"]


def test_a_workflow_deploys_too(stackstorm: StackStorm, world: World, place: Path) -> None:
    world.config["apps"]["svc"]["deploy"]["action"] = "opsroom.t_flow"
    stackstorm.configure(world.config)
    answer = stackstorm.ask("deploy svc v1.1.0 to uat")
    assert (answer.status, answer.code) == ("succeeded", "deployed"), answer.result
    assert (place / "VERSION").read_text() == "v1.1.0"


def test_what_the_action_says_when_it_fails_is_told(
    stackstorm: StackStorm, world: World, place: Path
) -> None:
    answer = stackstorm.ask("deploy svc v-bad to uat")
    assert (answer.status, answer.code) == ("failed", "deploy_failed")
    assert "the image is missing" in answer.result["message"]


def test_cancelling_the_deployment_cancels_what_it_started(
    stackstorm: StackStorm, world: World, place: Path
) -> None:
    held = hold(place)
    execution = stackstorm.begin("deploy svc v1.2.0 to uat")["execution"]["id"]
    wait_for(lambda: begun(place), "the action to begin")
    stackstorm.call("DELETE", f"/executions/{execution}")
    wait_for(
        lambda: shipping(stackstorm)["status"] in ("canceling", "canceled"),
        "the end of what it started",
    )
    wait_for(lambda: "interrupted" in world.events(), "the record of it")
    held.unlink()


def test_what_a_dead_runner_left_running_is_taken_up_by_the_next(
    stackstorm: StackStorm, world: World, place: Path
) -> None:
    held = hold(place)
    execution = stackstorm.begin("deploy svc v1.3.0 to uat")["execution"]["id"]
    wait_for(lambda: begun(place), "the action to begin")
    os.kill(process_of(execution), signal.SIGKILL)
    stackstorm.ended(execution)
    world.let_leases_run_out()
    again = stackstorm.begin("deploy svc v1.3.0 to uat")["execution"]["id"]
    wait_for(lambda: world.events().count("started") == 2, "the second to begin")
    held.unlink()
    ended = stackstorm.ended(again)
    assert ended["result"]["result"]["code"] == "deployed", ended["result"]
    assert begun(place) == ["v1.3.0"]
    assert world.events().count("succeeded") == 1
