"""Deploying by a command on hosts: what runs where, and what an answer says of it; real hosts."""

from __future__ import annotations

import json
import time
from typing import List

import pytest

from opsroom.deploys import Canceller, Resolved
from opsroom.deploys.remote import follower
from opsroom.errors import Code, Failure, Refusal
from support.deploys.jobs import Notes
from support.deploys.ssh import World, deployer_of
from support.errors import failure_of
from support.waiting import alive, until

_REFUSED = "Connection closed by authenticating user"


def test_the_command_runs_on_one_host_after_another(world: World) -> None:
    seen = []
    job = Notes(on_check=lambda: seen.append(tuple(world.versions())))
    world.deploy("v1", job)
    assert world.versions() == ["v1", "v1", "v1"]
    whole = [("", "", ""), ("v1", "", ""), ("v1", "v1", ""), ("v1", "v1", "v1")]
    assert list(dict.fromkeys(seen)) == [one for one in whole if one in seen]
    # The next begins only when the one before has ended.
    assert whole[1] in seen
    assert whole[2] in seen
    assert job.handles == {"ssh": ""}
    assert "web2 (2 of 3): sh begins" in job.lines


def test_arguments_reach_the_command_as_they_are(world: World) -> None:
    words = ["it's", 'a "b"', "$HOME `id` $(id)", "*", "a\nb", "--", "back\\slash", "{app}!"]
    script = 'for one; do printf "<%s>" "$one"; done >"$0"'
    world.deploy(command=["sh", "-c", script, f"{world.folder}/{{host}}/words", *words])
    expected = "".join(f"<{one.replace('{app}', 'web')}>" for one in words)
    assert (world.folder / "web1" / "words").read_text() == expected


def test_a_failure_stops_and_says_what_is_where(world: World) -> None:
    world.fail("web2", 3)
    job = Notes()
    caught = failure_of(world.deploy, "v1", job)
    assert caught.code is Code.DEPLOY_FAILED
    assert caught.message == (
        "'sh' on web2 ended with status 3: no space left. v1 is on web1; web2 may be half done; "
        "web3 is untouched."
    )
    assert caught.facts["hosts"] == {"web1": "done", "web2": "failed", "web3": "absent"}
    assert world.begun("web3") == []
    assert job.handles == {"ssh": ""}


def test_a_command_that_ends_with_255_is_no_lost_connection(world: World) -> None:
    world.fail("web1", 255)
    with pytest.raises(Failure, match="'sh' on web1 ended with status 255: no space left"):
        world.deploy()


def test_a_command_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(Failure, match=r"'no-such' on web1 ended with status 127: .*no-such"):
        world.deploy(command=["no-such", "{version}"])


def test_nothing_is_touched_when_a_host_is_down(world: World) -> None:
    world.hosts.stop("web3")
    caught = failure_of(world.deploy)
    assert caught.code is Code.UNREACHABLE
    assert caught.message == (
        "web3 is unreachable (connection refused). Nothing was changed: every host has to let "
        "opsroom in first."
    )
    assert world.begun("web1") == []


def test_a_host_that_goes_down_in_the_middle_stops_it_there(world: World) -> None:
    world.hold("web1")

    def note(line: str) -> None:
        if line.startswith("web1 (1 of 3)"):
            world.hosts.stop("web2")
            world.let_go("web1")

    job = Notes(on_note=note)
    caught = failure_of(world.deploy, "v1", job)
    assert caught.message == (
        "web2 is unreachable (connection refused). v1 is on web1; web2 and web3 are untouched."
    )
    assert world.versions() == ["v1", "", ""]
    assert job.handles == {"ssh": ""}


def test_a_lost_connection_is_no_lost_command(world: World) -> None:
    world.hold("web1")
    cut = []

    def check() -> None:
        if not cut and world.begun("web1"):
            cut.append(True)
            world.hosts.stop("web1")
        elif cut and "web1 does not answer (connection_refused)" in job.lines and len(cut) == 1:
            cut.append(True)
            world.hosts.start("web1")
            world.let_go("web1")

    job = Notes(on_check=check)
    world.deploy("v1", job)
    assert world.versions() == ["v1", "v1", "v1"]
    assert [len(world.begun(name)) for name in world.hosts.names] == [1, 1, 1]


def test_a_host_that_changed_its_key_gets_nothing(world: World) -> None:
    world.hosts.trust(web2="web3")
    caught = failure_of(world.deploy)
    assert caught.facts["trouble"] == "host_key_changed"
    assert "web2 has another host key than this runner knows" in caught.message
    assert "ssh-keygen -R web2" in caught.hint
    assert world.begun("web1") == []


def test_a_host_that_nobody_knows_gets_nothing(world: World) -> None:
    world.hosts.trust(web1="")
    with pytest.raises(Failure, match="web1 is not among the known hosts") as caught:
        world.deploy()
    assert "ssh-keyscan web1" in caught.value.hint


def test_who_is_not_let_in_is_told_once_and_does_not_try_again(world: World) -> None:
    world.hosts.allow()
    log = world.hosts.folder / "log-web1"
    before = log.read_text().count(_REFUSED)
    with pytest.raises(Failure, match="does not let this runner in") as caught:
        world.deploy(hosts=["web1"])
    assert caught.value.code is Code.UNAUTHORIZED
    assert "authorized_keys on web1" in caught.value.hint
    until(lambda: log.read_text().count(_REFUSED) > before, "the log")
    assert log.read_text().count(_REFUSED) == before + 1


