"""What the pager kind webhook sends, against a real receiver that checks it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from opsroom.pagers import Delivery, State, Target
from support.pages.webhook import PAGE, SECRET, TOKEN, WHSEC, pager_of, sent_to
from support.servers.http import Reply, Request
from support.troubles.pagers import pager_with
from support.troubles.table import raised
from support.vendors.pagers.webhook import Receiver


def lossy(receiver: Receiver, times: int, drop: str = "unanswered") -> None:
    """Take so many pages and lose the answers, then answer."""

    def take(request: Request) -> Reply:
        reply = receiver.receive(request)
        return replace(reply, drop=drop) if len(receiver.requests) <= times else reply

    receiver.on("/lossy", take)


def test_a_page_is_one_request_with_all_that_there_is_to_say(receiver: Receiver) -> None:
    paged = pager_of(receiver).page(PAGE)
    (request,) = receiver.requests
    assert request.method == "POST"
    assert request.headers["idempotency-key"] == PAGE.mark
    assert json.loads(request.body) == {
        "text": "checkout is down\nsince 14:02",
        "title": "checkout is down",
        "who": "alice",
        "room": "#ops",
        "target": "web-team",
        "urgent": True,
        "mark": "ops0123456789abc",
        "link": "https://st2.example.com/#/history/65f0",
    }
    assert paged.delivery is Delivery.ACCEPTED
    assert (paged.notes, paged.on_call) == ((), ())
    incident = paged.incident
    assert (incident.id, incident.number, incident.state) == (PAGE.mark, PAGE.mark, State.TRIGGERED)
    assert (incident.title, incident.target) == ("checkout is down", "web-team")


def test_a_template_is_filled_at_any_depth_and_numbers_stay_numbers(receiver: Receiver) -> None:
    template = {
        "message": "{who} in {room}: {title}",
        "priority": 1,
        "really": True,
        "none": None,
        "ratio": 0.5,
        "flags": {"urgent": "{urgent}", "words": "urgent: {urgent}"},
        "parts": [{"text": "{text}"}, ["{target}", "{target}{target}"], "{mark}"],
        "braces": "{ not one } {} {{who}}",
    }
    assert sent_to(receiver, template=template) == {
        "message": "alice in #ops: checkout is down",
        "priority": 1,
        "really": True,
        "none": None,
        "ratio": 0.5,
        "flags": {"urgent": True, "words": "urgent: true"},
        "parts": [{"text": PAGE.text}, ["web-team", "web-teamweb-team"], PAGE.mark],
        "braces": "{ not one } {} {alice}",
    }
    assert sent_to(receiver, replace(PAGE, urgent=False), template=["{urgent}", "{urgent}!"]) == [
        False,
        "false!",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'a", "urgent": false, "x": "',
        '\\"}]} \\u0022 \\',
        "{who} {mark} {text}",
        "{who.__class__} {0} %(who)s ${who}",
        "{{ st2kv.system.x }} <% ctx() %> {# x #}",
        "line one\n\n  indented\r\nline three\ttab",
        "```\ncode\n```\nhttps://example.com/?a=b&c=<d>",
        "<script>alert(1)</script> </text>",
        "日本語 ünï 🔥 \u2028 \u0085",
        "x" * 30_000,
    ],
)
def test_what_people_type_stays_a_value_whatever_it_is(receiver: Receiver, text: str) -> None:
    template = {"text": "{text}", "both": "{who}: {text}", "urgent": "{urgent}"}
    page = replace(PAGE, text=text)
    text = text.replace("\r\n", "\n")
    assert sent_to(receiver, page, template=template) == {
        "text": text,
        "both": f"alice: {text}",
        "urgent": True,
    }


def test_what_json_cannot_carry_is_left_out(receiver: Receiver) -> None:
    found = sent_to(receiver, replace(PAGE, text="a\0b\x1b[2J \ud800"), template=["{text}"])
    assert found == ["ab[2J ?"]


def test_the_title_is_the_first_line_and_short(receiver: Receiver) -> None:
    title = sent_to(receiver, replace(PAGE, text="\n \n" + "word " * 60 + "\nmore"))["title"]
    assert len(title) <= 100
    assert title.startswith("word word")
    assert title.endswith("…")


def test_put_and_headers_of_ones_own_are_sent(receiver: Receiver) -> None:
    pager_of(
        receiver, method="PUT", headers={"Authorization": f"Bearer {TOKEN}", "X-Any": "a b"}
    ).page(PAGE)
    (request,) = receiver.requests
    assert request.method == "PUT"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-any"] == "a b"


def test_a_page_that_is_sent_again_has_the_same_id(receiver: Receiver) -> None:
    receiver.on("/lossy", Reply(drop="unanswered"), Reply(201, "{}"))
    pager = pager_of(receiver, "/lossy", secret=WHSEC, repeatable=True)
    pager.page(PAGE)
    pager.find(PAGE)
    ids = [one.headers["webhook-id"] for one in receiver.requests]
    assert ids == [PAGE.mark] * 3


def test_whom_it_reaches_without_a_target_of_the_team(receiver: Receiver) -> None:
    assert pager_of(receiver).default_target() is None
    assert pager_of(receiver, target="all").default_target() == Target("target", "all", "all")
    alone = pager_of(receiver, template={"text": ["{text}"]})
    assert alone.default_target() == Target("target", "", "duty")
    assert alone.person("", "bob@example.com", "bob") is None
    assert alone.person("U7", "", "bob") == Target("target", "U7", "bob")


def test_secrets_do_not_show_anywhere(receiver: Receiver) -> None:
    raw: Dict[str, Any] = {"secret": SECRET, "headers": {"X-Token": TOKEN}}
    config = {"kind": "webhook", "url": f"https://u:{TOKEN}@h/", **raw}
    options = repr(pager_with(config, Path())._options)
    assert not [one for one in (TOKEN, SECRET) if one in options]
    path: str = "/services/T024/abcdefghijklmnop0123"
    echo: Optional[str] = f"bad {SECRET} {TOKEN} {path} ?key={TOKEN}"
    for status in (400, 401, 429, 500):
        receiver.on(path, Reply(status, echo or ""))
        failure = raised(pager_of(receiver, f"{path}?key={TOKEN}", **raw).page, PAGE)
        assert "abcdefghijklmnop0123" not in failure.message + repr(failure.facts)
        assert "/services/T024/***" in failure.message
