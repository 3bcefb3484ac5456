"""Batches, canaries and checks on real hosts: what follows what, and the way back."""

from __future__ import annotations

import json
from typing import Any, Iterator, List

import pytest

from opsroom.deploys import OwnRollback, Resolved
from opsroom.deploys.ssh import deployer
from opsroom.errors import Code, Failure
from opsroom.versions import Running
from support.deploys.jobs import Notes
from support.deploys.ssh import World, deployer_of
from support.errors import failure_of
from support.servers.http import HttpServer, Reply
from support.waiting import alive, until


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as made:
        yield made


def check(server: HttpServer) -> Any:
    return {"url": server.url("/{host}"), "text": "{version}", "within": 1}


def after(before: str = "v0") -> Notes:
    """A job at a place where this version was."""
    job = Notes()
    job.before = before
    return job


def test_the_hosts_of_a_step_are_deployed_side_by_side(world: World) -> None:
    world.hold("web2", "web3")

    def looks() -> None:
        if world.begun("web2") and world.begun("web3") and (world.folder / "web2/wait").exists():
            world.let_go("web2", "web3")

    world.deploy("v1", Notes(on_check=looks), steps=[1, "100%"])
    assert world.versions() == ["v1", "v1", "v1"]


def test_a_canary_that_fails_keeps_the_others_as_they_are(world: World) -> None:
    world.fail("web1")
    with pytest.raises(Failure, match=r"may be half done; web2 and web3 are untouched\."):
        world.deploy("v1", after(), steps=[1, "100%"])
    assert world.begun("web2") == []


def test_of_a_step_that_fails_the_others_are_followed_to_their_end(world: World) -> None:
    world.fail("web1")
    world.hold("web2")

    def looks() -> None:
        if world.ended("web1") and (world.folder / "web2/wait").exists():
            world.let_go("web2")

    with pytest.raises(Failure, match=r"v1 is on web2; web1 may be half done; web3 is untouched"):
        world.deploy("v1", Notes(on_check=looks), steps=["50%", "100%"])


def test_a_check_is_asked_after_each_step(world: World, server: HttpServer) -> None:
    for name in world.hosts.names:
        server.on(f"/{name}", Reply(200, f"{name} v1"))
    world.deploy("v1", after(), steps=[1, "100%"], check=check(server))
    assert server.paths() == ["/web1", "/web2", "/web3"]


