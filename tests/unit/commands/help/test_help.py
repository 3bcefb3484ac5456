"""Help: what someone may do in short, every command in full, each within one message of the
room."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.commands.help import _forms
from opsroom.commands.help.catalogue import GROUPS, Command, read_commands
from support.cases import cases
from support.expectations import expect
from support.metadata import read
from support.worlds.guarded import guarded_world
from support.worlds.world import World

ALIASES = Path(__file__).resolve().parents[4] / "aliases"
COMMANDS = read_commands(ALIASES)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    return guarded_world(folder, rooms=["#ops"], emergency=["carol"])


@pytest.fixture
def world(template: World) -> World:
    """A world of which nothing but the config is changed."""
    return replace(template, config=copy.deepcopy(template.config))


def help_of(world: World, who: str, topic: str = "") -> Dict[str, Any]:
    return world.ask("help", who, "#ops", command=topic)


def lines(answer: Dict[str, Any]) -> List[str]:
    return str(answer["message"]).split("\n")


def test_every_command_has_its_place_in_the_overview() -> None:
    placed = {f"opsroom.{action}" for actions in GROUPS.values() for action in actions}
    every = {read(path)["action_ref"] for path in ALIASES.glob("*.yaml")}
    assert placed == every - {"opsroom.suggest"}


def test_the_overview_shows_what_this_person_may_do(world: World) -> None:
    assert "emergency" not in help_of(world, "alice")["message"]
    told = lines(help_of(world, "carol"))
    assert told[0] == "Deploy: deploy, redeploy, promote, rollback, cancel, plan, emergency."
    assert told[2] == "Locks: show locks, lock, unlock."
    assert told[-1].endswith("You may deploy to test, uat and production (once approved).")


def test_it_says_who_may_do_the_rest(world: World) -> None:
    assert lines(help_of(world, "bob"))[-1].endswith(
        " production: release-managers and alice, from #ops."
    )
    told = lines(help_of(world, "alice", "emergency"))
    assert told[-1] == "You may not deploy in an emergency. production: carol, from #ops."
    assert "For example: emergency deploy web 1.4.2 to production: checkout is down" in told


def test_where_a_deployment_is_confirmed_that_is_said(world: World) -> None:
    world.config["environments"]["uat"] = {"confirm_within": "1m"}
    assert "uat (once confirmed)" in help_of(world, "bob")["message"]


@cases("topic", ["", *sorted({one.word for one in COMMANDS} | {one.head for one in COMMANDS})])
def test_it_fits_into_one_message(world: World, topic: str) -> None:
    for who in ("alice", "carol", "mallory"):
        answer = help_of(world, who, topic)
        assert answer["ok"]
        assert len(answer["message"]) <= 400
        assert len(lines(answer)) <= 8
        # Neither cut by what fits text into a message.
        assert "…" not in answer["message"]
        assert "{" not in answer["message"]


def test_commands_that_begin_alike_are_told_each_with_what_it_does(world: World) -> None:
    told = lines(help_of(world, "alice", "audit"))
    assert told[0] == (
        "audit report for SINCE | Writes the report on the changes of a period for an auditor, "
        "and summarizes it."
    )
    assert told[-1] == "For one in full, say for example: opsroom help audit report"
    assert lines(help_of(world, "alice", "Audit  Verify"))[:2] == [
        "audit verify",
        "audit verify against HEAD",
    ]


def test_of_a_command_with_a_namesake_the_other_is_named(world: World) -> None:
    assert lines(help_of(world, "alice", "lock"))[-1] == "See also: lock everything: REASON"
    assert lines(help_of(world, "alice", "lock everything"))[0] == "lock everything: REASON"


def test_a_command_is_found_by_the_form_that_see_also_shows(world: World) -> None:
    assert lines(help_of(world, "alice", "deploy"))[-1] == "See also: deploy APPS to ENVIRONMENT"
    for topic in ("deploy APPS", "deploy apps to environment"):
        assert lines(help_of(world, "alice", topic))[0] == "deploy APPS to ENVIRONMENT"


def test_an_unknown_command_gets_the_nearest(world: World) -> None:
    expect(help_of(world, "alice", "histry"), code="unknown_command", hint="Did you mean history?")


def test_what_does_not_fit_is_folded_and_told_by_itself(world: World) -> None:
    world.config.update(trackers={"board": {"kind": "local"}}, pagers={"pager": {"kind": "local"}})
    for who in ("alice", "carol", "mallory"):
        told = lines(help_of(world, who))
        # Of those who may do more, the group "Look" does not fit either.
        (folded,) = [one for one in told if ": say opsroom help " in one]
        assert folded.replace("Look, ", "").replace("help look, ", "help ") == (
            "Cards, Pages and Incidents: say opsroom help cards, pages or incidents"
        )
        assert len(told) <= 8
        assert "…" not in "\n".join(told)
    pages = lines(help_of(world, "alice", "pages"))
    assert pages[0].startswith("Pages: page WHO: MESSAGE; emergency page WHO: MESSAGE; ")
    assert pages[1] == "For one in full, say for example: opsroom help page"
    assert "history on ENVIRONMENT" in lines(help_of(world, "alice", "look"))[0]
    assert "cards about TEXT" in lines(help_of(world, "alice", "cards"))[0]
    assert "show incidents" in lines(help_of(world, "alice", "incidents"))[0]


def test_what_is_not_configured_is_not_told(world: World) -> None:
    assert "Pages" not in help_of(world, "carol")["message"]
    assert "page" not in help_of(world, "carol", "emergency")["message"]
    world.config["pagers"] = {"pager": {"kind": "local"}}
    folded = "\n".join(lines(help_of(world, "mallory")))
    assert "Look, Pages and Incidents: say opsroom help look, pages or incidents" in folded
    assert lines(help_of(world, "mallory", "pages"))[0].startswith("Pages: page WHO: MESSAGE; ")
    assert "emergency page WHO: MESSAGE" in help_of(world, "carol", "emergency")["message"]


def test_the_examples_are_commands_that_are_understood(world: World) -> None:
    for one in COMMANDS:
        said = [
            line
            for line in lines(help_of(world, "carol", one.head))
            if line.startswith("For example: ")
        ]
        assert len(said) == 1, one.head
        assert "..." not in said[0]


def large_config(world: World) -> None:
    """200 applications and 30 environments, with the longest names; who may do what differs from
    place to place."""
    web = world.config["apps"]["web"]
    environments = world.config["environments"]
    world.config["apps"] = {f"app-{number:03d}-{'x' * 56}": web for number in range(200)}
    world.config["trackers"] = {"board": {"kind": "local"}}
    world.config["pagers"] = {"pager": {"kind": "local"}}
    world.config["announce"] = "#deploys"
    for number in range(30):
        environments[f"stage-{number:02d}-{'y' * 55}"] = {}


def own_rooms(world: World) -> None:
    """Each environment is deployed to from a room of its own."""
    for number, name in enumerate(world.config["environments"]):
        if name != "production":
            world.config["environments"][name] = {"rooms": [f"#room-{number:02d}-{'z' * 40}"]}


def hidden_people(world: World) -> None:
    """What alice may not do, others with long names may."""
    names = [f"person-{number}-{'p' * 50}" for number in range(10)]
    world.config["people"].update({name: {"chat": [name]} for name in names})
    for number, name in enumerate(world.config["environments"]):
        if number > 2 and name != "production":
            world.config["environments"][name] = {"deployers": names, "rooms": ["#elsewhere"]}


@pytest.mark.parametrize("further", [None, own_rooms, hidden_people])
@pytest.mark.parametrize("room", ["#dev", "#ops"])
def test_nothing_useful_is_cut_in_a_large_config(world: World, further: Any, room: str) -> None:
    large_config(world)
    if further:
        further(world)
    for who in ("alice", "carol"):
        overview = world.ask("help", who, room, command="")["message"]
        assert "production (once approved)" in overview
        assert room == "#ops" or "from #ops to production" in overview.replace(" also", "")
        # Those with rights, and those that begin alike.
        for topic in (
            "",
            "deploy",
            "emergency deploy",
            "lock",
            "review change",
            "show",
            "audit report",
        ):
            message = (
                overview if not topic else world.ask("help", who, room, command=topic)["message"]
            )
            assert "…" not in message, (who, topic)
            assert len(message) <= 400, (who, topic)
            assert message.count("\n") < 8, (who, topic)


def test_a_command_is_found_by_how_any_of_its_forms_begins(world: World) -> None:
    world.config["pagers"] = {"pager": {"kind": "local"}}
    for topic, form in (
        ("who is on call", "on call for WHO"),
        ("who", "on call for WHO"),
        ("send page", "page WHO: MESSAGE"),
        ("put lock", "lock ENVIRONMENT: REASON"),
        ("Review With", "review change CHANGE: TEXT"),
        ("close with", "close incident INCIDENT"),
    ):
        assert lines(help_of(world, "carol", topic))[0] == form
    # Of the three that begin so, each is shown.
    assert "emergency page WHO: MESSAGE" in help_of(world, "carol", "send")["message"]


def test_forms_that_are_left_out_are_counted() -> None:
    says = tuple(f"do THIS {number}" for number in range(7))
    command = Command(
        "do",
        "do",
        tuple(f"do {{{{ this }}}} {number}" for number in range(7)),
        says,
        "Does.",
        "x.y",
    )
    assert _forms(command) == [*says[:6], "… and 1 more form"]
