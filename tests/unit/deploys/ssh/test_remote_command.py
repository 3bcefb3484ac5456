"""The command on one host: begun once whoever asks, found again, stopped, never mistaken."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import pytest

from opsroom.deploys.ssh.remote_command import _WRAPPER, RemoteCommand, State
from opsroom.errors import Code, Failure
from opsroom.vendors.ssh import Access
from opsroom.vendors.ssh.client import Client
from opsroom.vendors.ssh.errors import Trouble, trouble_of
from support.deploys.ssh import World
from support.waiting import alive, until


@pytest.fixture
def access(world: World) -> Access:
    keys = world.hosts.access()
    del keys["hosts"]
    return Access(hosts={"": ("web1",)}, **keys)


@pytest.fixture
def client(access: Access) -> Iterator[Client]:
    with Client(access) as made:
        yield made


def command(client: Client, world: World, key: str = "d1") -> RemoteCommand:
    return RemoteCommand(client, "web1", str(world.folder / "state"), key)


def state(world: World, key: str = "d1") -> Path:
    return world.folder / "state" / f"opsroom-{key}-web1"


def arguments(world: World) -> list:
    return ["sh", "-c", 'echo $$ >>"$0"; sleep 300', f"{world.folder}/web1/begun"]


def test_of_many_starts_at_once_one_begins(client: Client, world: World) -> None:
    made = command(client, world)
    made.look()
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda _: made.start(arguments(world)), range(6)))
    assert {one.state for one in reports} == {State.RUNNING}
    until(lambda: world.begun("web1"), "the command")
    assert len(world.begun("web1")) == 1
    assert made.stop().state is State.STOPPED


def test_the_gate_lets_one_through(world: World) -> None:
    """Two starts may both have found nothing: one whose answer was lost, and its repetition."""
    folder = world.folder / "gate"
    folder.mkdir()
    words = ["setsid", "sh", "-c", _WRAPPER, "opsroom", str(folder), *arguments(world)]
    words[-2] = 'echo $$ >>"$0"'
    for one in [subprocess.Popen(words) for _ in range(4)]:
        assert one.wait(30) == 0
    assert len(world.begun("web1")) == 1
    assert (folder / "rc").read_text() == "0\n"


def test_what_was_stopped_before_it_began_never_begins(client: Client, world: World) -> None:
    made = command(client, world)
    assert made.look().state is State.ABSENT
    assert made.stop().state is State.CLOSED
    assert made.start(arguments(world)).state is State.CLOSED
    assert world.begun("web1") == []


def test_another_process_with_the_same_number_is_left_alone(client: Client, world: World) -> None:
    """After a restart of the host, or long after the command was killed."""
    other = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        birth = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        for number, (began, booted) in enumerate([("1", boot), (birth, "another")]):
            made = command(client, world, f"d{number}")
            state(world, f"d{number}").mkdir(parents=True)
            os.symlink(f"{other.pid} {began} {booted}", state(world, f"d{number}") / "pid")
            assert made.look().state is State.LOST
            assert made.stop().state is State.STOPPED
            assert alive(other.pid)
        made = command(client, world, "d9")
        state(world, "d9").mkdir(parents=True)
        os.symlink(f"{other.pid} {birth} {boot}", state(world, "d9") / "pid")
        assert made.look().state is State.RUNNING
        made.stop()
        until(lambda: not alive(other.pid), "its end")
    finally:
        other.kill()
        other.wait()


def test_what_a_success_left_running_is_not_stopped(client: Client, world: World) -> None:
    made = command(client, world)
    script = 'sleep 300 & echo $! >>"$0"'
    made.start(["sh", "-c", script, f"{world.folder}/web1/begun"])
    until(lambda: made.look().state is State.DONE, "the end")
    assert made.stop().state is State.DONE
    (service,) = world.begun("web1")
    assert alive(service)


def test_two_hosts_with_one_home_folder_are_two(client: Client, world: World) -> None:
    folder = str(world.folder / "state")
    for name in world.hosts.names[:2]:
        RemoteCommand(client, name, folder, "d1").start(["touch", f"{world.folder}/{name}/done"])
    for name in world.hosts.names[:2]:
        until(lambda name=name: (world.folder / name / "done").exists(), name)


def test_files_of_a_deployment_have_the_modes_of_the_user(client: Client, world: World) -> None:
    made = command(client, world)
    path = world.folder / "web1" / "file"
    made.start(["touch", str(path)])
    until(lambda: made.look().state is State.DONE, "the end")
    assert state(world).stat().st_mode & 0o077 == 0
    plain = client.run("web1", ["sh", "-c", "umask"], 5.0).text.strip()
    assert path.stat().st_mode & 0o777 == 0o666 & ~int(plain, 8)


def test_what_login_scripts_print_is_no_output(client: Client, world: World) -> None:
    answer = client.run("web1", ["sh", "-c", "printf 'a\\nb'; echo c >&2; exit 255"], 5.0)
    assert (answer.status, answer.text, answer.errors) == (255, "a\nb", ("c",))
    forced = '[ -z "$SSH_ORIGINAL_COMMAND" ] || { echo welcome; sh -c "$SSH_ORIGINAL_COMMAND"; }'
    world.hosts.stop("web1")
    world.hosts.start("web1", f"ForceCommand {forced}")
    try:
        assert client.run("web1", ["echo", "v1"], 5.0).text == "v1\n"
        world.hosts.stop("web1")
        world.hosts.start("web1", "ForceCommand echo no shell here; exit 1")
        with pytest.raises(Failure, match="web1 runs no commands for this user: no shell") as why:
            client.run("web1", ["echo", "v1"], 5.0)
        assert trouble_of(why.value) is Trouble.LOGIN
    finally:
        world.hosts.stop("web1")


def test_a_host_without_room_for_its_state_is_named(client: Client, world: World) -> None:
    (world.folder / "state").write_text("a file")
    with pytest.raises(Failure, match="web1 does not let this user make the folder") as caught:
        command(client, world).start(["true"])
    assert caught.value.code is Code.DEPLOY_FAILED


def test_one_login_serves_many_questions_and_ends_with_them(access: Access, world: World) -> None:
    log = world.hosts.folder / "log-web1"
    world.hosts.stop("web1")
    world.hosts.start("web1", "LogLevel VERBOSE")
    before = log.read_text().count("Accepted publickey")
    with Client(access) as client:
        for _ in range(3):
            client.run("web1", ["true"], 5.0)
        assert client._sockets
        folder = Path(client._folder)
        assert folder.stat().st_mode & 0o077 == 0
    assert log.read_text().count("Accepted publickey") == before + 1
    assert not folder.exists()
    world.hosts.stop("web1")


def test_a_config_that_is_not_there_is_named(access: Access, world: World) -> None:
    wrong = Access(hosts=access.hosts, config=str(world.folder / "none"))
    with Client(wrong) as client, pytest.raises(Failure, match="with these settings of ssh: Can't"):
        client.run("web1", ["true"], 5.0)
