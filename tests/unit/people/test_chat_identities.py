"""What identities of chats look like, and which names are rooms."""

from __future__ import annotations

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.checks import advice
from opsroom.errors import Refusal
from opsroom.people.identities import identity_problem, is_identity, is_room, nick
from support.cases import cases
from support.errors import refusal_of
from support.seals import KEY, SEALED, sealed


@cases("identity", [one["identity"] for one in SEALED])
def test_what_relays_vouch_for_may_stand_in_the_config(identity: str) -> None:
    assert is_identity(identity)
    assert identity_problem(identity) == ""


@cases("name", ["alice", "alice!~alice@10.0.0.7", "@alice:example.com", "Team: Alice", "a:b"])
def test_a_bare_name_has_no_form(name: str) -> None:
    assert (is_identity(name), identity_problem(name)) == (False, "")


@cases(
    ("name", "expected"),
    [
        ("slack:U2147483697", "slack:T024BE7LD/U2147483697"),
        ("slack:T024BE7LD/alice", "slack:T024BE7LD/U2147483697"),
        ("slak:T024BE7LD/U2147483697", "did you mean slack:?"),
        ("Slack:T024BE7LD/U2147483697", "did you mean slack:?"),
        ("xmpp:alice", "xmpp:alice@example.com"),
        ("xmpp:alice@example.com/phone", "xmpp:alice@example.com"),
        ("xmpp:Alice@example.com", "lower case: xmpp:alice@example.com"),
        ("matrix:alice:example.com", "matrix:@alice:example.com"),
        ("irc:alice", "irc:alice@services"),
        ("irc:alice@example.com", "irc:alice@services"),
        ("irc:alice@services more", "irc:alice@services"),
    ],
)
def test_a_wrong_identity_is_refused_with_its_place(name: str, expected: str) -> None:
    config = {"people": {"alice": {"chat": ["alice", name]}}, "environments": {"uat": {}}}
    refused = refusal_of(load, config, KINDS)
    assert "people.alice.chat[1]: " in refused.message
    assert expected in refused.message


def test_an_identity_belongs_to_one_person() -> None:
    chat = ["irc:alice@services"]
    config = {"people": {"a": {"chat": chat}, "b": {"chat": chat}}, "environments": {"uat": {}}}
    with pytest.raises(Refusal, match=r"people\.b\.chat"):
        load(config, KINDS)


@cases(
    ("text", "name"),
    [
        ("alice", "alice"),
        ("alice!~alice@10.0.0.7", "alice!~alice@10.0.0.7"),
        ("slack:T024BE7LD/U2147483697", ""),
        ("xmpp:alice@example.com", "alice"),
        ("matrix:@alice:example.com", "alice"),
        ("irc:alice@services", "alice"),
        (sealed("irc:alice!~al@client.example.com", "#ops"), "alice"),
    ],
)
def test_the_name_by_which_a_room_knows_someone(text: str, name: str) -> None:
    assert nick(text) == name


@cases(
    ("name", "room"),
    [
        ("#ops", True),
        ("<#C024BE91L|ops>", True),
        ("ops@conference.example.com", True),
        ("ops@muc.example.com", True),
        ("!636q39766251:example.com", True),
        ("!636q39766251:example.com/Alice", True),
        ("ops@groups.example.org", True),
        ("alice", False),
        ("#ops/alice", False),
        ("ops@conference.example.com/alice", False),
        ("alice@example.com", False),
        ("alice!~alice@conference.example.com", False),
        ("@alice:example.com", False),
    ],
)
def test_a_name_that_is_a_room(name: str, room: bool) -> None:
    assert is_room(name, ["#deploys", "ops@groups.example.org"]) == room


def test_an_identity_that_no_relay_can_vouch_for_is_doubtful() -> None:
    raw = {
        "people": {"alice": {"chat": ["alice", "irc:alice@services"]}},
        "environments": {"uat": {}},
    }
    [line] = advice(load(raw, KINDS), raw)
    assert line.startswith("people.alice.chat: 'irc:alice@services' counts only from a relay with")
    with_key = {**raw, "relay_keys": {"chatops_bot": KEY}}
    assert advice(load(with_key, KINDS), with_key) == []
