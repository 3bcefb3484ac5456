"""Whom an answer is for, and whether the relay may have handed over half a message."""

from __future__ import annotations

import pytest

from opsroom.people import Speaker
from opsroom.people.seals import Voucher
from opsroom.stackstorm.chat import addressed, is_errbot, may_be_cut, nick_of


@pytest.mark.parametrize(
    ("requester", "nick"),
    [
        ("alice!~alice@10.0.0.7", "alice"),
        ("alice", "alice"),
        ("@alice", "alice"),
        ("ops@conference.example.com/alice", "alice"),
        ("!room:example.com/Alice", "Alice"),
        ("#ops", ""),
        ("<@U023BECGF>", ""),
        ("", ""),
        ("x" * 60, ""),
    ],
)
def test_the_room_knows_people_by_their_nick(requester: str, nick: str) -> None:
    assert nick_of(requester) == nick


@pytest.mark.parametrize(
    ("message", "hint", "said"),
    [
        ("Nothing is locked.", "", "alice: Nothing is locked."),
        (
            "There is no application 'x'.",
            "Did you mean web?",
            "alice: There is no application 'x'.",
        ),
        ("alice deployed web", "", "alice deployed web"),
        ("web is locked by Alice.", "", "web is locked by Alice."),
        ("Adams paged bob.", "", "Adams paged bob."),
        ("malice", "", "alice: malice"),
        ("x" * 380, "y" * 15, "x" * 380),
    ],
)
def test_a_name_goes_before_what_names_nobody(message: str, hint: str, said: str) -> None:
    assert addressed({"message": message, "hint": hint}, "alice", "Adams") == {
        "message": said,
        "hint": hint,
    }
    assert addressed({"message": message, "hint": hint}, "", "Adams")["message"] == message


def test_only_errbot_names_nobody() -> None:
    assert [is_errbot(one) for one in ("errbot", "opsroom_errbot", "chatops", None)] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("route", "relay", "text", "cut"),
    [
        ("errbot", True, "checkout is broken", True),
        ("errbot", False, "checkout is broken", False),
        ("errbot", True, "checkout is broken\nsince noon", False),
        ("chatops", True, "checkout is broken", False),
        ("chatops", True, "checkout is broken:", True),
        ("chatops", True, "broken since,", True),
        ("chatops", True, "what we saw \u2013 ", True),
        ("chatops", True, "broken and", True),
        ("chatops", True, "the brand", False),
        ("chatops", True, "broken:\nsince noon", False),
    ],
)
def test_one_line_may_be_half_of_what_was_typed(
    route: str, relay: bool, text: str, cut: bool
) -> None:
    speaker = Speaker("alice", None, "alice", "chatops_bot", "#dev", relay)
    assert may_be_cut(route, speaker, text) is cut


def test_a_relay_that_vouches_hands_over_whole_messages() -> None:
    identity = "xmpp:alice@example.com"
    vouched = Voucher(identity, "errbot", "0.4.0")
    speaker = Speaker("alice", None, identity, "errbot_bot", "ops", True, vouched)
    assert not may_be_cut("errbot", speaker, "checkout is broken")
    assert may_be_cut("errbot", speaker, "checkout is broken:")
