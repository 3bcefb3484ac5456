"""The aliases, read once: an action reads them in each process, and these tests run hundreds of
actions in one."""

from __future__ import annotations

from functools import lru_cache
from typing import Iterator

import pytest

from opsroom.commands import help
from opsroom.commands.help import catalogue, suggest
from support.worlds.guarded import guarded_world
from support.worlds.world import World


@pytest.fixture(scope="package", autouse=True)
def aliases_read_once() -> Iterator[None]:
    read = lru_cache(catalogue.read_commands)
    with pytest.MonkeyPatch.context() as patch:
        for module in (help, suggest):
            patch.setattr(module, "read_commands", read)
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A guarded production, a tracker, a pager and two applications."""
    made = guarded_world(tmp_path_factory.mktemp("world"), rooms=["#ops"], emergency=["carol"])
    made.config.update(
        trackers={"board": {"kind": "local"}},
        pagers={"pager": {"kind": "local"}},
        announce="#deploys",
    )
    made.config["teams"] = {"web-team": {"pager": "web-team"}}
    made.config["apps"]["api"] = made.config["apps"]["web"]
    return made