def test_the_time_limit_ends_the_command_on_its_host(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hold("web2")
    looks: List[float] = []

    def later() -> float:
        """Five seconds later with every look, once the second host is reached."""
        if world.begun("web2"):
            looks.append(5.0)
        return time.monotonic() + sum(looks)

    monkeypatch.setattr(follower, "clock", later)
    caught = failure_of(world.deploy, time_limit=50)
    assert caught.code is Code.TIMED_OUT
    assert caught.message == (
        "'sh' did not end on web2 within 50 s. 'sh' was stopped on web2. v1 is on web1; web2 may "
        "be half done; web3 is untouched."
    )
    assert "left_running" not in caught.facts
    _all_dead(world, "web2")


def test_a_cancelled_deployment_ends_the_command_on_its_host(world: World) -> None:
    world.hold("web2")
    job = Notes(on_check=lambda: _stop_when(bool(world.begun("web2")), Code.CANCELLED))
    with pytest.raises(
        Failure, match=r"carol\. 'sh' was stopped on web2\. v1 is on web1"
    ) as caught:
        world.deploy("v1", job)
    assert caught.value.code is Code.CANCELLED
    assert job.handles == {"ssh": ""}
    _all_dead(world, "web2")


def test_what_does_not_listen_to_term_is_killed(world: World) -> None:
    script = "trap '' TERM; echo $$ >>\"$0\"; (trap '' TERM; sleep 300) & while :; do sleep 1; done"
    command = ["sh", "-c", script, f"{world.folder}/{{host}}/begun"]
    job = Notes(on_check=lambda: _stop_when(bool(world.begun("web1")), Code.CANCELLED))
    with pytest.raises(Failure, match="'sh' was stopped on web1"):
        world.deploy("v1", job, command=command)
    _all_dead(world, "web1")


def test_what_cannot_be_stopped_is_said_to_go_on(world: World) -> None:
    world.hold("web1")

    def check() -> None:
        if world.begun("web1"):
            world.hosts.stop("web1")
            raise Failure(Code.CANCELLED, "Cancelled by carol.")

    job = Notes(on_check=check)
    caught = failure_of(world.deploy, "v1", job)
    assert "could not be stopped on web1 (web1 is unreachable" in caught.message
    assert "may still run there" in caught.message
    assert caught.facts["left_running"] == "'sh' on web1"
    assert json.loads(job.handles["ssh"])["key"] == "d1"


def test_who_lost_the_claim_leaves_the_command_alone(world: World) -> None:
    world.hold("web1")
    job = Notes(on_check=lambda: _stop_when(bool(world.begun("web1")), Code.CLAIM_LOST))
    with pytest.raises(Failure):
        world.deploy("v1", job)
    assert json.loads(job.handles["ssh"])["version"] == "v1"
    world.let_go("web1")
    until(lambda: world.versions()[0] == "v1", "the end of the command")


def test_a_killed_runner_s_command_is_followed_and_not_repeated(world: World) -> None:
    job = world.killed_runner("v1", at="web2")
    assert world.versions() == ["v1", "", ""]
    job._on_note = lambda line: world.let_go("web2") if "following it" in line else None
    world.deploy("v1", job)
    assert world.versions() == ["v1", "v1", "v1"]
    assert [len(world.begun(name)) for name in world.hosts.names] == [1, 1, 1]
    assert job.handles == {"ssh": ""}


def test_another_version_waits_for_a_killed_runner_s_command(world: World) -> None:
    job = world.killed_runner("v1", at="web1")
    with pytest.raises(Refusal, match="'sh' still deploys v1 on web1; its runner died") as caught:
        world.deploy("v2", job)
    assert caught.value.code is Code.BUSY
    assert "cancel deploy of web on uat" in caught.value.hint
    world.let_go("web1")
    until(lambda: world.versions()[0] == "v1", "the end of the command")
    # Nothing runs any more, although two hosts have not got it.
    until(lambda: world.ended("web1"), "the exit code")
    world.deploy("v2", job)
    assert world.versions() == ["v2", "v2", "v2"]


def test_a_killed_runner_s_command_is_cancelled(world: World) -> None:
    job = world.killed_runner("v1", at="web2")
    ended = world.cancel_left(job)
    assert not ended.left_running
    assert ended.found
    assert ended.text == (
        "'sh' was stopped on web2. It had already succeeded on web1. v1 is on web1; web2 may be "
        "half done; web3 is untouched."
    )
    _all_dead(world, "web2")
    assert job.handles == {"ssh": ""}
    assert not world.cancel_left(job).found


def test_after_a_failed_command_of_a_killed_runner_it_begins_anew(world: World) -> None:
    world.fail("web1")
    job = world.killed_runner("v1", at="web1")
    world.let_go("web1")
    until(lambda: world.ended("web1"), "the exit code")
    (world.folder / "web1" / "status").unlink()
    world.deploy("v1", job)
    assert world.versions() == ["v1", "v1", "v1"]
    assert len(world.begun("web1")) == 2


def test_a_command_without_an_exit_code_has_failed(world: World) -> None:
    script = 'echo $$ >>"$0"; kill -KILL "$PPID"; kill -KILL $$'
    with pytest.raises(Failure, match="ended without a status: it was killed, or the host"):
        world.deploy(command=["sh", "-c", script, f"{world.folder}/{{host}}/begun"])


def test_a_deployer_can_cancel_what_was_left_and_checks_versions(world: World) -> None:
    made = deployer_of(world.raw)
    assert isinstance(made, Canceller)
    assert made.resolve("v1") == Resolved("v1", "v1")
    for version in ("-rf", "$(id)", "a b", "../x"):
        with pytest.raises(Refusal):
            made.resolve(version)
        with pytest.raises(Refusal):
            made.deploy(Resolved(version, version), Notes())


def _stop_when(reached: bool, code: Code) -> None:
    if reached:
        raise Failure(code, "Cancelled by carol.")


def _all_dead(world: World, name: str) -> None:
    assert world.begun(name)
    assert not [pid for pid in world.begun(name) if alive(pid)]