def test_after_a_pause_it_is_asked_once_more(
    world: World, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("/web1", Reply(200, "v1"), Reply(500))
    waits: List[float] = []
    monkeypatch.setattr(deployer, "pause", lambda seconds, job: waits.append(seconds))
    with pytest.raises(Failure, match="answered 500"):
        world.deploy("v1", after(), steps=[1, "100%"], pause="5m", check=check(server))
    assert waits == [300.0]
    assert world.versions() == ["v0", "", ""]


def test_a_failed_check_brings_the_version_from_before_back(
    world: World, server: HttpServer
) -> None:
    server.on("/web1", Reply(200, "v1"))
    server.on("/web2", Reply(200, "v0"))
    job = after("v0")
    caught = failure_of(world.deploy, "v1", job, check=check(server))
    assert caught.code is Code.DEPLOY_FAILED
    assert caught.message == (
        f"The check did not pass within 1 s: {server.url('/web2')} answers without 'v1'. v0 is on "
        "web1 and web2. web3 is untouched."
    )
    assert caught.facts["hosts"] == {
        "web1": "rolled_back",
        "web2": "rolled_back",
        "web3": "absent",
    }
    assert world.versions() == ["v0", "v0", ""]
    assert job.handles == {"ssh": "", "steps": ""}


def test_a_version_that_is_neither_old_nor_new_brings_the_one_from_before_back(
    world: World,
) -> None:
    """The hosts differ between two steps; none of them may have a third version."""
    job = after("v0")
    differ = Failure(Code.BAD_ANSWER, "?", facts={"mixed": True, "versions": {"v0": 1, "v1": 1}})
    job.reports = [Running("v0"), differ, Running("v9")]
    job.verify_for = 0.1
    caught = failure_of(world.deploy, "v1", job, steps=[1, 2, "100%"])
    assert caught.message == (
        "After step 2 of 3 the application reports v9, expected v0 or v1. v0 is on web1 and web2. "
        "web3 is untouched."
    )
    assert world.versions() == ["v0", "v0", ""]


@pytest.mark.parametrize(
    ("before", "why"),
    [("", "The version from before is not known"), ("v1", "It was there before, too")],
)
def test_without_another_version_nothing_is_rolled_back(
    world: World, server: HttpServer, before: str, why: str
) -> None:
    server.on("/web1", Reply(500))
    caught = failure_of(world.deploy, "v1", after(before), steps=[1, "100%"], check=check(server))
    assert f"{why}, so nothing was rolled back. v1 is on web1; web2 and" in caught.message
    assert world.versions() == ["v1", "", ""]


def test_a_host_that_cannot_go_back_is_named_and_the_others_do(
    world: World, server: HttpServer
) -> None:
    server.on("/web1", Reply(200, "v1"))

    def answer(request: Any) -> Reply:
        world.fail("web1")
        return Reply(500)

    server.on("/web2", answer)
    caught = failure_of(world.deploy, "v1", after("v0"), check=check(server))
    assert "Bringing v0 back failed: 'sh' on web1 ended with status 3" in caught.message
    assert "v0 is on web2; web1 may be half done. web3 is untouched." in caught.message
    assert world.versions() == ["v1", "v0", ""]


def test_a_rollback_that_is_cancelled_stops_its_command(world: World, server: HttpServer) -> None:
    def answer(request: Any) -> Reply:
        world.hold("web1")
        return Reply(500)

    server.on("/web1", answer)

    def looks() -> None:
        if len(world.begun("web1")) == 2:
            raise Failure(Code.CANCELLED, "Cancelled by carol.")

    job = Notes(on_check=looks)
    job.before = "v0"
    with pytest.raises(Failure, match="'sh' was stopped on web1") as caught:
        world.deploy("v1", job, steps=[1, "100%"], check=check(server))
    assert caught.value.code is Code.CANCELLED
    assert not alive(world.begun("web1")[-1])


def test_a_rollback_whose_runner_died_is_found(world: World, server: HttpServer) -> None:
    def answer(request: Any) -> Reply:
        world.hold("web1")
        return Reply(500)

    server.on("/web1", answer)

    def looks() -> None:
        if len(world.begun("web1")) == 2:
            raise Failure(Code.CLAIM_LOST, "Lost.")

    job = Notes(on_check=looks)
    job.before = "v0"
    with pytest.raises(Failure, match="Lost"):
        world.deploy("v1", job, steps=[1, "100%"], check=check(server))
    kept = json.loads(job.handles["ssh"])
    assert (kept["version"], kept["hosts"]) == ("v0", ["web1"])
    job._on_check = None
    ended = world.cancel_left(job)
    assert "'sh' was stopped on web1" in ended.text
    assert not alive(world.begun("web1")[-1])


def test_a_rollback_waits_and_asks_for_nothing(world: World, server: HttpServer) -> None:
    made = deployer_of({**world.raw, "steps": [1, "100%"], "pause": "50m", "check": check(server)})
    assert isinstance(made, OwnRollback)
    made.roll_back(Resolved("v0", "v0"), after("v1"))
    assert world.versions() == ["v0", "v0", "v0"]
    assert server.paths() == []


def test_a_step_that_is_passed_is_not_asked_again_after_a_runner_died(
    world: World, server: HttpServer
) -> None:
    server.on("/web1", Reply(200, "v1"))
    server.on("/web2", Reply(200, "v1"))
    world.raw.update(steps=[1, 2, "100%"], check=check(server))
    job = world.killed_runner("v1", at="web3")
    made = deployer_of(world.raw)
    assert made.is_halfway(job.kept)
    server.on("/web3", Reply(200, "v1"))
    job._on_note = lambda line: world.let_go("web3") if "following it" in line else None
    world.deploy("v1", job)
    assert server.paths() == ["/web1", "/web2", "/web3"]
    assert not made.is_halfway(job.kept)


def test_the_version_from_before_outlives_a_runner(world: World, server: HttpServer) -> None:
    """The next runner reads what is there now, which is no longer what was there before."""
    server.on("/web1", Reply(500))
    world.raw.update(steps=[1, "100%"], check=check(server))
    job = world.killed_runner("v1", at="web1", before="v0")
    job.before = "v1"
    job._on_note = lambda line: world.let_go("web1") if "following it" in line else None
    with pytest.raises(Failure, match=r"v0 is on web1\. web2 and web3 are untouched"):
        world.deploy("v1", job)
    until(lambda: world.versions()[0] == "v0", "the way back")
