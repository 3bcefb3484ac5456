"""What the tests of the deploy kind ssh share: three hosts with real sshd, and a script on them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from opsroom.deploys.ssh import remote_command, rollout
from support.deploys.ssh import World
from support.servers.sshd import Hosts


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    with Hosts(tmp_path_factory.mktemp("hosts")) as hosts:
        yield hosts


@pytest.fixture
def world(running: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The hosts as they were at first, with nothing on them; hosts are asked often."""
    monkeypatch.setattr(rollout, "_PAUSES", (0.05,))
    monkeypatch.setattr(rollout, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr(rollout, "_AGAIN", (0.05, 0.05))
    monkeypatch.setattr(remote_command, "GRACE", 0.5)
    running.restore()
    made = World(running, tmp_path)
    yield made
    made.end()
