"""StackStorm takes a message for exactly what the console takes it for."""

from __future__ import annotations

import uuid
from typing import Any, Callable, List, Tuple

import pytest

from console.aliases import load_pack
from support.stackstorm.client import StackStorm

MESSAGES = [
    "deploy web v1.2.0 to uat",
    "Deploy web v1.2.0 to uat",
    "DEPLOY web v1.2.0 to uat",
    "  deploy   web   v1.2.0   to   uat  ",
    "deploy web v1.2.0\nto uat",
    "deploy web feature/to-do to uat",
    "deploy to to to to to",
    "deploy web v1.2.0 to uat please",
    "deploy web v1 to uat redeploy=true",
    "deploy web v1 to uat requester=carol",
    'deploy web v1 to uat app="x y" environment={"a": 1}',
    "deploy web a=b to uat",
    "deploy 'web' \"v1\" to uat",
    "deploy web v1.2.0 to uat?",
    "deploy web {{ x }} to uat",
    "deploy web <% x %> to uat",
    "deploy wéb v1 to uat",
    "deploy\u2003web\u2003v1\u2003to\u2003uat",
    "deploy",
    "deploy web",
    "deploy web to uat",
    "deploys of tomato to pizza",
    "please deploy web v1.2.0 to uat",
    "deploy web v1 to uat; deploy web v2 to uat",
    "deploy web $(reboot) to uat",
    "redeploy web v1.2.0 to uat",
    "redeploy web v1.2.0 to uat redeploy=false",
    "promote web from test to uat",
    "promote web to uat",
    "rollback web on uat",
    "rollback web",
    "plan web v1.2.0 to uat",
    "history on uat",
    "history of web",
    "history of web on uat",
    "history of web on uat limit=5",
    "history of on on on",
    "history on",
    "history",
    "version of web on uat",
    "versions of web on uat",
    "versions of web",
    "version of web",
    "versions on uat",
    "version on uat",
    "versions",
    "version",
    "opsroom help",
    "opsroom help deploy",
    "opsroom  help  deploy  ",
    "opsroom",
    "opsroom help command=deploy",
    "help",
    "app=web",
    "page web-team: see https://grafana.example.com/d/1?orgId=1",
    "send page see https://grafana.example.com/d/1?orgId=1 to web-team",
    "page web-team",
    "approve change K7QX a=b 492039",
    "cards about login in board =",
    "deploy " + "to " * 1000,
    "limit=5 history on uat",
    "x" * 10_000,
    "deploy " + "x" * 10_000 + " v1 to uat",
]


@pytest.fixture(scope="module")
def pack(installed: Any) -> Any:
    return load_pack(installed.checkout)


@pytest.fixture(scope="module")
def no_match(stackstorm: StackStorm, installed: Any) -> Callable[[str], str]:
    """What this StackStorm answers to a message that no format matches. The status is the same
    where several do, and the sentence depends on its version: so it is asked."""
    nobody = f"nobody-means-{uuid.uuid4().hex}"
    answer = stackstorm.call("POST", "/actionalias/match", {"command": nobody})
    assert answer.status_code == 400, answer.text[:500]
    sentence = str(answer.json()["faultstring"])
    assert nobody in sentence
    return lambda message: sentence.replace(nobody, message)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: repr(message[:40]))
def test_a_message_means_the_same_to_both(
    stackstorm: StackStorm, pack: Any, no_match: Callable[[str], str], message: str
) -> None:
    ours: List[Tuple[str, str]] = [
        (one.alias.name, one.format.format.representation) for one in pack.matches(message)
    ]
    theirs: List[Tuple[str, str]] = []
    answer = stackstorm.call("POST", "/actionalias/match", {"command": message})
    if answer.status_code == 400:
        assert answer.json()["faultstring"] == no_match(message)
    else:
        assert answer.ok, answer.text[:500]
        found = answer.json()
        theirs = [(found["actionalias"]["name"], found["representation"])]
    assert ours == theirs


def test_two_formats_for_a_message_are_answered_otherwise_than_none(
    stackstorm: StackStorm, no_match: Callable[[str], str]
) -> None:
    message = "opsroom help"
    with stackstorm.alias(name="second", action_ref="opsroom.help", formats=[message]):
        answer = stackstorm.call("POST", "/actionalias/match", {"command": message})
    assert answer.status_code == 400
    assert answer.json()["faultstring"] != no_match(message)


@pytest.mark.parametrize(
    "pair",
    [
        "who=web-team",
        "message=x",
        "urgent=true",
        "https://example.com/d/1?orgId=1",
        "log_level=INFO",
    ],
)
def test_a_text_behind_a_colon_that_ends_in_a_pair_reaches_nobody(
    stackstorm: StackStorm, pack: Any, pair: str
) -> None:
    who = f"alice-{uuid.uuid4().hex[:8]}"
    answer = stackstorm.tell(f"page web-team: checkout is down, see {pair}", who)
    assert answer.status_code == 400
    paged = stackstorm.newest("opsroom.page")
    assert who not in [one["context"].get("api_user") for one in paged]
    # It is the pair that is refused.
    assert stackstorm.tell(f"page web-team: checkout is down, see {pair} .").status_code == 201
