"""metrics of web: whose deployments count, and what the room reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.commands import KINDS
from opsroom.commands.metrics.delivery import find_scope, production_of
from opsroom.config import load
from opsroom.errors import Code, Refusal
from support.expectations import expect
from support.pages.incidents import declare
from support.pages.rooms import Rooms
from support.worlds.world import World, git, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Everyone may deploy everywhere."""
    made = make_world(tmp_path)
    made.config["environments"] = {"test": {}, "uat": {}, "production": {}}
    return made


def metrics(world: World, **given: Any) -> Dict[str, Any]:
    return world.ask("metrics", **{"format": "none", **given})


def deployed(world: World, version: str, environment: str = "production") -> None:
    answer = world.deploy(version, environment)
    assert answer["code"] == "deployed", answer["message"]


def test_the_room_reads_five_figures_with_what_they_are_made_of(world: World) -> None:
    deployed(world, "v1.0.0")
    deployed(world, "v1.1.0")
    world.ask("rollback", app="web", environment="production")
    answer = metrics(world, app="web")
    expect(answer, ok=True, code="metrics")
    lines = answer["message"].split("\n")
    assert lines[0].startswith("web on production, ")
    # What began a moment ago has no frequency.
    assert lines[1] == "Deployment frequency: unknown, 2 deployments"
    # Of the first one nothing was there before, so nobody knows its commits.
    assert lines[2].endswith(", known for 1 of 2")
    assert lines[3] == "Change fail rate: 50 %, 1 of 2"
    assert lines[4].startswith("Recovery time: ")
    assert lines[5] == "Rework rate: 33.3 %, 1 of 3"
    assert len(lines) <= 8
    assert len(answer["message"]) <= 400
    figures = answer["figures"]
    expect(figures, deployments=2, rollbacks=1, failed_by={"rolled_back": 1})
    assert figures["lead_time_seconds"] is not None
    expect(figures, commits=1, lead_time_known_for=1)
    assert "median over all commits" in answer["definitions"]["change_lead_time"]


def test_the_lead_time_is_from_the_committer(world: World) -> None:
    """What was rebased yesterday and written a year ago waited a day."""
    repository = world.folder / "repository"
    (repository / "VERSION").write_text("v2.0.0\n")
    dates = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    git(repository, *dates, "commit", "--quiet", "-am", "new", "--date", "2001-01-01T00:00:00Z")
    git(repository, "tag", "v2.0.0")
    deployed(world, "v1.2.0")
    deployed(world, "v2.0.0")
    lead = metrics(world, app="web")["figures"]["lead_time_seconds"]
    assert 0 <= lead < 3600


def test_other_environments_are_asked_for_by_name(world: World) -> None:
    deployed(world, "v1.0.0", "uat")
    assert metrics(world, app="web")["figures"]["deployments"] == 0
    answer = metrics(world, app="WEB", environment="UAT", since="today")
    assert answer["figures"]["deployments"] == 1
    assert answer["message"].startswith("web on uat, ")
    assert metrics(world, environment="uat")["figures"]["deployments"] == 1


def test_two_ends_in_one_text(world: World) -> None:
    answer = metrics(world, app="web", since="2026-Q1 to 2026-Q2")
    assert answer["message"].split(":")[0] == "web on production, Q1 2026 to Q2 2026"
    expect(answer, since="2026-01-01T00:00:00Z", until="2026-07-01T00:00:00Z")


def test_days_are_those_of_the_config(world: World) -> None:
    world.config["timezone"] = "Europe/London"
    answer = metrics(world, app="web", since="2026-Q3")
    expect(answer, since="2026-06-30T23:00:00Z", until="2026-09-30T23:00:00Z")
    assert answer["timezone"] == "Europe/London"


@pytest.mark.parametrize("format_", ["html", "csv", "json"])
def test_a_file_is_written_where_one_is_wanted(world: World, format_: str) -> None:
    deployed(world, "v1.0.0")
    answer = metrics(world, app="web", since="2026-Q4", format=format_)
    path = Path(answer["path"])
    assert path.name == f"metrics-2026-Q4-web-on-production.{format_}"
    assert answer["message"].endswith(f"Report: {path}")
    assert len(answer["message"]) <= 400
    if format_ == "json":
        assert json.loads(path.read_text("utf-8"))["opsroom_metrics"] == 1
    assert "path" not in metrics(world, app="web")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"app": "wbe"}, "unknown_app"),
        ({"environment": "prodction"}, "unknown_environment"),
        ({"team": "nobody"}, "unknown_who"),
        ({"app": "web", "since": "the good old days"}, "invalid_time"),
        ({}, "unknown_command"),
    ],
)
def test_what_is_not_known_is_named(world: World, given: Dict[str, str], code: str) -> None:
    expect(metrics(world, **given), outcome="refused", code=code)


def test_a_team_is_measured_by_what_it_is_paged_for(world: World) -> None:
    world.config["pagers"] = {"pager": {"kind": "local", "on_call": {"web-team": "alice"}}}
    world.config["apps"]["web"]["page"] = "web-team"
    deployed(world, "v1.0.0")
    answer = metrics(world, team="Web-Team")
    assert answer["message"].startswith("web-team on production, ")
    assert answer["figures"]["deployments"] == 1
    assert metrics(world, team="web-team", environment="uat")["figures"]["deployments"] == 0


def test_an_incident_names_what_it_is_held_against(world: World) -> None:
    world.config["pagers"] = {"pager": {"kind": "local", "on_call": {"web-team": "alice"}}}
    world.config["apps"]["web"]["page"] = "web-team"
    deployed(world, "v1.0.0")
    declare(Rooms(world, {}))
    expect(metrics(world, app="web")["figures"], failed_by={"incident": 1}, not_recovered=1)
    # It says nothing of an environment that nobody uses.
    deployed(world, "v1.0.0", "uat")
    assert metrics(world, app="web", environment="uat")["figures"]["incidents"] == 0


@pytest.mark.parametrize(
    ("config", "production"),
    [
        ({"test": {}, "production": {}}, "production"),
        ({"Prod": {}, "test": {}}, "Prod"),
        ({"test": {}, "blue": {"after": "test"}}, "blue"),
        ({"only": {}}, "only"),
        ({"test": {}, "uat": {}}, ""),
        ({"live": {}, "prod": {}}, ""),
    ],
)
def test_which_environment_is_production(
    tmp_path: Path, config: Dict[str, Any], production: str
) -> None:
    world = make_world(tmp_path)
    settings = load({**world.config, "environments": config}, KINDS)
    assert production_of(settings) == production
    if not production:
        with pytest.raises(Refusal) as caught:
            find_scope(settings, "web")
        assert caught.value.code is Code.UNKNOWN_ENVIRONMENT
