"""What Basecamp alone says when something goes wrong. What every tracker must survive is in
test_tracker_troubles.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsroom.errors import Code, Refusal
from opsroom.people import Author
from opsroom.trackers import Assignee, Draft, Remark
from support.contracts.vendor import answer
from support.servers.http import Reply
from support.troubles.table import error_with, raised
from support.troubles.trackers import CALLS
from support.vendors.basecamp import (
    ACCOUNT,
    CARD,
    LIST,
    TRIAGE,
)

AUTHOR = Author("alice", "#ops", "", "", "https://st2.example.com/#/history/1")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
REMARK = Remark(CARD, "Looking at it.", "opsfedcba987654", AUTHOR)
TODOS = {"column": None, "todolist": LIST}


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/195539477/x.json", "http://evil.example.com/195539477/x.json",
        "https://127.0.0.1/195539477/x.json", "/195539477/x.json", "file:///etc/passwd", "http://[",
        "{here}/1/people.json", "{here}/195539477/../1/people.json",
        "{here}@evil.example.com/195539477/x",
    ],
)  # fmt: skip
def test_a_next_page_in_another_place_is_not_followed(basecamp, tracker_at, link):
    address = link.replace("{here}", basecamp.url("").rstrip("/"))
    basecamp.instead(answer([], Link=f'<{address}>; rel="next"'))
    failure = error_with(Code.BAD_ANSWER, tracker_at().find_created, DRAFT)
    assert "next page in another place" in failure.message
    assert len(basecamp.requests) == 1


def test_pages_that_lead_in_a_circle_end(basecamp, tracker_at):
    address = basecamp.url(f"/{ACCOUNT}/card_tables/lists/{TRIAGE}/cards.json")
    link = f'<{address}?page=9>; rel="last", <{address}>; rel="next"'
    basecamp.instead(answer([], Link=link))
    assert "lead on and on" in raised(tracker_at().find_created, DRAFT).message
    assert len(basecamp.requests) == 1


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(403, '{"error": "Forbidden"}'), Code.UNAUTHORIZED,
         "with these credentials (403): Forbidden."),
        (Reply(404, "", {"Reason": "Account Inactive"}), Code.UNAUTHORIZED,
         f"account {ACCOUNT} is inactive"),
        (Reply(410, "gone"), Code.GONE, "no longer has this part"),
        (Reply(422, '{"error": "x", "message": "Title is blank"}'), Code.NOT_ACCEPTED,
         "the request (422): Title is blank."),
        (Reply(507, ""), Code.NOT_POSSIBLE, "account 195539477 is full (507)"),
        (Reply(429, '{"error": "x", "retry_after": 90}'), Code.RATE_LIMITED, "retry in 90 s."),
        (Reply(429, '{"retry_after": 1e999}'), Code.RATE_LIMITED, "without saying for how long."),
    ],
)  # fmt: skip
def test_what_basecamp_alone_says_has_its_code(basecamp, tracker_at, reply, code, words):
    for verb in ("create", "show"):
        basecamp.instead(reply)
        error = error_with(code, CALLS[verb], tracker_at(), CARD)
        assert words in error.sentence()


def test_a_wait_may_be_in_the_body(basecamp, tracker_at):
    basecamp.instead(Reply(429, '{"error": "x", "retry_after": 0}'))
    CALLS["create"](tracker_at(), CARD)
    assert len(basecamp.cards) == 2


@pytest.mark.parametrize("card", ["card/99999", "todo/99999", "card/88"])
def test_a_card_that_does_not_exist_is_told(tracker_at, card):
    one = tracker_at()
    calls = [
        one.show,
        lambda card: one.move(card, "done"),
        lambda card: one.assign(card, Assignee("nobody")),
    ]
    if card != "card/88":
        calls += [lambda card: one.comment(replace(REMARK, card=card))]
        calls += [lambda card: one.find_comment(replace(REMARK, card=card))]
    for call in calls:
        error = raised(call, card)
        assert isinstance(error, Refusal)
        assert error.code is Code.UNKNOWN_CARD
        assert "or the configured user may not see it" in error.message
    assert ("todo/88" in error.hint) == (card == "card/88")


@pytest.mark.parametrize("card", ["77", "card/", "card/../people", "x/77", "card/7 7", "todo/٣"])
def test_what_is_no_id_is_not_asked_for(basecamp, tracker_at, card):
    assert raised(tracker_at().show, card).code is Code.UNKNOWN_CARD
    assert basecamp.requests == []


@pytest.mark.parametrize(
    ("raw", "place", "key"),
    [({"column": 5}, "column 5", "column"), ({**TODOS, "todolist": 5}, "to-do list 5", "todolist")],
)
def test_a_place_that_the_config_has_wrong_is_told_with_its_key(tracker_at, raw, place, key):
    for verb in ("create", "find_created", "find"):
        error = error_with(Code.UNKNOWN_COLUMN, CALLS[verb], tracker_at(**raw), CARD)
        assert error.message == f"Basecamp has no {place}, or the configured user may not see it."
        assert error.hint == f"An administrator must check trackers.desk.{key} in the config."
