"""The chat channel behind StackStorm: what its API is asked, and that nothing fails when it does
not answer."""

from __future__ import annotations

import json
import logging
from typing import Any, Iterator

import pytest

from opsroom.stackstorm.chat import StackStormRoom
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
