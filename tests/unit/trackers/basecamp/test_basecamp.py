"""Making, showing and moving cards and to-dos of Basecamp."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from opsroom.errors import Code
from opsroom.people import Author
from opsroom.trackers import Draft, Remark
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
)

AUTHOR = Author("alice", "#ops", "", "", "https://st2.example.com/#/history/1")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
REMARK = Remark(CARD, "Looking at it.", "opsfedcba987654", AUTHOR)
LINE = "alice (in #ops) via opsroom, https://st2.example.com/#/history/1"
TODOS = {"column": None, "todolist": LIST}


def plain(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


def test_a_card_is_made_with_one_request_and_says_who_asked(basecamp, tracker_at):
    made = tracker_at().create(DRAFT)
    card = basecamp.cards[-1]
    assert (made.id, made.url, made.notes) == (f"card/{card['id']}", card["app_url"], ())
    assert (card["title"], card["column"]) == ("Checkout is down", TRIAGE)
    assert plain(card["content"]) == f"{LINE}It answers 500.(opsroom ops0123456789abc)"
    assert len(basecamp.requests) == 1


def test_a_to_do_is_made_with_one_request_and_says_who_asked(basecamp, tracker_at):
    made = tracker_at(**TODOS).create(DRAFT)
    todo = basecamp.todos[-1]
    assert (made.id, made.url) == (f"todo/{todo['id']}", todo["app_url"])
    assert todo["content"] == "Checkout is down"
    assert plain(todo["description"]) == f"{LINE}It answers 500.(opsroom ops0123456789abc)"
    assert len(basecamp.requests) == 1


@pytest.mark.parametrize(("card", "number"), [(CARD, 77), (TODO, 88)])
def test_a_comment_is_made_with_one_request_and_one_more_and_says_who_asked(
    basecamp, tracker_at, card, number
):
    made = tracker_at().comment(replace(REMARK, card=card))
    comment = basecamp.comments[-1]
    assert (made.id, made.url) == (str(comment["id"]), comment["app_url"])
    assert comment["recording"] == number
    assert plain(comment["content"]) == f"{LINE}Looking at it.(opsroom opsfedcba987654)"
    assert [one.method for one in basecamp.requests] == ["POST", "GET"]


def test_a_card_without_comments_is_shown_with_one_request(basecamp, tracker_at):
    basecamp.cards[0]["assignees"] = basecamp.of([ALICE, BOB])
    card = tracker_at().show(CARD)
    assert (card.id, card.summary, card.status, card.closed) == (CARD, "Old one", "Triage", False)
    assert (card.assignee, card.reporter, card.project) == (
        "Alice Adams, Bob Brown",
        "The Bot",
        "The Leto Laptop",
    )
    assert (card.description, card.comments) == ("Nothing & more", ())
    assert card.url.endswith("/card_tables/cards/77")
    assert card.changed_at.isoformat() == "2026-11-23T10:00:00+00:00"
    assert len(basecamp.requests) == 1


def test_the_latest_comments_are_shown_without_marks_the_oldest_of_them_first(basecamp, tracker_at):
    for number in range(7):
        basecamp.add_comment(
            77,
            f"<div>No. {number}</div><div><br></div><div><em>(opsroom "
            f"ops000000000000{number})</em></div>",
        )
    card = tracker_at().show(CARD)
    assert [comment.text for comment in card.comments] == [
        "No. 2",
        "No. 3",
        "No. 4",
        "No. 5",
        "No. 6",
    ]
    assert (card.comments[0].author, card.comments[0].at.minute) == ("The Bot", 2)
    assert len(basecamp.requests) == 1 + 4


def test_a_to_do_is_shown_with_its_state(basecamp, tracker_at):
    todo = tracker_at().show(TODO)
    assert (todo.id, todo.summary, todo.status, todo.closed) == (TODO, "Old to-do", "open", False)
    assert todo.description == "First\nsecond"
    basecamp.todos[0].update(completed=True, description=None)
    basecamp.odd = True
    todo = tracker_at().show(TODO)
    assert (todo.status, todo.closed, todo.description) == ("done", True, "")


@pytest.mark.parametrize(
    "change", [{"column": DONE}, {"status": "archived"}, {"status": "trashed"}]
)
def test_what_is_done_archived_or_thrown_away_is_closed(basecamp, tracker_at, change):
    basecamp.cards[0].update(change)
    assert tracker_at().show(CARD).closed


def test_a_card_is_moved_by_the_name_of_a_column_whatever_its_case(basecamp, tracker_at):
    moved = tracker_at().move(CARD, " in PROGRESS ")
    assert (moved.before, moved.after) == ("Triage", "In progress")
    assert moved.url.endswith("/card_tables/cards/77")
    assert basecamp.cards[0]["column"] == DOING
    assert [one.method for one in basecamp.requests] == ["GET", "GET", "GET", "POST"]


def test_a_card_that_is_there_already_is_not_moved(basecamp, tracker_at):
    moved = tracker_at().move(CARD, "triage")
    assert moved.before == moved.after == "Triage"
    assert len(basecamp.requests) == 1


def test_a_card_on_hold_is_moved_among_the_columns_of_its_table(basecamp, tracker_at):
    basecamp.columns[99] = ("On hold: In progress", "Kanban::OnHold")
    basecamp.cards[0]["column"] = 99
    assert tracker_at().move(CARD, "Done").after == "Done"


def test_a_column_that_does_not_exist_is_refused_with_those_that_do(basecamp, tracker_at):
    error = error_with(Code.UNKNOWN_COLUMN, tracker_at().move, CARD, "Reviewing")
    assert error.message == "The card table has no column 'Reviewing'."
    assert error.hint == "There are Triage, On hold, In progress and Done."
    assert basecamp.cards[0]["column"] == TRIAGE


def test_two_columns_of_one_name_are_not_guessed_between(basecamp, tracker_at):
    basecamp.columns[98] = ("DONE", "Kanban::Column")
    assert "2 columns 'done'" in raised(tracker_at().move, CARD, "done").message
    assert tracker_at().move(CARD, "DONE").after == "DONE"


def test_a_to_do_is_done_and_opened_again(basecamp, tracker_at):
    one = tracker_at(**TODOS)
    moved = one.move(TODO, "Done")
    assert (moved.before, moved.after, basecamp.todos[0]["completed"]) == ("open", "done", True)
    assert len(basecamp.requests) == 2
    again = one.move(TODO, "done")
    assert again.before == again.after == "done"
    assert len(basecamp.requests) == 3
    assert one.move(TODO, "open").after == "open"
    assert basecamp.todos[0]["completed"] is False


def test_a_to_do_cannot_go_anywhere_else(basecamp, tracker_at):
    error = error_with(Code.NOT_POSSIBLE, tracker_at().move, TODO, "In progress")
    assert (
        "has no columns, so it cannot be moved to 'In progress': it is open or done."
        in error.message
    )
    assert basecamp.requests == []


@pytest.mark.parametrize("place", [{}, TODOS], ids=["card", "to-do"])
def test_nothing_of_a_text_is_html(basecamp, tracker_at, place):
    words = "<b>bold</b> <script>alert(1)</script> &amp; <bc-attachment sgid='x'></bc-attachment>\n"
    words += "```\na < b\n```\nhttps://example.com/?a=1&b=2"
    tracker_at(**place).create(replace(DRAFT, description=words))
    held = basecamp.todos[-1]["description"] if place else basecamp.cards[-1]["content"]
    known = {"div", "/div", "br", "pre", "/pre", "a", "/a", "em", "/em"}
    assert set(re.findall(r"<(/?[a-z-]+)", held)) <= known


def test_a_title_is_one_line_of_plain_text(basecamp, tracker_at):
    tracker_at().create(replace(DRAFT, summary="a <b>\n  & c"))
    assert basecamp.cards[-1]["title"] == "a <b> & c"
