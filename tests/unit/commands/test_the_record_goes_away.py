"""The record goes away while a deployment is under way: the room hears the outcome, not only
of the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsroom.commands import request
from support.expectations import expect
from support.worlds.world import World, make_world, python


def world_in_which_the_record_goes_away(folder: Path, status: int) -> World:
    """Deploying `api` moves the database aside, and ends with that status."""
    world = make_world(folder)
    database = world.database.partition(":///")[2]
    body = (
        f"import glob, os, sys\nfor name in glob.glob({database!r} + '*'): os.rename(name, name "
        "+ '.away')\n"
        f"os.mkdir({database!r})\nsys.exit({status})"
    )
    return world.with_app("api", deploy=python(body))


def come_back(world: World) -> None:
    database = Path(world.database.partition(":///")[2])
    database.rmdir()
    for path in database.parent.glob("*.away"):
        path.rename(path.with_suffix(""))


@pytest.mark.parametrize(("status", "code"), [(1, "deploy_failed"), (0, "store_unreachable")])
def test_the_answer_tells_what_became_of_the_deployment_and_that_it_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    monkeypatch.setattr(request, "_TIMEOUT", 0.1)
    world = world_in_which_the_record_goes_away(tmp_path, status)
    answer = world.deploy("1.0", app="api")
    expect(answer, ok=False, code=code)
    assert "could not be recorded: The database file" in answer["message"]
    assert ("failed after" in answer["message"]) is (status == 1)
    assert answer["hint"] == "The next command records it, with what runs then.".replace(
        "command", "command there" if status else "command"
    )
    come_back(world)
    world.let_leases_run_out()
    assert world.ask("get_history", environment="uat", app="")["ok"]
    assert world.events() == ["asked", "started", "interrupted"]
    assert world.chain_holds()


def test_what_was_not_touched_has_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "_TIMEOUT", 0.1)
    world = world_in_which_the_record_goes_away(tmp_path, 0)
    world.ask("get_history", environment="uat", app="")
    Path(world.database.partition(":///")[2]).unlink()
    Path(world.database.partition(":///")[2]).mkdir()
    expect(world.deploy("1.0", app="api"), code="store_unreachable")
