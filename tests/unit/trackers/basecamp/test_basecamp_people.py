"""Assigning and finding cards and to-dos of Basecamp."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from opsroom.errors import Code
from opsroom.trackers import Assignee, Query
from support.troubles.table import error_with, raised
from support.vendors.basecamp import (
    ALICE,
    BOB,
    CARD,
    DOING,
    DONE,
    LIST,
    TODO,
    TRIAGE,
    ZOE,
)

TODOS = {"column": None, "todolist": LIST}


def test_a_mapped_number_is_assigned_with_one_request(basecamp, tracker_at):
    basecamp.cards[0]["assignees"] = basecamp.of([BOB])
    assigned = tracker_at().assign(CARD, Assignee("alice", str(ALICE), mapped=True))
    assert (assigned.to, assigned.url) == ("Alice Adams", basecamp.cards[0]["app_url"])
    assert basecamp.cards[0]["assignees"] == basecamp.of([ALICE])
    assert basecamp.cards[0]["title"] == "Old one"
    assert len(basecamp.requests) == 1


@pytest.mark.parametrize("name", ["Bob Brown", "bob BROWN", "bob@example.com", str(BOB)])
def test_a_person_is_known_by_name_mail_or_number(basecamp, tracker_at, name):
    assert tracker_at().assign(CARD, Assignee("bob", name)).to == "Bob Brown"
    assert [urlsplit(one.path).path.split("/")[-1] for one in basecamp.requests] == [
        "people.json",
        "people.json",
        "77",
    ]


def test_a_to_do_keeps_everything_when_it_is_assigned(basecamp, tracker_at):
    basecamp.todos[0].update(due_on="2026-12-01", starts_on="2026-11-30")
    basecamp.todos[0]["completion_subscribers"] = basecamp.of([BOB])
    before = dict(basecamp.todos[0])
    assigned = tracker_at().assign(TODO, Assignee("alice", str(ALICE), mapped=True))
    assert assigned.to == "Alice Adams"
    assert basecamp.todos[0] == {**before, "assignees": basecamp.of([ALICE])}
    assert [one.method for one in basecamp.requests] == ["GET", "PUT"]


def test_a_to_do_that_cannot_be_read_whole_is_not_written(basecamp, tracker_at):
    basecamp.odd = True
    for broken in (
        {"content": None},
        {"description": 3},
        {"due_on": []},
        {"completion_subscribers": "x"},
    ):
        before = dict(basecamp.todos[0])
        basecamp.todos[0].update(broken)
        error_with(
            Code.BAD_ANSWER, tracker_at().assign, TODO, Assignee("alice", str(ALICE), mapped=True)
        )
        basecamp.todos[0].clear()
        basecamp.todos[0].update(before)
    assert basecamp.sent("PUT") == []


@pytest.mark.parametrize("card", [CARD, TODO])
def test_nobody_takes_everybody_off(basecamp, tracker_at, card):
    for one in (basecamp.cards[0], basecamp.todos[0]):
        one["assignees"] = basecamp.of([ALICE, BOB])
    assert tracker_at().assign(card, Assignee("nobody")).to == "nobody"
    assert (basecamp.cards if card == CARD else basecamp.todos)[0]["assignees"] == []


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (Assignee("x", "Alice Adam"),
         "Basecamp knows nobody called 'Alice Adam'. Did you mean Alice Adams?"),
        (Assignee("x", "qqqq"),
         "Basecamp knows nobody called 'qqqq'. Take their full name or e-mail address"),
        (Assignee("x", "al@example.com", mapped=True),
         "The config maps that person to 'al@example.com'"),
        (Assignee("zoe", str(ZOE), mapped=True),
         "Basecamp did not give it to 'zoe': that person has no access"),
    ],
)  # fmt: skip
def test_somebody_who_cannot_be_given_it_is_refused(tracker_at, who, words):
    error = error_with(Code.UNKNOWN_PERSON, tracker_at().assign, CARD, who)
    assert error.sentence().startswith(words)


def test_two_people_of_one_name_are_not_guessed_between(basecamp, tracker_at):
    basecamp.people.append({"id": 5, "name": "bob brown", "email_address": "b2@example.com"})
    assert raised(tracker_at().assign, CARD, Assignee("x", "Bob Brown")).message.startswith(
        "2 people"
    )


def test_cards_are_found_in_all_columns_open_ones_first(basecamp, tracker_at):
    basecamp.add_card("Checkout slow", "", DOING, assignees=basecamp.of([ALICE]))
    basecamp.add_card("Checkout done", "", DONE)
    basecamp.add_card(
        "Other",
        "<div>about the <em>CHECKOUT</em></div>",
        TRIAGE,
        assignees=basecamp.of([ALICE, BOB]),
    )
    one = tracker_at()
    found = one.find(Query("checkout"))
    assert [card.summary for card in found] == ["Other", "Checkout slow", "Checkout done"]
    assert [card.closed for card in found] == [False, False, True]
    assert (found[0].status, found[0].description) == ("Triage", "")
    assert len(basecamp.requests) == 2 + 3  # the empty column is not asked for
    assert len(one.find(Query("checkout", limit=2))) == 2
    assert len(basecamp.requests) == 5 + 4  # nor the closed ones where there are enough
    for name in ("alice adams", "ALICE@example.com", str(ALICE)):
        assert [card.summary for card in one.find(Query("", name))] == ["Other", "Checkout slow"]
    assert one.find(Query("strong")) == ()


def test_to_dos_are_found_over_pages_open_ones_first(basecamp, tracker_at):
    for number in range(4):
        basecamp.add_todo(f"Checkout {number}", "", completed=number == 0)
    found = tracker_at(**TODOS).find(Query("checkout"))
    assert [card.summary for card in found] == [
        "Checkout 3",
        "Checkout 2",
        "Checkout 1",
        "Checkout 0",
    ]
    assert len(basecamp.requests) == 3
