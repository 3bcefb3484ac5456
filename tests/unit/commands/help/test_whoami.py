"""opsroom whoami: how someone is known, with which rights, and what would be better."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest
import yaml

from support.cases import cases
from support.expectations import expect, says
from support.seals import KEY, VERSION, sealed
from support.worlds.guarded import SECRET, guarded_world
from support.worlds.world import World

ALICE = "slack:T024BE7LD/U0ALICE"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = guarded_world(
        tmp_path_factory.mktemp("whoami"),
        identity="vouched",
        rooms=["#ops"],
        second_factor=True,
        emergency=["carol"],
    )
    made.config.update(relays=["chatops_bot", "plain_bot"], relay_keys={"chatops_bot": KEY})
    people = made.config["people"]
    people["alice"]["chat"].append(ALICE)
    people["carol"]["chat"].append("matrix:@carol:example.com")
    people["dave"]["chat"].append("irc:dave@services")
    people["dave"]["totp"] = SECRET[:16] + "ABCDEFGHIJKLMNOP"
    made.config["environments"]["uat"]["confirm_within"] = "60s"
    return made


def ask(world: World, who: str, room: str = "#ops", user: str = "chatops_bot") -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("whoami", who, room, user)
    expect(answer, ok=True, code="who_am_i")
    assert len(answer["message"]) <= 400
    assert len(answer["message"].split("\n")) <= 8
    return answer


def test_a_vouched_person_reads_by_whom_and_with_which_rights(world: World) -> None:
    answer = ask(world, sealed("matrix:@carol:example.com", "#ops"))
    assert answer["message"].split("\n") == [
        f"You are carol: hubot/{VERSION} (chatops_bot) vouches for matrix:@ carol:example.com.",
        "You may deploy to test, uat (once confirmed) and production (once approved); approve on "
        "test, uat and production (with a code); lock test, uat and production; deploy in an "
        "emergency to production.",
    ]
    expect(answer, known_by="identity", person="carol", better="")
    expect(answer, vouched_by=f"hubot/{VERSION}", relay_is_current=True)
    production = answer["environments"]["production"]
    assert production["override"] is True
    expect(production, code=True, has_totp=True, vouched_enough=True)


def test_from_another_room_it_says_from_where(world: World) -> None:
    message = ask(world, sealed(ALICE, "#dev"), "#dev")["message"]
    assert "production (from #ops, once approved)" in message


def test_a_bare_name_reads_where_that_is_too_little(world: World) -> None:
    answer = ask(world, "alice", user="plain_bot")
    assert answer["message"].split("\n") == [
        "You are alice: the name alice, which plain_bot reports and nobody vouches for.",
        "You may deploy to test and uat (once confirmed); approve on test and uat; lock test and "
        "uat. On production a relay has to vouch.",
        "Better: a relay with a key, from relays/.",
    ]
    assert answer["known_by"] == "name"
    assert answer["environments"]["production"]["deploy"][0] == "not_vouched"


def test_a_relay_with_a_key_that_seals_nothing_is_named(world: World) -> None:
    assert "Its script sealed no identity" in ask(world, "alice")["message"]


@pytest.mark.parametrize(
    "identity",
    [
        "slack:T024BE7LD/U0NOBODY",
        "xmpp:eve@example.com",
        "matrix:@eve:example.com",
        "irc:eve!~eve@client.example.com",
        "irc:eve@services",
    ],
)
def test_an_unknown_identity_reads_how_to_become_known(world: World, identity: str) -> None:
    answer = ask(world, sealed(identity, "#ops"))
    line = answer["message"].partition("under people: ")[2]
    assert yaml.safe_load(line) == {"NAME": {"chat": [identity]}}
    assert line == answer["config_line"]
    assert answer["message"].startswith("opsroom does not know you: ")


def test_an_unknown_name_and_an_unknown_user_read_it_too(world: World) -> None:
    by_name = ask(world, "eve", user="plain_bot")
    assert yaml.safe_load(by_name["config_line"]) == {"NAME": {"chat": ["eve"]}}
    outside = ask(world, "eve", "", "eve")
    assert yaml.safe_load(outside["config_line"]) == {"NAME": {"st2": ["eve"]}}


def test_a_user_of_stackstorm_is_known_as_such(world: World) -> None:
    answer = ask(world, "alice.smith", "", "alice.smith")
    assert answer["message"].startswith("You are alice: StackStorm's user alice.smith, in no room.")
    assert (answer["known_by"], answer["environments"]["production"]["vouched_enough"]) == (
        "user",
        True,
    )


def test_a_room_reads_which_relay_does_that_and_the_cure(world: World) -> None:
    answer = ask(world, "#ops", user="plain_bot")
    assert "reports the room #ops in the place of who speaks" in answer["message"]
    says(answer, "err-stackstorm does that on Slack", "relays/errbot")
    expect(answer, known_by="room", config_line="")


def test_a_script_of_another_version_is_named(world: World) -> None:
    answer = ask(world, sealed(ALICE, "#ops", relay="hubot/0.3.9"))
    assert f"The relay's script is of opsroom 0.3.9, and this is {VERSION}" in answer["message"]


def test_a_code_that_cannot_be_given_is_said(world: World) -> None:
    world.config["people"]["erin"]["chat"].append("irc:erin@services")
    answer = ask(world, sealed("irc:erin@services", "#ops"))
    assert "production (with a code, which you cannot give)" in answer["message"]


def test_many_environments_still_fit_into_one_message(tmp_path: Path) -> None:
    many = guarded_world(tmp_path)
    many.config["environments"] = {f"environment-number-{one}": {} for one in range(30)}
    assert "more" in ask(many, "alice")["message"]


@cases("text", ["opsroom whoami", "Opsroom whoami?", "opsroom who am i ?"])
def test_it_is_asked_in_these_words(text: str) -> None:
    from opsroom.grammar.commands import COMMANDS

    [command] = [one for one in COMMANDS if one.alias == "whoami"]
    assert any(form.reading().match(text) for form in command.forms)


@cases("text", ["opsroom who am I", "opsroom am i", "opsroom me"])
def test_what_is_nearly_it_is_led_there(world: World, text: str) -> None:
    answer = world.ask("suggest", "alice", text=text)
    assert answer["suggestions"] == ["opsroom whoami"]
