"""Answers that say all they know: whom they answer, what arrived, one time a sentence, and every
cut."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from support.expectations import says
from support.pages.rooms import Rooms
from support.worlds.world import make_world, runs

PAGERS = {"bell": {"kind": "local", "on_call": {"web-team": ["bob"]}}}
MASK = "alice!~alice@10.0.0.7"


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    """A room on IRC behind errbot, with a board and a pager."""
    made = make_world(tmp_path)
    made.config.update(route="errbot", trackers={"board": {"kind": "local"}}, pagers=PAGERS)
    made.config["people"]["alice"]["chat"] = [MASK]
    made.config["teams"] = {"web-team": {}}
    return Rooms(made, {})


def ask(rooms: Rooms, action: str, **given: Any) -> Any:
    return rooms.ask(action, MASK, "#dev", **given)


class TestWhomItAnswers:
    def test_an_answer_that_names_nobody_begins_with_the_nick(self, rooms: Rooms) -> None:
        assert ask(rooms, "list_locks")["message"] == "alice: Nothing is locked."
        refused = ask(rooms, "get_version", app="wep", environment="uat")
        assert refused["message"] == "alice: There is no application 'wep'."

    def test_one_that_names_the_asker_does_not(self, rooms: Rooms) -> None:
        assert ask(rooms, "lock", environment="uat", reason="test")["message"].startswith(
            "uat is locked by alice since"
        )

    def test_in_private_and_behind_hubot_nobody_is_named_twice(self, rooms: Rooms) -> None:
        assert rooms.ask("list_locks", MASK, MASK)["message"] == "Nothing is locked."
        rooms.world.config["route"] = "chatops"
        assert ask(rooms, "list_locks")["message"] == "Nothing is locked."


class TestWhatArrived:
    def test_a_card_of_one_line_says_that_nothing_followed(self, rooms: Rooms) -> None:
        says(ask(rooms, "create_card", text="checkout is broken"), "No description arrived.")
        whole = ask(rooms, "create_card", text="login is broken\nsince noon")
        assert "No description" not in whole["message"]

    def test_behind_hubot_only_a_line_that_goes_on_does(self, rooms: Rooms) -> None:
        rooms.world.config["route"] = "chatops"
        assert (
            "No description" not in ask(rooms, "create_card", text="checkout is broken")["message"]
        )
        says(ask(rooms, "create_card", text="what we saw:"), "No description arrived.")

    def test_a_comment_and_a_page_say_what_arrived(self, rooms: Rooms) -> None:
        card = ask(rooms, "create_card", text="checkout is broken")["card"]
        says(ask(rooms, "comment_card", card=card, text="the cache"), "It says: the cache")
        says(ask(rooms, "page", who="web-team", message="it is down"), "It says: it is down")


def test_a_failure_has_one_time_in_its_sentence(rooms: Rooms) -> None:
    config = rooms.world.config["apps"]["web"]
    config["verify_for"] = "1s"
    config["version"] = runs("echo", "v0.0.1")
    failed = ask(rooms, "deploy", app="web", version="v1.0.0", environment="uat")
    assert failed["code"] == "not_verified"
    assert re.findall(r"[\d.]+ (?:s|min|h)\b", failed["message"]) == ["1 s"]
    assert failed["seconds"] >= 1


def test_history_shows_drift_in_its_place(rooms: Rooms) -> None:
    ask(rooms, "deploy", app="web", version="v1.0.0", environment="uat")
    given = {"app": "web", "environment": "uat", "version": "v9", "version_before": "v1.0.0"}
    rooms.ask("note_drift", event="e" * 32, **given)
    ask(rooms, "deploy", app="web", version="v1.1.0", environment="uat")
    for scope in ({"app": "web", "environment": "uat"}, {"app": "web"}, {"environment": "uat"}):
        answer = ask(rooms, "get_history", **scope)
        rows = answer["message"].split("\n")[1:]
        assert [
            " v1.1.0 " in rows[0],
            "v1.0.0 -> v9 | not through opsroom | drift" in rows[1],
            "done" in rows[2],
        ] == [True] * 3
        assert [one["version"] for one in answer["drift"]] == ["v9"]
        assert [one["version"] for one in answer["deployments"]] == ["v1.1.0", "v1.0.0"]
    assert "drift" not in ask(rooms, "get_history", environment="test")["message"]


def test_a_cut_summary_ends_in_an_ellipsis(rooms: Rooms) -> None:
    answer = ask(rooms, "create_card", text="checkout " * 30)
    assert answer["message"].endswith("checkout ch…")
