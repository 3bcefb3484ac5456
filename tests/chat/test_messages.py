"""What people type: each message means exactly one command with exactly these parameters, or none at all.

Checked as StackStorm matches (through the console's matcher, which other tests compare with StackStorm's own) and as
hubot does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from console.aliases import load_pack
from support.hubot import hubot_matches

PACK = load_pack(Path(__file__).resolve().parents[2])

WEB = {"app": "web"}
UAT = {"environment": "uat"}
MESSAGES: List[Tuple[str, str, Dict[str, str]]] = [
    ("deploy web v1.2.0 to uat", "opsroom_deploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("Deploy web v1.2.0 to uat", "opsroom_deploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("  deploy   web   v1.2.0   to   uat  ", "opsroom_deploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("deploy web feature/to-do to uat", "opsroom_deploy", {**WEB, **UAT, "version": "feature/to-do"}),
    ("deploy to to to to to", "opsroom_deploy", {"app": "to", "version": "to", "environment": "to to"}),
    ("deploy web v1 to uat redeploy=true", "opsroom_deploy", {**WEB, **UAT, "version": "v1", "redeploy": "true"}),
    ("redeploy web v1.2.0 to uat", "opsroom_redeploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("promote web from test to uat", "opsroom_promote", {**WEB, **UAT, "source": "test"}),
    ("Rollback web on uat", "opsroom_rollback", {**WEB, **UAT}),
    ("plan web v1.2.0 to uat", "opsroom_plan", {**WEB, **UAT, "version": "v1.2.0"}),
    ("history on uat", "opsroom_history", UAT),
    ("history of web", "opsroom_history", WEB),
    ("history of web on uat", "opsroom_history", {**WEB, **UAT}),
    ("history of web on uat limit=5", "opsroom_history", {**WEB, **UAT, "limit": "5"}),
    ("History of web", "opsroom_history", WEB),
    ("version of web on uat", "opsroom_version", {**WEB, **UAT}),
    ("versions of web on uat", "opsroom_version", {**WEB, **UAT}),
    ("versions of web", "opsroom_version", WEB),
    ("version of web", "opsroom_version", WEB),
    ("versions on uat", "opsroom_version", UAT),
    ("opsroom help", "opsroom_help", {}),
    ("opsroom help ", "opsroom_help", {}),
    ("Opsroom help deploy", "opsroom_help", {"command": "deploy"}),
]  # fmt: skip
# Said in a room where the bot reads along, or half typed: a half-understood command does nothing.
NOTHING = [
    "",
    "deploy",
    "deploy web",
    "deploy web to uat",
    "deploy web v1.2.0",
    "deploy web v1.2.0 uat",
    "deploy webv1.2.0 touat",
    "deploys of tomato to pizza",
    "deployment web v1 to uat",
    "please deploy web v1.2.0 to uat",
    "redeploy web to uat",
    "promote web to uat",
    "promote web from test",
    "promoted web from test to uat",
    "rollback web",
    "rollbacks web on uat",
    "plan web to uat",
    "plans for web v1 to uat",
    "planning web v1 to uat",
    "history",
    "history of",
    "history of  ",
    "history on ",
    "historyof web",
    "histories of web",
    "version",
    "version of ",
    "versions on",
    "versionsof web",
    "version web on uat",
    "help",
    "opsroom",
    "opsroom helpdeploy",
    "opsroomhelp",
    "I think opsroom help is nice",
]


@pytest.mark.parametrize(("message", "alias", "parameters"), MESSAGES)
def test_a_message_means_one_command(message: str, alias: str, parameters: Dict[str, str]) -> None:
    matches = PACK.matches(message)
    assert [one.alias.name for one in matches] == [alias]
    assert matches[0].format.format.extract(message) == parameters


@pytest.mark.parametrize("message", NOTHING)
def test_a_half_understood_message_means_nothing(message: str) -> None:
    assert PACK.matches(message) == []


def test_hubot_finds_the_same_command_in_each_message_and_none_where_there_is_none() -> None:
    formats = [one for alias in PACK.aliases for one in alias.formats]
    names = [alias.name for alias in PACK.aliases for _ in alias.formats]
    found = hubot_matches([one.format.representation for one in formats], [*(one[0] for one in MESSAGES), *NOTHING])
    for (message, alias, parameters), numbers in zip(MESSAGES, found):
        assert len(numbers) == 1, (message, [formats[number].display for number in numbers])
        assert names[numbers[0]] == alias
        # hubot sends the message with the format that it found; StackStorm must be able to read it with that one.
        assert formats[numbers[0]].format.extract(message) == parameters
    for message, numbers in zip(NOTHING, found[len(MESSAGES) :]):
        assert numbers == [], (message, [formats[number].display for number in numbers])
