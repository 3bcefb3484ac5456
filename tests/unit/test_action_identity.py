"""What an action makes of what a relay hands over about the speaker: never is a seal in what leaves
it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from opsroom.action import Surroundings
from opsroom.commands import Context, Outcome
from opsroom.errors import Code
from support.seals import KEY, VERSION, sealed
from support.worlds.use_case import UseCase

ALICE = "irc:alice!~alice@client.example.com"


def answer(folder: Path, who: str, room: str, route: str = "errbot") -> Tuple[bool, Dict[str, Any]]:
    config = {
        "relays": ["errbot_bot"],
        "relay_keys": {"errbot_bot": KEY},
        "route": route,
        "people": {"alice": {"chat": [ALICE]}},
        "environments": {"uat": {}},
    }
    around = Surroundings(f"sqlite:///{folder}/opsroom.db", None, "e1")
    own = type("Note", (UseCase,), {"surroundings": around})

    def use_case(context: Context) -> Outcome:
        return Outcome(True, Code.NOTED, "Nothing is locked.")

    ok, result = own(config=config).run(use_case, who, room, "errbot_bot")
    assert who.rpartition(" ")[2] not in str(result)
    return ok, result


@pytest.mark.parametrize(
    ("identity", "room", "route", "message"),
    [
        (ALICE, "#ops", "errbot", "alice: Nothing is locked."),
        ("xmpp:bob@example.com", "#ops", "errbot", "bob: Nothing is locked."),
        ("matrix:@bob:example.com", "#ops", "errbot", "bob: Nothing is locked."),
        ("slack:T024BE7LD/U0NOBODY", "C024BE91L", "errbot", "Nothing is locked."),
        # In private the room is the speaker.
        (ALICE, "alice!~alice@client.example.com", "errbot", "Nothing is locked."),
        (ALICE, "#ops", "chatops", "Nothing is locked."),
    ],
)
def test_an_answer_names_who_asked_where_errbot_does_not(
    tmp_path: Path, identity: str, room: str, route: str, message: str
) -> None:
    assert answer(tmp_path, sealed(identity, room), room, route)[1]["message"] == message


@pytest.mark.parametrize(
    ("handed_over", "code"),
    [
        (sealed(ALICE, "#dev"), "seal_wrong"),
        (sealed(ALICE, "#ops", at=1.0), "seal_stale"),
        (f"{ALICE} errbot {'A' * 43}", "seal_malformed"),
    ],
    ids=["wrong", "stale", "malformed"],
)
def test_a_refusal_names_who_asked_without_the_seal(
    tmp_path: Path, caplog: Any, handed_over: str, code: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        ok, result = answer(tmp_path, handed_over, "#ops")
    assert (ok, result["code"], result["outcome"]) == (False, code, "refused")
    assert len(result["message"]) + 1 + len(result["hint"]) <= 400
    assert handed_over.rpartition(" ")[2] not in caplog.text


def test_a_relay_of_another_version_is_noted_in_the_log(tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.WARNING):
        ok, _ = answer(tmp_path, sealed(ALICE, "#ops", relay="errbot/0.3.9"), "#ops")
    assert ok
    assert f"of opsroom 0.3.9, this is opsroom {VERSION}" in caplog.text
    caplog.clear()
    answer(tmp_path, sealed(ALICE, "#ops", relay=f"errbot/{VERSION}"), "#ops")
    assert caplog.text == ""
