"""The tracker kind trello, against a Trello that refuses what Trello's own description of its API
refuses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsroom.errors import Code, OpsroomError, Refusal
from opsroom.people import Author
from opsroom.trackers import Assignee, Draft, Query, Remark
from opsroom.trackers.trello import client
from support.cards.kinds import tracker_at
from support.servers.http import Reply
from support.troubles.table import error_with, raised
from support.troubles.trackers import CALLS, tracker_with
from support.vendors.trello import ALICE, BOB, CARD, DOING, DONE, KEY, TODO, TOKEN, Trello

AUTHOR = Author("alice", "#ops", "", "", "https://st2.example.com/#/history/1")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
REMARK = Remark(CARD, "Looking at it.", "opsfedcba987654", AUTHOR)
LINE = "alice (in #ops) via opsroom, https://st2.example.com/#/history/1"


@pytest.fixture
def trello():
    with Trello() as running:
        yield running


def tracker(vendor: Trello, **raw: Any) -> Any:
    """A tracker of that Trello, with other keys in its config."""
    config = {**tracker_at("trello", vendor.url("").rstrip("/")), **raw}
    return tracker_with(config, Path())


# What each verb does, and in how many requests.


def test_a_card_is_made_with_one_request_and_says_who_asked(trello):
    made = tracker(trello).create(DRAFT)
    card = trello.cards[-1]
    assert (made.id, made.url, made.notes) == (card["shortLink"], card["shortUrl"], ())
    assert (card["name"], card["idList"]) == ("Checkout is down", TODO)
    assert card["desc"] == f"{LINE}\n\nIt answers 500.\n\n(opsroom ops0123456789abc)"
    assert len(trello.requests) == 1


def test_a_list_named_by_its_name_costs_one_request_more(trello):
    tracker(trello, list="doing").create(DRAFT)
    assert trello.cards[-1]["idList"] == DOING
    assert [one.method for one in trello.requests] == ["GET", "POST"]


def test_the_board_may_be_named_by_its_short_link(trello):
    assert (
        tracker(trello, board="https://trello.com/b/BoArD123/ops").find(Query("old"))[0].id == CARD
    )


def test_texts_and_secrets_are_not_in_the_address(trello):
    tracker(trello).create(DRAFT)
    tracker(trello).comment(REMARK)
    assert [set(one.query) for one in trello.requests if one.method == "POST"] == [
        {"idList"},
        set(),
    ]
    assert {DRAFT.summary, REMARK.text, KEY, TOKEN}.isdisjoint(
        repr([one.query for one in trello.requests]).split("'")
    )


def test_a_comment_is_made_with_one_request_and_one_more_and_says_who_asked(trello):
    made = tracker(trello).comment(REMARK)
    assert (
        trello.actions[0]["data"]["text"]
        == f"{LINE}\n\nLooking at it.\n\n(opsroom opsfedcba987654)"
    )
    assert made.id == trello.actions[0]["id"]
    assert made.url == f"https://trello.com/c/{CARD}#comment-{made.id}"
    assert [one.method for one in trello.requests] == ["POST", "GET"]


def test_a_card_is_shown_with_one_request_and_without_marks(trello):
    one = tracker(trello)
    trello.cards[0].update(
        desc=f"{LINE}\n\nIt answers 500.\n\n(opsroom ops0123456789abc)", idMembers=[ALICE, BOB]
    )
    for number in range(7):
        trello.say(
            trello.cards[0], f"No. {number}\n\n(opsroom ops000000000000{number})", "Bob Brown"
        )
    card = one.show(CARD)
    assert (card.id, card.summary, card.status, card.project) == (
        CARD,
        "Old one",
        "To do",
        "Operations",
    )
    assert (card.assignee, card.reporter, card.closed) == ("Alice Adams, Bob Brown", "", False)
    assert card.description == f"{LINE}\n\nIt answers 500."
    assert [comment.text for comment in card.comments] == [
        "No. 2",
        "No. 3",
        "No. 4",
        "No. 5",
        "No. 6",
    ]
    assert (card.comments[0].author, card.comments[0].at.isoformat()) == (
        "Bob Brown",
        "2026-11-23T11:02:00+00:00",
    )
    assert card.changed_at.isoformat() == "2026-11-23T10:00:00+00:00"
    assert len(trello.requests) == 1


def test_a_card_is_moved_by_the_name_of_a_list_whatever_its_case(trello):
    moved = tracker(trello).move(CARD, " dOnE ")
    assert (moved.before, moved.after, moved.url) == (
        "To do",
        "Done",
        f"https://trello.com/c/{CARD}",
    )
    assert trello.cards[0]["idList"] == DONE
    assert [one.method for one in trello.requests] == ["GET", "GET", "PUT"]


def test_a_card_that_is_there_already_is_not_moved(trello):
    moved = tracker(trello).move(CARD, "to DO")
    assert moved.before == moved.after == "To do"
    assert len(trello.requests) == 1


def test_moving_an_archived_card_says_that_nobody_will_see_it(trello):
    trello.cards[0]["closed"] = True
    assert "archived" in tracker(trello).move(CARD, "Done").notes[0]


def test_a_list_that_does_not_exist_is_refused_with_those_that_do(trello):
    error = error_with(Code.UNKNOWN_COLUMN, tracker(trello).move, CARD, "Reviewing")
    assert error.message == "The board has no list 'Reviewing'."
    assert error.hint == "There are To do, Doing and Done."
    assert trello.cards[0]["idList"] == TODO


def test_two_lists_of_one_name_are_not_guessed_between(trello):
    trello.lists.append(("5abbe4b7ddc1b351ef960009", "DONE"))
    assert "2 lists 'done'" in raised(tracker(trello).move, CARD, "done").message
    assert tracker(trello).move(CARD, "DONE").after == "DONE"


@pytest.mark.parametrize("name", ["alice42", "@ALICE42", "alice adams", ALICE])
def test_a_person_is_known_by_username_name_or_id(trello, name):
    assigned = tracker(trello).assign(CARD, Assignee("alice", name))
    assert (assigned.to, assigned.notes) == ("Alice Adams", ())
    assert trello.cards[0]["idMembers"] == [ALICE]
    assert [one.method for one in trello.requests] == ["GET", "POST"]


def test_a_mapped_id_is_not_looked_up(trello):
    assert tracker(trello).assign(CARD, Assignee("alice", ALICE, mapped=True)).to == "alice"
    assert len(trello.requests) == 1


def test_who_is_on_the_card_already_stays_on_it_and_is_named(trello):
    trello.cards[0]["idMembers"] = [BOB]
    assigned = tracker(trello).assign(CARD, Assignee("alice", "alice42"))
    assert trello.cards[0]["idMembers"] == [BOB, ALICE]
    assert assigned.notes == (
        "Also on the card: Bob Brown; a card of Trello can have several members.",
    )
    again = tracker(trello).assign(CARD, Assignee("alice", "alice42"))
    assert again.notes == ("Alice Adams was on the card already.",)


def test_nobody_takes_all_members_off(trello):
    trello.cards[0]["idMembers"] = [ALICE, BOB]
    assigned = tracker(trello).assign(CARD, Assignee("nobody"))
    assert trello.cards[0]["idMembers"] == []
    assert (assigned.to, len(trello.requests)) == ("nobody", 1)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (Assignee("alise", "alise42"), "The board has no member 'alise42'. Did you mean alice42?"),
        (Assignee("zoe", "zoe"), "The board has no member 'zoe'. There are alice42 and bob."),
        (Assignee("zoe", "zoe9", mapped=True), "The config maps that person to 'zoe9'"),
    ],
)
def test_somebody_whom_the_board_does_not_have_is_refused(trello, who, words):
    error = error_with(Code.UNKNOWN_PERSON, tracker(trello).assign, CARD, who)
    assert error.sentence().startswith(words)


def test_two_people_of_one_name_are_not_guessed_between(trello):
    trello.members.append(
        {"id": "5abbe4b7ddc1b351ef96cccc", "username": "bobby", "fullName": "bob brown"}
    )
    error = raised(tracker(trello).assign, CARD, Assignee("bob", "Bob Brown"))
    assert (
        error.sentence()
        == "2 members of the board are called 'Bob Brown'. Take a username: bob and bobby."
    )


def test_cards_are_found_by_text_and_person_the_last_changed_first_with_one_request(trello):
    trello.add("Checkout slow", "", DOING, idMembers=[ALICE])
    trello.add("Other", "about the CHECKOUT", DONE, idMembers=[ALICE, BOB])
    trello.add("Checkout again", "", DOING, idMembers=[BOB])
    trello.add("Checkout archived", "", DOING, closed=True)
    one = tracker(trello)
    assert [card.summary for card in one.find(Query("checkout"))] == [
        "Checkout again",
        "Other",
        "Checkout slow",
    ]
    assert len(trello.requests) == 1
    assert [card.summary for card in one.find(Query("checkout", "alice42"))] == [
        "Other",
        "Checkout slow",
    ]
    assert [card.summary for card in one.find(Query(limit=1))] == ["Checkout again"]
    other = one.find(Query("other"))[0]
    assert (other.status, other.assignee, other.project) == (
        "Done",
        "Alice Adams, Bob Brown",
        "Operations",
    )
    assert one.find(Query("nothing of the kind")) == ()
    assert raised(one.find, Query(assignee="zoe")).code is Code.UNKNOWN_PERSON


# Text.


@pytest.mark.parametrize(
    "words", ["word " * 6000, "x" * 30_000, "👍" * 15_000, "```\n" + "line\n" * 6000 + "```"]
)
def test_what_is_too_long_is_cut_with_a_note_in_the_text_and_one_in_the_answer(trello, words):
    one = tracker(trello)
    for made, text in (
        (one.create(replace(DRAFT, description=words)), lambda: trello.cards[-1]["desc"]),
        (one.comment(replace(REMARK, text=words)), lambda: trello.actions[-1]["data"]["text"]),
    ):
        missing = re.search(r"\[cut: (\d+) more characters\]", text()).group(1)
        assert re.match(
            rf"Trello holds 16384 characters: the last {missing} of the \w+ were cut\.",
            made.notes[0],
        )
        assert text().startswith(LINE)
        assert re.search(r"\(opsroom ops\w+\)\Z", text())
    assert one.find_created(DRAFT) is not None
    assert one.find_comment(REMARK) is not None


def test_a_summary_that_is_too_long_is_cut_with_a_note(trello):
    made = tracker(trello).create(replace(DRAFT, summary="s" * 20_000))
    assert "of the summary" in made.notes[0]
    assert "[cut: " in trello.cards[-1]["name"]
    assert len(trello.cards[-1]["name"]) <= 16384


# An answer that is lost.


def test_a_card_that_was_archived_meanwhile_is_found(trello):
    one = tracker(trello)
    one.create(DRAFT)
    trello.cards[-1]["closed"] = True
    assert one.find_created(DRAFT).id == trello.cards[-1]["shortLink"]
    assert trello.requests[-1].query["filter"] == ["all"]


# Refusals.


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(401, "invalid key"),
         "accept the key (401: invalid key). An administrator has to renew trackers.desk.key"),
        (Reply(401, "invalid token"), "An administrator has to renew trackers.desk.token"),
        (Reply(401, "expired token\n"), "does not accept the token (401: expired token)"),
        (Reply(401, "unauthorized card permission requested"), "may not do this on Trello"),
        (Reply(403, '{"message": "Forbidden", "error": "X"}'), "on Trello (403: Forbidden)"),
        (Reply(401, "<html>login</html>"), "may not do this on Trello (401)."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["create", "find"])
def test_a_bad_key_is_told_from_a_bad_token_and_from_a_missing_right(trello, reply, words, verb):
    trello.instead(reply)
    error = error_with(Code.UNAUTHORIZED, CALLS[verb], tracker(trello), CARD)
    assert words in error.sentence()


def test_a_limit_of_unknown_length_is_the_whole_window(trello):
    body = json.dumps({"error": "API_TOKEN_LIMIT_EXCEEDED", "message": "Rate limit exceeded"})
    trello.instead(Reply(429, body))
    failure = raised(tracker(trello).create, DRAFT)
    assert "retry in 10 s" in failure.message
    assert failure.facts["retry_after"] == 10.0


def test_the_ten_seconds_are_waited_for_once_where_the_time_limit_allows(trello, monkeypatch):
    monkeypatch.setattr(client, "WINDOW", 0.01)
    one = tracker(trello)
    trello.instead(Reply(429, "Rate limit exceeded"))
    assert one.create(DRAFT).id
    trello.instead(Reply(429, "Rate limit exceeded"), Reply(429, "Rate limit exceeded"))
    assert raised(one.create, DRAFT).code is Code.RATE_LIMITED
    assert (len(trello.requests), len(trello.cards)) == (4, 2)


@pytest.mark.parametrize("verb", ["comment", "find_comment", "show", "move", "assign"])
@pytest.mark.parametrize(
    "reply", [Reply(404, "The requested resource was not found."), Reply(400, "invalid id")]
)
def test_a_card_that_does_not_exist_is_told(trello, verb, reply):
    trello.instead(reply, where=lambda request: request.path.startswith("/1/cards"))
    error = raised(CALLS[verb], tracker(trello), CARD)
    assert isinstance(error, Refusal)
    assert error.code is Code.UNKNOWN_CARD
    assert f"no card '{CARD}', or the configured user may not see it" in error.message


@pytest.mark.parametrize("board", ["NoNeNoNe", "InVaLiD1"])
def test_a_board_that_does_not_exist_is_told_with_the_key_of_the_config(trello, board):
    for verb in ("find", "find_created", "assign"):
        error = error_with(Code.UNKNOWN_PROJECT, CALLS[verb], tracker(trello, board=board), CARD)
        assert "trackers.desk.board" in error.hint


def test_a_list_that_the_config_has_wrong_is_told_with_its_key(trello):
    for name in ("5abbe4b7ddc1b351ef96dddd", "Inbox"):
        error = error_with(Code.UNKNOWN_COLUMN, tracker(trello, list=name).create, DRAFT)
        assert "trackers.desk.list" in error.hint
    assert len(trello.cards) == 1


# The config, and what people type.


def test_a_card_can_not_lead_out_of_its_path(trello):
    trello.instead(Reply(404, "not found"))
    with pytest.raises(OpsroomError):
        tracker(trello).show("../boards/x?y#z")
    assert trello.requests[0].path.startswith("/1/cards/..%2F")
    trello.violations.clear()
