"""The morning report: what is in it, in which order, that it fits, and that it is told once a
day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Dict

import pytest

from opsroom import commands
from opsroom.db.sql import from_moment, moment
from opsroom.db.store import open_store
from support.expectations import expect
from support.pages.rooms import Rooms
from support.pages.scripted_pager import Side
from support.records.late import away
from support.records.stores import rows, run
from support.worlds.world import runs


def report(rooms: Rooms, **given: Any) -> Dict[str, Any]:
    return rooms.ask("report", **given)


def deploy(rooms: Rooms, version: str, environment: str) -> None:
    assert rooms.ask("deploy", app="web", version=version, environment=environment)["ok"]


def behind_its_back(rooms: Rooms, version: str, environment: str) -> None:
    """Someone puts another version there without opsroom."""
    place = rooms.world.folder / "srv" / "web" / environment
    (place / version).mkdir(parents=True)
    (place / version / "VERSION").write_text(version)
    current = place / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(version)


def age(rooms: Rooms, hours: float) -> None:
    store = open_store(rooms.world.database)
    for (since,) in rows(store, "SELECT since FROM locks"):
        earlier = moment(from_moment(since) - timedelta(hours=hours))
        run(store, "UPDATE locks SET since = :at", at=earlier)


def test_on_a_quiet_day_it_says_so_and_what_runs_where(rooms: Rooms) -> None:
    for environment in ("test", "uat"):
        deploy(rooms, "v1.1.0", environment)
    answer = report(rooms)
    lines = answer["message"].split("\n")
    assert answer["code"] == "report"
    assert lines[0].startswith("Morning report, ")
    assert lines[1:] == [
        "All is as recorded; nothing is open, waits or is locked.",
        "Running: web v1.1.0 (test and uat).",
    ]
    assert answer["told"] is False
    assert rooms.said("#deploys") == []


def test_what_runs_and_the_record_says_otherwise_comes_first(rooms: Rooms) -> None:
    deploy(rooms, "v1.0.0", "uat")
    behind_its_back(rooms, "v6.6.6", "uat")
    behind_its_back(rooms, "v7.0.0", "production")
    answer = report(rooms)
    assert answer["message"].split("\n")[1] == (
        "Not as recorded: web on uat runs v6.6.6 (record: v1.0.0) and web on production runs "
        "v7.0.0 (record: nothing)."
    )
    assert answer["drift"][0] == {
        "app": "web",
        "environment": "uat",
        "runs": "v6.6.6",
        "recorded": "v1.0.0",
    }


def test_only_locks_of_more_than_a_day_are_told(rooms: Rooms) -> None:
    rooms.ask("lock", "bob", environment="uat", reason="load test")
    assert "Locked" not in report(rooms)["message"]
    age(rooms, 49)
    assert "Locked for more than a day: uat by bob for 2 d." in report(rooms)["message"]


def test_changes_pages_and_incidents_that_are_open_are_told(rooms: Rooms) -> None:
    rooms.world.config["environments"]["uat"] = {"confirm_within": "10m"}
    waiting = rooms.ask("deploy", app="web", version="v1.0.0", environment="uat")["change"]
    incident = rooms.ask("open_incident", who="web", text="checkout is down")["incident"]
    said = report(rooms)["message"]
    assert f"Waiting changes: {waiting} (web v1.0.0 on uat)." in said
    assert f"Open incidents: {incident} (web)." in said
    assert "Open pages: 1234 (web-team)." in said


def test_places_and_pagers_that_are_silent_are_told(rooms: Rooms, sides: Dict[str, Side]) -> None:
    rooms.world.config["apps"]["web"]["version"] = runs("false")
    answer = report(rooms)
    assert "No answer: web on test, web on uat and web on production." in answer["message"]
    assert len(answer["unanswered"]) == 3


def test_it_fits_into_one_message_whatever_there_is(rooms: Rooms) -> None:
    for place in range(30):
        rooms.world.config["environments"][f"environment-with-a-long-name-{place}"] = {}
    for place in range(30):
        behind_its_back(
            rooms, f"v1.{place}.0-with-a-long-tail", f"environment-with-a-long-name-{place}"
        )
    for number in range(4):
        rooms.ask("open_incident", who="web", text=f"it is down {number}")
    message = report(rooms)["message"]
    assert len(message) <= 400
    assert len(message.split("\n")) <= 8


def test_it_is_told_in_the_announce_room_once_a_day(rooms: Rooms) -> None:
    first, second = report(rooms, announce=True), report(rooms, announce=True)
    assert (first["told"], second["told"]) == (True, False)
    assert [one.split(",")[0] for one in rooms.said("#deploys")] == ["Morning report"]


def test_before_it_is_told_a_database_that_is_away_is_waited_for(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_PAUSE", 0.0)
    with away(monkeypatch, 3):
        assert report(rooms, announce=True)["told"] is True
    with away(monkeypatch, 1):
        assert report(rooms)["code"] == "store_unreachable"


def test_where_there_is_no_room_nothing_is_asked_and_nothing_told(rooms: Rooms) -> None:
    del rooms.world.config["announce"]
    expect(report(rooms, announce=True), ok=True, code="nothing_new")


def test_while_it_is_to_be_quiet_it_is_not_told(rooms: Rooms) -> None:
    assert rooms.ask("quiet", length="30m")["ok"]
    assert report(rooms, announce=True)["told"] is False
    assert not [one for one in rooms.said("#deploys") if one.startswith("Morning")]
