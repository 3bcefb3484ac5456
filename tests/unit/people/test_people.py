"""Who is asking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.errors import Code, Refusal
from opsroom.people import identify, is_one_of, same_room
from support.cases import cases

SETTINGS = load(
    {
        "relays": ["chatops_bot"],
        "people": {
            "alice": {"chat": ["alice", "alice!~alice@10.0.0.7"]},
            "bob": {"chat": ["bob"], "st2": ["bob.jones"]},
            "carol": {"chat": ["carol"]},
        },
        "groups": {"release-managers": ["carol"]},
        "environments": {"uat": {}},
        "apps": {"web": {}},
    },
    KINDS,
)


@cases(
    ("requester", "st2_user", "person", "shown"),
    [
        ("alice", "chatops_bot", "alice", "alice"),
        ("alice!~alice@10.0.0.7", "chatops_bot", "alice", "alice"),
        ("Alice", "chatops_bot", "", "Alice (unknown here)"),
        ("mallory", "chatops_bot", "", "mallory (unknown here)"),
        ("", "chatops_bot", "", "someone (unknown here)"),
        ("carol", "mallory", "", "mallory"),
        ("alice", "bob.jones", "bob", "bob"),
        ("bob", "bob", "", "bob"),
        ("carol", "carol", "carol", "carol"),
        ("chatops_bot", "chatops_bot", "", "chatops_bot (unknown here)"),
    ],
)
def test_the_chat_name_counts_only_from_a_trusted_relay(
    requester: str, st2_user: str, person: str, shown: str
) -> None:
    speaker = identify(SETTINGS, requester, st2_user, "#ops")
    assert (speaker.person_name, speaker.shown) == (person, shown)
    assert speaker.through_relay == (st2_user == "chatops_bot")


def test_a_room_counts_only_from_a_trusted_relay() -> None:
    assert identify(SETTINGS, "carol", "chatops_bot", "#ops").room == "#ops"
    assert identify(SETTINGS, "carol", "carol", "#ops").room == ""


def test_a_name_that_could_be_two_people_is_refused() -> None:
    # The config is refused then; whoever makes settings in another way is not let through either.
    people = {
        name: replace(one, chat=(*one.chat, "shared"))
        for name, one in SETTINGS.people.items()
        if name != "carol"
    }
    with pytest.raises(Refusal, match="belongs to alice and bob") as refused:
        identify(replace(SETTINGS, people=people), "shared", "chatops_bot", "#ops")
    assert refused.value.code is Code.AMBIGUOUS_PERSON


def test_somebody_unknown_is_in_no_group_whatever_they_are_called() -> None:
    carol = identify(SETTINGS, "carol", "chatops_bot", "")
    stranger = identify(SETTINGS, "release-managers", "chatops_bot", "")
    assert is_one_of(SETTINGS, carol, ["release-managers"])
    assert not is_one_of(SETTINGS, stranger, ["release-managers"])


def test_a_room_is_the_same_with_and_without_its_sign_and_in_any_case() -> None:
    assert same_room("#Ops", "ops")
    assert not same_room("#ops", "#dev")
