"""A deployment to hosts from the command to the record, also when it ends halfway or its runner
dies."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.records.model import Event
from support.deploys.ssh import World as Hosts
from support.worlds.world import World, make_world


@pytest.fixture
def room(world: Hosts, tmp_path: Path) -> World:
    folder = tmp_path / "room"
    folder.mkdir()
    version = {
        "kind": "ssh",
        **world.hosts.access(),
        "file": f"{world.folder}/{{host}}/version",
    }
    deploy = {"kind": "ssh", **world.raw}
    return make_world(folder).with_app("site", deploy=deploy, version=version, verify_for="5s")


def ask(room: World, command: str, **more: Any) -> Dict[str, Any]:
    answer: Dict[str, Any] = room.ask(command, app="site", environment="uat", **more)
    return answer


def test_a_deployment_is_verified_on_every_host(room: World, world: Hosts) -> None:
    answer = ask(room, "deploy", version="v1")
    assert answer["ok"], answer
    assert "verified" in answer["message"]
    assert world.versions() == ["v1", "v1", "v1"]


def test_hosts_that_differ_are_brought_together_by_a_deployment(room: World, world: Hosts) -> None:
    assert ask(room, "deploy", version="v1")["ok"]
    world.fail("web2")
    answer = ask(room, "deploy", version="v2")
    assert "v2 is on web1; web2 may be half done; web3 is untouched." in answer["message"]
    assert room.records()[-1].event is Event.FAILED
    (world.folder / "web2" / "status").unlink()
    # Back to the version before which one?
    refused = ask(room, "rollback")
    assert refused["code"] == "nothing_before"
    assert "v2 on web1 and v1 on web2 and web3" in refused["message"]
    planned = ask(room, "plan", version="v1")
    assert planned["allowed"]
    assert "differ: v2 on web1" in planned["message"]
    # The record has v1, which is no reason to leave web1 as it is.
    answer = ask(room, "deploy", version="v1")
    assert answer["code"] == "deployed", answer
    assert world.versions() == ["v1", "v1", "v1"]


def test_the_next_deployment_continues_what_a_dead_runner_began(room: World, world: Hosts) -> None:
    process = room.spawn(
        "deploy",
        die_at="opsroom.deploys.ssh.rollout:Rollout._follow:before",
        app="site",
        version="v1",
        environment="uat",
    )
    assert process.wait() == -signal.SIGKILL
    room.let_leases_run_out()
    answer = ask(room, "deploy", version="v1")
    assert answer["ok"], answer
    assert [len(world.begun(name)) for name in world.hosts.names] == [1, 1, 1]
