"""Repositories on real servers: nginx with a password, and sshd with a key. What goes wrong there
is named with the host and with what helps, without a password, and within the time limit."""

from __future__ import annotations

import base64
import copy
import getpass
import os
import socket
import time
from pathlib import Path
from typing import Iterator

import pytest

from opsroom.errors import Code, Failure
from support.deploys.git import World
from support.deploys.jobs import Notes
from support.errors import failure_of, refusal_of
from support.servers.git import CutLine, GitServer
from support.servers.http import HttpServer
from support.servers.mail import make_certificate
from support.servers.sshd import Hosts
from support.worlds.repositories import Repository

WRONG = "wr0ng-of-the-runner"
PATH = "git/source/.git"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The repository that is served. Its last commit is large enough to be cut off."""
    made = World(tmp_path_factory.mktemp("served"))
    made.repository.commit({"large.bin": os.urandom(1_000_000)}, "large")
    return made


@pytest.fixture
def world(source: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty root of its own, and a user without any settings of git."""
    made = copy.copy(source)
    made.root = tmp_path / "srv" / "uat" / "web"
    made.raw = {**source.raw, "root": f"{tmp_path}/srv/{{environment}}/{{app}}"}
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    for name in ("GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture(scope="module")
def running(source: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    root = source.repository.path.parent
    with GitServer(tmp_path_factory.mktemp("server"), root) as server:
        yield server


@pytest.fixture
def server(running: GitServer) -> GitServer:
    running.restore()
    return running


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    with Hosts(tmp_path_factory.mktemp("hosts"), 2) as hosts:
        yield hosts


@pytest.fixture
def hosts(machine: Hosts, world: World, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """The host web1, its key known, the user's key let in."""
    machine.restore()
    config = Path(os.environ["HOME"]) / "ssh"
    config.write_text(
        f"IdentityFile {machine.folder}/user\nIdentitiesOnly yes\nIdentityAgent none\n"
        f"UserKnownHostsFile {machine.known_hosts}\nGlobalKnownHostsFile none\n"
    )
    monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh -F {config}")
    return machine


def over_ssh(hosts: Hosts, world: World, at: str = "") -> str:
    place = at or hosts.address("web1")
    return f"ssh://{getpass.getuser()}@{place}{world.repository.path}"


def use_helper(text: str) -> None:
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(f"[credential]\n\thelper = {text}\n")


def refused(world: World, url: str, version: str = "v1.1.0") -> Failure:
    """How a deployment from this address fails: soon, without a secret, and without a trace."""
    job, begun = Notes(), time.monotonic()
    failure = failure_of(world.deploy, version, job, repository=url, time_limit=20)
    assert time.monotonic() - begun < 20
    shown = " ".join((failure.message, failure.hint, str(failure.facts), *job.lines))
    for secret in (GitServer.password, WRONG):
        assert secret not in shown
        assert base64.b64encode(f"{GitServer.user}:{secret}".encode()).decode() not in shown
    assert not [path.name for path in world.root.glob(".mirror-*")]
    return failure


def test_a_tag_is_deployed_with_the_password_of_the_address(world, server):
    job = world.deploy("v1.1.0", repository=server.url(PATH, server.password))
    assert world.current == "v1.1.0"
    assert server.password not in " ".join(job.lines)
    written = [path for path in world.root.rglob("*") if path.is_file()]
    assert [path for path in written if server.password.encode() in path.read_bytes()] == []


def test_a_tag_is_deployed_with_the_password_of_a_credential_helper(world, server):
    use_helper("store")
    stored = Path(os.environ["HOME"]) / ".git-credentials"
    at = server.url("", server.password)
    stored.write_text(at.replace(f":{server.port}", f"%3a{server.port}").rstrip("/") + "\n")
    world.deploy("v1.1.0", repository=server.url(PATH))
    assert world.current == "v1.1.0"


def test_a_helper_that_only_reads_outlives_a_refusal(world, server):
    """git tells helpers to forget a password that was refused; `store` does."""
    kept = Path(os.environ["HOME"]) / "git-password"
    kept.write_text(f"username={server.user}\npassword={server.password}\n")
    use_helper(f'"!cat {kept} #"')
    server.accept("another-one")
    failure = refused(world, server.url(PATH))
    assert failure.code is Code.UNAUTHORIZED
    assert "does not accept the password" in failure.message
    server.accept(server.password)
    world.deploy("v1.1.0", repository=server.url(PATH))
    assert world.current == "v1.1.0"


def test_a_wrong_password_is_refused(world, server):
    failure = refused(world, server.url(PATH, WRONG))
    assert failure.code is Code.UNAUTHORIZED
    assert failure.message == (
        f"The repository {server.url(PATH).replace('//', '//***@')} refuses access: "
        f"127.0.0.1:{server.port} does not accept the password of this runner."
    )
    assert "credential helper" in failure.hint


def test_nobody_is_asked_for_a_password(world, server, tmp_path, monkeypatch):
    marker = _window(tmp_path, monkeypatch)
    failure = refused(world, server.url(PATH))
    assert failure.code is Code.UNAUTHORIZED
    assert f"127.0.0.1:{server.port} asks for a password" in failure.message
    assert "credential helper" in failure.hint
    assert not marker.exists()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("git/none.git", Code.UNREACHABLE, "has no such repository"),
        ("closed/source/.git", Code.UNAUTHORIZED, "forbids it (status 403)"),
        ("busy/source/.git", Code.UNREACHABLE, "is rate-limiting opsroom"),
        ("page/source/.git", Code.BAD_ANSWER, "such as a login page"),
        ("site/source/.git", Code.BAD_ANSWER, "such as a login page"),
        ("sso/source/.git", Code.UNREACHABLE, "redirects to http://127.0.0.1:PORT/page/login,"),
    ],
)
def test_what_is_no_repository_is_named(world, server, path, code, words):
    failure = refused(world, server.url(path, server.password))
    assert failure.code is code
    assert f"127.0.0.1:{server.port} " in failure.message
    assert words.replace("PORT", str(server.port)) in failure.message
    assert failure.hint


def test_a_host_that_refuses_is_asked_once_although_there_is_a_mirror(world, server):
    world.deploy("v1.0.0", repository=server.url(PATH, server.password))
    refused(world, server.url("busy/source/.git", server.password))
    before = len(server.asked())
    refused(world, server.url("busy/source/.git", server.password))
    assert len(server.asked()) - before == 1


def test_a_login_page_does_not_keep_a_release_from_being_deployed_again(world, server):
    for version in ("v1.0.0", "v1.1.0"):
        world.deploy(version, repository=server.url(PATH, server.password))
    world.deploy("v1.0.0", repository=server.url("page/source/.git", server.password))
    assert world.current == "v1.0.0"
    world.deploy("v1.2.0", repository=server.url(PATH, server.password))
    assert world.current == "v1.2.0"


def test_a_redirect_on_the_host_is_followed(world, server):
    world.deploy("v1.1.0", repository=server.url("moved/source/.git", server.password))
    assert world.current == "v1.1.0"


def test_a_redirect_to_another_host_does_not_get_the_password(world, server):
    before = len(server.asked())
    failure = refused(world, server.url("elsewhere/source/.git", server.password))
    assert failure.code is Code.UNAUTHORIZED
    assert "redirect" in failure.hint
    asked = [line.split() for line in server.asked()[before:]]
    assert "localhost" in {line[0] for line in asked}
    assert {line[-1] for line in asked if line[0] == "localhost"} == {"-"}


def test_a_server_that_is_down_is_named_and_kept_releases_still_work(world, server):
    url = server.url(PATH, server.password)
    for version in ("v1.0.0", "v1.1.0"):
        world.deploy(version, repository=url)
    resolved = world.deployer(repository=url).resolve("v1.2.0")
    server.stop()
    failure = refused(world, url, "large")
    assert failure.code is Code.UNREACHABLE
    assert f"127.0.0.1:{server.port} is unreachable" in failure.message
    assert "Try again" in failure.hint
    world.deploy("v1.0.0", repository=url)
    assert world.current == "v1.0.0"
    world.deployer(repository=url).deploy(resolved, Notes())
    assert world.current == "v1.2.0"


def test_a_gateway_in_trouble_is_named(world, server):
    server.break_gateway()
    failure = refused(world, server.url(PATH, server.password))
    assert failure.code is Code.UNREACHABLE
    assert f"127.0.0.1:{server.port} is in trouble (status 502)" in failure.message
    assert failure.hint == "Try again later."


def test_a_server_that_goes_away_in_the_middle_leaves_nothing_half(world, server):
    with CutLine(server.port, 300_000) as line:
        failure = refused(world, server.url(PATH, server.password, port=line.port))
        assert line.is_cut
    assert failure.code is Code.UNREACHABLE
    assert f"the connection to 127.0.0.1:{line.port} broke off" in failure.message
    assert failure.hint
    world.deploy("v1.1.0", repository=server.url(PATH, server.password))
    assert world.current == "v1.1.0"


def test_a_certificate_that_is_not_trusted_is_named_and_the_hint_helps(world, tmp_path):
    issuer, key = make_certificate(tmp_path)
    with HttpServer((issuer, key)) as server:
        failure = refused(world, server.url("/acme/web.git"))
        assert server.paths() == []
        setting = f"https://127.0.0.1:{server.port}/"
        Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text(
            f'[http "{setting}"]\n\tsslCAInfo = {issuer}\n'
        )
        trusted = refused(world, server.url("/acme/web.git"))
    assert failure.code is Code.UNREACHABLE
    assert f"the certificate of 127.0.0.1:{server.port} is not accepted (" in failure.message
    assert f"http.{setting}.sslCAInfo FILE" in failure.hint
    assert "has no such repository" in trusted.message


def test_an_empty_repository_over_ssh_has_no_versions(world, hosts, tmp_path):
    Repository(tmp_path / "empty")
    place = f"ssh://{getpass.getuser()}@{hosts.address('web1')}{tmp_path}/empty"
    refusal = refusal_of(world.deploy, "v1.1.0", repository=place)
    assert refusal.code is Code.UNKNOWN_VERSION
    assert "no tags and no branches" in refusal.hint


def test_a_tag_is_deployed_over_ssh(world, hosts):
    world.deploy("v1.1.0", repository=over_ssh(hosts, world))
    assert world.current == "v1.1.0"


def test_a_tag_is_deployed_over_ssh_from_an_address_without_scheme(world, hosts):
    with open(Path(os.environ["HOME"]) / "ssh", "a") as config:
        config.write(f"Include {hosts.config}\n")
    world.deploy("v1.1.0", repository=f"{getpass.getuser()}@web1:{world.repository.path}")
    assert world.current == "v1.1.0"
    hosts.trust(web1="")
    failure = refused(world, f"{getpass.getuser()}@web1:{world.repository.path}", "v1.2.0")
    assert "web1 is not among the known hosts of this runner" in failure.message
    assert failure.hint.endswith("ssh-keyscan web1")


def test_an_unknown_host_key_is_refused_and_nobody_is_asked(world, hosts, tmp_path, monkeypatch):
    marker = _window(tmp_path, monkeypatch)
    hosts.trust(web1="")
    before = hosts.known_hosts.read_text()
    place = hosts.address("web1")
    failure = refused(world, over_ssh(hosts, world))
    assert failure.code is Code.UNREACHABLE
    assert f"{place} is not among the known hosts of this runner" in failure.message
    assert failure.hint.endswith(f"ssh-keyscan -p {place.split(':')[1]} 127.0.0.1")
    assert hosts.known_hosts.read_text() == before
    assert not marker.exists()


def test_a_changed_host_key_is_refused(world, hosts):
    hosts.trust(web1="web2")
    place = hosts.address("web1")
    failure = refused(world, over_ssh(hosts, world))
    assert failure.code is Code.UNREACHABLE
    assert f"{place} has another host key than this runner knows" in failure.message
    assert failure.hint.endswith(f"ssh-keygen -R '[127.0.0.1]:{place.split(':')[1]}'")


def test_a_key_that_is_not_let_in_is_refused(world, hosts):
    hosts.allow()
    failure = refused(world, over_ssh(hosts, world))
    assert failure.code is Code.UNAUTHORIZED
    assert f"{hosts.address('web1')} does not let this runner in" in failure.message
    assert "deploy key" in failure.hint


def test_a_repository_that_the_host_does_not_have_is_named(world, hosts):
    failure = refused(world, f"{over_ssh(hosts, world)}-none")
    assert failure.code is Code.UNREACHABLE
    assert f"{hosts.address('web1')} has no such repository" in failure.message
    assert failure.hint


def test_a_host_that_is_down_is_named_and_kept_releases_still_work(world, hosts):
    url = over_ssh(hosts, world)
    for version in ("v1.0.0", "v1.1.0"):
        world.deploy(version, repository=url)
    hosts.stop("web1")
    failure = refused(world, url, "v1.2.0")
    assert failure.code is Code.UNREACHABLE
    assert f"{hosts.address('web1')} is unreachable (connection refused)" in failure.message
    assert "Try again" in failure.hint
    world.deploy("v1.0.0", repository=url)
    assert world.current == "v1.0.0"


def test_a_host_that_goes_away_in_the_middle_leaves_nothing_half(world, hosts):
    port = int(hosts.address("web1").split(":")[1])
    with CutLine(port, 300_000) as line:
        key = (hosts.folder / "host-web1.pub").read_text()
        with open(hosts.known_hosts, "a") as known:
            known.write(f"[127.0.0.1]:{line.port} {key}")
        failure = refused(world, over_ssh(hosts, world, f"127.0.0.1:{line.port}"))
        assert line.is_cut
    assert failure.code is Code.UNREACHABLE
    assert f"the connection to 127.0.0.1:{line.port} broke off" in failure.message
    world.deploy("v1.1.0", repository=over_ssh(hosts, world))
    assert world.current == "v1.1.0"


def test_a_host_that_never_answers_ends_at_the_time_limit(world, hosts):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        failure = failure_of(
            world.deploy, "v1.1.0", repository=over_ssh(hosts, world, place), time_limit=1
        )
    assert failure.code is Code.TIMED_OUT
    assert place in failure.message
    assert "did not end within 1 s and was stopped" in failure.message


def _window(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop with a program that asks for passwords; the file exists once it was run."""
    marker, program = folder / "asked", folder / "ask"
    program.write_text(f"#!/bin/sh\ntouch {marker}\necho yes\n")
    program.chmod(0o755)
    monkeypatch.setenv("SSH_ASKPASS", str(program))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("DISPLAY", ":0")
    return marker
