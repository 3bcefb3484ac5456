"""What people type: each message means exactly one command with exactly these parameters, or none
at all.

Checked as StackStorm matches (through the console's matcher, which other tests compare with
StackStorm's own) and as hubot does.
"""

from __future__ import annotations

from typing import Any, Dict

from console.aliases import Match
from opsroom.grammar.free_text import read
from support.cases import cases
from support.chat.hubot import hubot_matches
from support.chat.messages import MESSAGES, PACK
from support.chat.near_messages import NEARLY, NOTHING


def meant(match: Match, message: str) -> Dict[str, Any]:
    """The values in a message: as StackStorm takes it apart, and free text as the action does."""
    found: Dict[str, Any] = match.format.format.extract(message) or {}
    if "typed" not in found:
        return found
    values: Dict[str, Any] = (
        read(match.alias.action_ref.partition(".")[2], found.pop("typed")) or {}
    )
    if match.alias.name == "opsroom_lock_everything":
        assert values.pop("environment") == "everything"
    return {**values, **found}


@cases(("message", "alias", "parameters"), MESSAGES)
def test_a_message_means_one_command(message: str, alias: str, parameters: Dict[str, Any]) -> None:
    matches = PACK.matches(message)
    assert [one.alias.name for one in matches] == [alias]
    assert meant(matches[0], message) == parameters


@cases("message", NEARLY)
def test_a_half_understood_message_is_asked_back(message: str) -> None:
    assert [one.alias.name for one in PACK.matches(message)] == ["opsroom_unknown"]


@cases("message", NOTHING)
def test_what_does_not_begin_like_a_command_means_nothing(message: str) -> None:
    assert PACK.matches(message) == []


def test_hubot_finds_the_same_command_in_each_message_and_none_where_there_is_none() -> None:
    formats = [one for alias in PACK.aliases for one in alias.formats]
    names = [alias.name for alias in PACK.aliases for _ in alias.formats]
    messages = [*(one[0] for one in MESSAGES), *NEARLY, *NOTHING]
    found = hubot_matches([one.format.representation for one in formats], messages)
    by_stackstorm = [[one.alias.name for one in PACK.matches(message)] for message in messages]
    for message, numbers, theirs in zip(messages, found, by_stackstorm):
        # hubot sends the message with the format that it found; StackStorm must be able to read it
        # with that one.
        assert [names[number] for number in numbers] == theirs, message
        assert all(formats[number].format.extract(message) is not None for number in numbers), (
            message
        )
