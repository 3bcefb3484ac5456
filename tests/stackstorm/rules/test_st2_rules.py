"""Rules on a running StackStorm: what is announced, once; what is promoted, and by
nothing that a rule did before."""

from __future__ import annotations

import json
import secrets

import pytest
import yaml

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.rules import Place, switched_on
from support.worlds.world import ROOT

RULES = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "rules").glob("*.yaml"))
}


@pytest.mark.usefixtures("installed")
def test_every_rule_is_registered_as_its_file_says(stackstorm: StackStorm) -> None:
    there = {one["name"]: one for one in stackstorm.get("/rules?pack=opsroom&limit=100")}
    for name, rule in RULES.items():
        assert there[name]["enabled"] is rule["enabled"], name
        assert there[name]["action"]["ref"] == rule["action"]["ref"]


def test_a_deployment_that_was_not_asked_for_there_is_announced_once(place: Place) -> None:
    storm = place.storm
    done = storm.run(
        "opsroom.deploy", parameters={"app": "web", "version": "v1.0.0", "environment": "test"}
    )
    assert done["status"] == "succeeded"
    assert place.announcing(done["id"])["told"] == 1
    reply = storm.say("deploy web v1.1.0 to test", "alice", place.room)
    assert place.announcing(reply.id)["told"] == 0
    other = storm.say("deploy web v1.2.0 to test", "alice", "#elsewhere")
    assert place.announcing(other.id)["told"] == 1
    first, answer, last = place.wait_for_announcements(3)
    assert "deployed web v1.0.0 to test" in first
    assert answer == reply.message
    # The answer has a link at its end, which StackStorm's workflow puts there.
    assert last == other.result["message"]
    assert other.message.startswith(last)


def test_while_it_is_quiet_nothing_is_told_and_everything_recorded(place: Place) -> None:
    storm = place.storm
    assert storm.say("quiet announcements for 30m", "alice", "#dev").code == "quiet"
    done = storm.run(
        "opsroom.deploy", parameters={"app": "web", "version": "v1.0.0", "environment": "test"}
    )
    assert place.announcing(done["id"])["told"] == 0
    assert place.announced() == []
    reply = storm.say("loud announcements", "alice", "#dev")
    assert (reply.code, reply.result["missed"]) == ("loud", 1)
    assert place.world.events() == ["quiet", "asked", "started", "succeeded", "loud"]


def test_drift_is_recorded_and_told_once_however_often_it_is_heard_of(place: Place) -> None:
    known, event = place.known("note_drift"), secrets.token_hex(16)
    where = {"app": "web", "environment": "uat"}
    for _ in range(2):
        place.emit(
            "version_unknown_change",
            **where,
            version="",
            version_before="v1.0.0",
            asked_at="",
            event=event,
        )
    assert sorted(one["code"] for one in place.results("note_drift", known, 2)) == [
        "noted",
        "nothing_new",
    ]
    (post,) = place.wait_for_announcements(1)
    assert post.startswith("web on uat runs nothing any more (before: v1.0.0)")
    assert place.world.events() == ["drift"]


def test_a_card_in_the_column_that_asks_for_it_promotes_once(place: Place) -> None:
    storm = place.storm
    storm.run(
        "opsroom.deploy", parameters={"app": "web", "version": "v1.1.0", "environment": "test"}
    )
    card = storm.run("opsroom.create_card", parameters={"text": "checkout is slow"})["result"][
        "result"
    ]["card"]
    known, event = place.known("promote_card"), secrets.token_hex(16)
    with switched_on(storm, "promote_ready_cards"):
        for _ in range(2):
            place.emit(
                "card_moved",
                tracker="board",
                card=card,
                **{"from": "To do"},
                to="Doing",
                at="",
                event=event,
            )
        codes = sorted(one["code"] for one in place.results("promote_card", known, 2))
    assert codes == ["deployed", "nothing_new"]
    assert place.world.running("uat") == "v1.1.0"
    posts = place.wait_for_announcements(2)
    assert len([one for one in posts if "promoted web v1.1.0" in one]) == 1


def test_a_column_with_an_expression_in_its_name_is_refused_and_evaluated_by_nobody(
    place: Place,
) -> None:
    storm = place.storm
    with storm.secret(f"opsroom_test_{secrets.token_hex(4)}", "topsecret") as key:
        text = "{{ st2kv('system." + key + "', decrypt=true) }}"
        known = place.known("promote_card")
        with switched_on(storm, "promote_ready_cards"):
            for to in (text, "the one behind it"):
                event = secrets.token_hex(16)
                place.emit(
                    "card_moved",
                    tracker="board",
                    card="OPS-1",
                    **{"from": ""},
                    to=to,
                    at="",
                    event=event,
                )
            # The first one leaves an execution that failed, or none at all.
            behind = lambda: [  # noqa: E731
                one for one in place.new("promote_card", known) if one["status"] == "succeeded"
            ]
            wait_for(behind, "the one behind it")
            runs = place.new("promote_card", known)
    assert "topsecret" not in json.dumps(runs)


def test_a_failed_deployment_wakes_the_team_of_the_application(place: Place) -> None:
    storm, config = place.storm, place.world.config
    config["pagers"] = {"log": {"kind": "local", "on_call": {"web-team": ["bob"]}}}
    config["apps"]["web"].update(page="web-team", verify_for="0s")
    config["apps"]["web"]["version"] = {"kind": "command", "command": ["echo", "v0"]}
    config["environments"]["test"] = {"page_on_failure": "app"}
    storm.configure(config)
    known = place.known("page_on_failure")
    with switched_on(storm, "page_on_failure"):
        done = storm.run(
            "opsroom.deploy", parameters={"app": "web", "version": "v1.0.0", "environment": "test"}
        )
        assert done["status"] == "failed"
        assert place.results("page_on_failure", known)[0]["code"] == "paged"
    (post,) = place.wait_for_announcements(1)
    assert post.startswith("The deploy of web v1.0.0 on test by")
