"""Half commands: what they lack, and commands that would work, with the names of the config."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Tuple

from support.cases import cases
from support.chat.suggestions import asked_back
from support.expectations import expect
from support.metadata import pack
from support.worlds.guarded import guarded_world
from support.worlds.world import World

PACK = pack()


TABLE: List[Tuple[str, str, List[str]]] = [
    ("deploy web v1.2.0", "lacks an environment", ["deploy web v1.2.0 to test",
     "deploy web v1.2.0 to uat"]),
    ("deploy web to uat", "lacks a version", ["deploy web VERSION to uat"]),
    ("deploy web v1.2.0 uat", "is not a complete command", ["deploy web v1.2.0 to uat"]),
    ("deploy web v1.2.0 on uat", "is not a complete command", ["deploy web v1.2.0 to uat"]),
    ("deploy", "lacks an application", ["deploy web VERSION to test"]),
    ("promote web", "lacks the environment to promote from", ["promote web from test to uat"]),
    ("promote web to uat", "lacks the environment to promote from",
     ["promote web from test to uat"]),
    ("promote web from test", "lacks an environment", ["promote web from test to uat"]),
    ("promote web form test to uat", "is not a complete command",
     ["promote web from test to uat"]),
    ("rollback web", "lacks an environment", ["rollback web on test", "rollback web on uat"]),
    ("plan web v1.2.0", "lacks an environment", ["plan web v1.2.0 to test"]),
    ("lock", "lacks", ["lock test: REASON", "lock everything: REASON"]),
    ("unlock web", "lacks an environment", ["unlock web on test"]),
    ("page web-team", "lacks a message", ["page web-team: MESSAGE"]),
    ("page web-team checkout is down", "is not a complete command",
     ["page web-team: checkout is down"]),
    ("send page x", "lacks a team or a person", ["send page x to web-team"]),
    ("approve change", "lacks the id of a change", ["approve change CHANGE", "show changes"]),
    ("approve K7QX", "is not a complete command", ["approve change K7QX"]),
    ("reject change K7QX", "lacks a reason", ["reject change K7QX: REASON"]),
    ("review change K7QX", "lacks a text", ["review change K7QX: TEXT"]),
    ("ack 12", "is not a complete command", ["ack page 12"]),
    ("ack page", "lacks the id of a page", ["ack page PAGE", "show pages"]),
    ("create card", "lacks a text", ["create card: TEXT"]),
    ("create card checkout is broken", "is not a complete command",
     ["create card: checkout is broken"]),
    ("comment on card OPS-12 looks good", "is not a complete command",
     ["comment on card OPS-12: looks good"]),
    ("move card OPS-12", "lacks a column", ["move card OPS-12 to COLUMN"]),
    ("assign card OPS-12 alice", "is not a complete command", ["assign card OPS-12 to alice"]),
    ("show locks uat", "is not a complete command", ["show locks on uat"]),
    ("versions", "lacks an application", ["versions of web", "versions of api"]),
    ("history", "lacks an environment", ["history on test"]),
    ("audit report", "lacks a period", ["audit report for "]),
    ("audit report on uat", "lacks a period", ["audit report on uat for "]),
    ("quiet announcements", "lacks a time", ["quiet announcements for 30m"]),
    ("emergency deploy web v1", "lacks an environment",
     ["emergency deploy web v1 to production: " "REASON"]),
    ("close incident", "lacks the id of an incident",
     ["close incident INCIDENT", "show incidents"]),
]  # fmt: skip


@cases(("text", "lacks", "suggested"), TABLE)
def test_a_half_command_is_answered_by_what_it_lacks(
    world: World, text: str, lacks: str, suggested: List[str]
) -> None:
    answer = asked_back(world, text, "carol" if text.startswith("emergency") else "alice")
    expect(answer, ok=False, outcome="refused", code="unknown_command")
    assert answer["message"].startswith(f"'{text}' {lacks}"), answer["message"]
    for one in suggested:
        assert one in answer["hint"]


def halves() -> List[str]:
    """Every beginning of every form, with names of the config and without."""
    values = {
        "app": "web",
        "version": "v1.2.0",
        "environment": "uat",
        "source": "test",
        "who": "web-team",
        "card": "OPS-12",
    }
    values.update(
        {"change": "K7QX", "page": "12", "incident": "K7QX", "since": "2026-11", "code": "492039"}
    )
    made = set()
    for alias in PACK.aliases:
        for one in alias.formats:
            display = re.sub(
                r"\{\{ (\w+) \}\}", lambda found: values.get(found.group(1), "x"), one.display
            )
            tokens = display.split()
            made |= {" ".join(tokens[:count]) for count in range(1, len(tokens))}
            made |= {
                " ".join([*tokens[:place], *tokens[place + 1 :]]) for place in range(1, len(tokens))
            }
    return sorted(made)


def test_what_is_suggested_for_any_half_command_is_a_command(world: World) -> None:
    asked = 0
    for text in halves():
        if [one.alias.name for one in PACK.matches(text)] != ["opsroom_unknown"]:
            continue
        answer = asked_back(world, text)
        asked += 1
        assert answer["code"] in ("unknown_command", "help", "versions", "history"), (text, answer)
        assert len(answer["message"]) + len(answer["hint"]) <= 400
        assert "…" not in answer["hint"]
        may_not = text.startswith("emergency") and answer["hint"].startswith("Those who may: ")
        assert answer["ok"] or may_not or answer["hint"].startswith("Say: "), text
        for one in answer["suggestions"] if not answer["ok"] else ():
            names = [match.alias.name for match in PACK.matches(one.replace("CODE", "492039"))]
            assert len(names) == 1, (text, one)
            assert names != ["opsroom_unknown"], (text, one)
    assert asked > 100


def test_what_reads_and_can_mean_one_thing_only_is_answered(world: World) -> None:
    assert asked_back(world, "history web uat")["code"] == "history"
    assert asked_back(world, "version web uat")["code"] == "versions"
    assert asked_back(world, "opsroom")["code"] == "help"
    # What changes something is asked back, however clear it is.
    assert asked_back(world, "rollback web uat")["ok"] is False


def test_what_waits_and_what_was_deployed_is_offered(tmp_path: Path) -> None:
    world = guarded_world(tmp_path)
    world.deploy("v1.2.0", "test", who="alice", room="#dev")
    assert "deploy web v1.2.0 to uat" in asked_back(world, "deploy web to uat")["hint"]
    world.deploy("v1.2.0", who="alice", room="#dev")
    change = world.deploy("v1.2.0", "production", who="alice", room="#dev")["change"]
    hint = asked_back(world, "approve change", "carol")["hint"]
    assert f"approve change {change}" in hint


def test_only_changes_that_the_command_can_end_are_offered(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, emergency=["carol"])
    done = world.emergency("v1.2.0", room="#ops")
    assert done["ok"], done
    change = re.findall(r"review change (\w{4})", done["message"] + done["hint"])[0]
    for text in ("approve", "confirm", "reject"):
        assert change not in asked_back(world, text, "alice")["hint"], text
    assert f"review change {change}: TEXT" in asked_back(world, "review", "alice")["hint"]
    # Nobody reviews their own.
    assert change not in asked_back(world, "review", "carol")["hint"]


def test_own_changes_are_offered_to_reject_and_not_to_approve(tmp_path: Path) -> None:
    world = guarded_world(tmp_path)
    for environment in ("test", "uat"):
        world.deploy("v1.2.0", environment, who="alice", room="#dev")
    change = world.deploy("v1.2.0", "production", who="alice", room="#dev")["change"]
    assert change not in asked_back(world, "approve", "alice")["hint"]
    assert f"reject change {change}: REASON" in asked_back(world, "reject", "alice")["hint"]
    assert f"approve change {change}" in asked_back(world, "approve", "carol")["hint"]


def test_an_emergency_deployment_is_offered_only_where_it_is_allowed(world: World) -> None:
    hint = asked_back(world, "emergency", "alice")["hint"]
    assert "emergency page web-team: MESSAGE" in hint
    assert "to test" not in hint
    message = asked_back(world, "emergency", "carol")["message"]
    assert message == "'emergency' lacks a team, a person or an application."


def test_nothing_is_recorded_and_nothing_of_it_is_evaluated(world: World) -> None:
    schema = PACK.actions["opsroom.suggest"].parameters["text"]
    for text in (
        "deploy {{ st2kv.system.x }}",
        "lock <% $ %>",
        "page {% raw %}",
        "page {# x #}",
        "page a\x00b",
        "page a\x07",
    ):
        assert not re.match(schema["pattern"], text)
    before = len(world.records())
    asked_back(world, "deploy web @channel <!channel> v1")
    assert len(world.records()) == before


def test_two_applications_without_versions_are_proposed_together(world: World) -> None:
    proposed = {
        "deploy web and api to uat": ["deploy web VERSION and api VERSION to uat"],
        "deploy web v1.2.0 and api to uat": ["deploy web v1.2.0 and api VERSION to uat"],
        "deploy web v1.2.0 and api v1.1.0": [
            "deploy web v1.2.0 and api v1.1.0 to test",
            "deploy web v1.2.0 and api v1.1.0 to uat",
        ],
    }
    for text, ways in proposed.items():
        answer = asked_back(world, text)
        assert answer["suggestions"] == ways
        assert "leaves out" not in answer["message"]
    for text in ("deploy web, api to uat", "deploy web, api"):
        assert asked_back(world, text)["suggestions"][-1] == (
            "deploy web VERSION and api VERSION to uat"
        )
    answer = asked_back(world, "deploy web, api v1.1.0 to uat")
    assert answer["suggestions"] == ["deploy web VERSION and api v1.1.0 to uat"]
    for text in ("deploy web and nonsense to uat", "redeploy web v1.2.0 and api to uat"):
        answer = asked_back(world, text)
        assert "leaves out" in answer["message"]
        assert [way for way in answer["suggestions"] if " and " in way] == []


def test_one_application_in_one_environment_leaves_little_to_ask(tmp_path: Path) -> None:
    world = guarded_world(tmp_path)
    world.config["environments"] = {"uat": {}}
    assert asked_back(world, "versions")["code"] == "versions"
    assert asked_back(world, "history of")["code"] == "history"
    assert asked_back(world, "deploy v1.2.0")["hint"] == "Say: deploy web v1.2.0 to uat"
    for text in halves()[::5]:
        assert asked_back(world, text)["code"] in (
            "unknown_command",
            "help",
            "versions",
            "history",
        ), text


@cases(
    ("text", "expected"),
    [
        ("deploy web@v1.2.0 to test", ["deploy web v1.2.0 to test"]),
        ("plan WEB@v1.2.0 to test", ["plan web v1.2.0 to test"]),
        ("deploy web@v9 to test", ["deploy web VERSION to test"]),
        ("deploy v1.2.0 to test", ["deploy web v1.2.0 to test", "deploy api v1.2.0 to test"]),
        ("deploy v9 to test", ["deploy web VERSION to test", "deploy api VERSION to test"]),
    ],
)
def test_only_deployable_versions_are_proposed(
    world: World, text: str, expected: List[str]
) -> None:
    answer = asked_back(world, text)
    assert answer["suggestions"] == expected
    assert ("leaves out" in answer["message"]) == ("v9" in text)


@cases(
    ("who", "room", "message", "hint"),
    [
        (
            "alice",
            "#dev",
            "alice may not do an emergency deployment to production.",
            "Those who may: carol.",
        ),
        (
            *("carol", "#dev"),
            "Emergency deployments to production are asked for from #ops, not from #dev.",
            "Repeat it in #ops.",
        ),
    ],
)
def test_an_emergency_deployment_that_is_not_allowed_is_not_proposed(
    world: World, who: str, room: str, message: str, hint: str
) -> None:
    for text in (
        "emergency deploy",
        "emergency deploy web v1.2.0 production",
        "emergency deploy web",
    ):
        answer = world.ask("suggest", who, room, text=text)
        assert (answer["message"].partition(". ")[2], answer["hint"]) == (message, hint), text
        assert answer["suggestions"] == []
    answer = world.ask("suggest", who, room, text="emergency")
    assert answer["message"] == f"'emergency' lacks a team or a person. {message}"
    assert not [one for one in answer["suggestions"] if "deploy" in one]


def test_a_set_is_proposed_where_its_name_was_typed_or_nearly(world: World) -> None:
    world.config["sets"] = {"shop": {"apps": ["web", "api"]}}
    for text in ("deploy shop to uat", "deploy shpo to uat"):
        answer = asked_back(world, text)
        assert answer["suggestions"] == ["deploy shop VERSION to uat"]
        assert "lacks a version" in answer["message"]
    assert asked_back(world, "rollback shpo")["suggestions"] == [
        "rollback shop on test",
        "rollback shop on uat",
    ]
    # Which of its applications, only the requester knows.
    assert "shop" not in str(asked_back(world, "promote shop to uat")["suggestions"])
