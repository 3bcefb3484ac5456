"""The pack, installed from the committed state of this checkout into a running StackStorm, and
worlds to deploy in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import pytest

from support.chat.relays import KINDS, Channel, relay_of
from support.stackstorm.client import RELAY, StackStorm, connect, forget
from support.worlds.world import ROOT, World, make_world


@dataclass(frozen=True)
class Installed:
    """The pack as StackStorm has it: `checkout` is what was installed."""

    checkout: Path


@pytest.fixture(scope="session")
def stackstorm() -> Iterator[StackStorm]:
    """A running StackStorm, with an API key for the relay's user."""
    storm = connect()
    with storm.api_key(RELAY) as relay:
        storm.relay = relay
        yield storm


@pytest.fixture(scope="session")
def installed(stackstorm: StackStorm) -> Iterator[Installed]:
    """The pack, installed, with an empty config or none; afterwards its config is what it was.

    With `OPSROOM_TEST_INSTALLED` set, the same commit is not installed twice.
    """
    folder = Path(tempfile.mkdtemp(prefix="opsroom-install-"))
    folder.chmod(0o755)  # StackStorm may run as another user
    checkout = folder / "opsroom"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
    was_there = stackstorm.call("GET", "/packs/opsroom").ok
    config = stackstorm.config() if was_there else None
    # A new installation leaves registered what was made through the API.
    stackstorm.clear_away()
    try:
        if not (os.environ.get("OPSROOM_TEST_INSTALLED") and _has(stackstorm, checkout)):
            _install(stackstorm, checkout)
        _relay_may(stackstorm)
        if stackstorm.config():
            stackstorm.configure({})
        yield Installed(checkout)
    finally:
        _restore(stackstorm, was_there, config)
        shutil.rmtree(folder, ignore_errors=True)


def _install(storm: StackStorm, checkout: Path) -> None:
    begun = storm.make("/packs/install", {"packs": [f"file://{checkout}"]})
    execution = storm.ended(begun["execution_id"], timeout=600)
    assert execution["status"] == "succeeded", (
        f"the installation ended as {execution['status']}: {execution}"
    )
    _same_machine(storm, checkout)


def _has(storm: StackStorm, checkout: Path) -> bool:
    """Whether that commit is installed, and nobody changed its files since."""
    found = storm.call("GET", "/packs/opsroom")
    if not found.ok:
        return False
    pack = Path(found.json()["path"])
    # An installation changes the modes of all files.
    changed = _git(pack, "-c", "core.fileMode=false", "status", "--porcelain")
    return _commit(pack) == _commit(checkout) and not changed


def _same_machine(storm: StackStorm, checkout: Path) -> None:
    """The worlds of these tests are folders that the actions deploy into."""
    pack = Path(storm.get("/packs/opsroom")["path"])
    if not (pack / "pack.yaml").is_file() or _commit(pack) != _commit(checkout):
        pytest.skip(
            "StackStorm is on another machine: its actions cannot reach the folders of these tests"
        )


def _commit(folder: Path) -> str:
    return _git(folder, "rev-parse", "HEAD")


def _git(folder: Path, *command: str) -> str:
    """What git prints of a folder; its complaint where it cannot say."""
    asked = ["git", "-c", f"safe.directory={folder}", "-C", str(folder), *command]
    done = subprocess.run(asked, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


def _relay_may(storm: StackStorm) -> None:
    answer = storm.tell("opsroom help")
    assert answer.status_code != 403, (
        f"the relay's user {RELAY} may not run the pack; grant it action_execute on "
        f"pack:opsroom: {answer.text[:300]}"
    )
    storm.finish(answer.json()["results"][0])


def _restore(storm: StackStorm, was_there: bool, config: Optional[Dict[str, Any]]) -> None:
    if not storm.call("GET", "/packs/opsroom").ok:
        return
    path = storm.get("/packs/opsroom")["path"]
    # There is no way to take a config away through the API; an empty one means the same.
    storm.configure(config or {})
    if not was_there:
        storm.ended(storm.make("/packs/uninstall", {"packs": ["opsroom"]})["execution_id"])
    if config is None:
        forget(os.path.join(os.path.dirname(os.path.dirname(path)), "configs", "opsroom.yaml"))


@pytest.fixture
def world(stackstorm: StackStorm, installed: Installed) -> Iterator[World]:
    """A fresh world that the installed pack is configured for: see
    support.worlds.world.make_world."""
    folder = Path(tempfile.mkdtemp(prefix="opsroom-world-"))
    folder.chmod(0o777)
    # Not a copy of a migrated one: StackStorm's user makes the database, and owns it.
    made = make_world(folder / "world", f"sqlite:///{folder}/world/db/opsroom.db")
    (folder / "world").chmod(0o777)
    made.config.update(database=made.database, relays=[RELAY], lease="10s")
    # The sensors ask nobody anything in these tests, but for those that are about them.
    made.config["watching"] = {"versions": "0s", "cards": "0s", "pages": "0s"}
    stackstorm.configure(made.config)
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["hubot", "opsroom_hubot"])
def each_route(stackstorm: StackStorm, request: pytest.FixtureRequest) -> Iterator[str]:
    """What is said is answered by StackStorm's own rule, then by those of this pack."""
    stackstorm.route = request.param
    yield request.param
    stackstorm.route = "hubot"


@pytest.fixture(scope="session")
def relay_users() -> Dict[str, str]:
    """The StackStorm user of each relay, as far as known: found by the first command through it."""
    return {}


@pytest.fixture(params=KINDS)
def channel(
    request: pytest.FixtureRequest, stackstorm: StackStorm, relay_users: Dict[str, str]
) -> Iterator[Channel]:
    """A world that is spoken to through each chat relay in turn: alice, bob and carol are known by
    what it reports.

    Skips, saying so, where the environment names no such relay: see support.chat.relays.
    """
    made = Channel(relay_of(request.param), stackstorm)
    world: World = request.getfixturevalue("world")
    try:
        if made.relay.kind not in relay_users:
            answer = made.ask(made.person("scout"), "opsroom help")
            relay_users[made.relay.kind] = str(answer.execution["context"]["user"])
        for name in ("alice", "bob", "carol"):
            world.config["people"][name]["chat"] = [made.relay.reports(made.person(name))]
        world.config.update(relays=[relay_users[made.relay.kind]], route=made.relay.route)
        stackstorm.configure(world.config)
        yield made
    finally:
        made.close()
