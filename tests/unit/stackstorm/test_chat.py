"""The chat channel behind StackStorm: what its API is asked, that nothing fails when it does not
answer, whom an answer is for, and whether the relay may have handed over half a message."""

from __future__ import annotations

import json
import logging
from typing import Any, Iterator

import pytest

from opsroom.people import Speaker
from opsroom.people.seals import Voucher
from opsroom.stackstorm.chat import StackStormRoom, addressed, is_errbot, may_be_cut, nick_of
from support.servers.http import HttpServer, Reply


@pytest.fixture
def stackstorm(monkeypatch: Any) -> Iterator[HttpServer]:
    with HttpServer() as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "token-of-the-execution")
        yield server


def test_a_message_is_posted_by_chatops_with_the_token_of_the_execution(
    stackstorm: HttpServer,
) -> None:
    stackstorm.on("/v1/executions", Reply(201, b"{}"), method="POST")
    StackStormRoom("#dev", "errbot", logging.getLogger("test")).say("alice is deploying")
    (asked,) = stackstorm.requests
    assert asked.headers["x-auth-token"] == "token-of-the-execution"
    assert json.loads(asked.body) == {
        "action": "chatops.post_message",
        "parameters": {"channel": "#dev", "message": "alice is deploying", "route": "errbot"},
    }


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(403, b"{}"), Reply(drop="unread"), Reply(raw=b"nonsense")]
)
def test_a_chat_that_is_down_fails_nothing_and_is_not_asked_twice(
    stackstorm: HttpServer, caplog: Any, reply: Reply
) -> None:
    stackstorm.on("/v1/executions", reply)
    with caplog.at_level(logging.WARNING):
        StackStormRoom("#dev", "chatops", logging.getLogger("test")).say("hello")
    assert len(stackstorm.requests) == 1
    assert "could not post progress to #dev" in caplog.text
    assert "token-of-the-execution" not in caplog.text


def test_a_channel_whose_name_would_be_evaluated_is_never_handed_to_stackstorm(
    stackstorm: HttpServer,
) -> None:
    StackStormRoom("#{{ st2kv.system.x }}", "chatops", logging.getLogger("test")).say("hello")
    assert stackstorm.requests == []


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
