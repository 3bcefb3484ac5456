"""What the tracker kind jira does with cards that exist: comments, columns, people, searches."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.errors import Code, Refusal
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.records.idempotency import new_mark
from opsroom.trackers import Assignee, Card, Comment, Made, Moved, Query, Remark
from opsroom.trackers.formats import adf
from support.contracts.vendor import body_of
from support.errors import failure_of
from support.troubles.table import error_of
from support.vendors.jira import ALICE, BOB, Jira

NOBODY_KNOWN = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
LINE = "dave (in #ops) via opsroom, https://chatops.example.com/#/history/65f0"


def remark(text: str = "Looking at it.", card: str = "OPS-1") -> Remark:
    return Remark(card, text, new_mark(), NOBODY_KNOWN)


def refused(call: Any, *arguments: Any) -> Refusal:
    error = error_of(lambda: call(*arguments))
    assert isinstance(error, Refusal)
    return error


# Comments.


def test_a_comment_is_made_with_one_request_and_says_who_it_is_from(jira, vendor, tracker):
    jira.issue()
    asked = remark("one\ntwo")
    made = tracker.comment(asked)
    assert len(vendor.requests) == 1
    (said,) = jira.comments["OPS-1"]
    assert made == Made(said["id"], vendor.url(f"/browse/OPS-1?focusedCommentId={said['id']}"))
    assert (f"{LINE} ({asked.mark})" in jira.plain(said["body"])) is (not jira.cloud)
    assert tracker.show("OPS-1").comments[0].text == f"{LINE}\n\none\ntwo"


def test_the_mark_of_a_comment_is_a_property_where_jira_has_them(jira, vendor, tracker):
    jira.issue()
    asked = remark()
    tracker.comment(asked)
    body = body_of(vendor.requests[0])
    if jira.cloud:
        assert body["properties"] == [{"key": "opsroom", "value": {"mark": asked.mark}}]
        assert asked.mark not in jira.plain(body["body"])
    else:
        assert set(body) == {"body"}


# Showing.


def test_only_a_mark_of_opsroom_is_left_out(jira, tracker):
    jira.issue()
    jira.say("OPS-1", document("a (ops0123456789abc)\nb via opsroom (ops0123456789abc)", jira))
    assert (
        tracker.show("OPS-1").comments[0].text
        == "a (ops0123456789abc)\nb via opsroom (ops0123456789abc)"
    )


def document(text: str, jira: Jira) -> Any:
    return adf.document(text) if jira.flavour == "cloud3" else text


def test_a_card_is_shown_with_one_request(jira, vendor, tracker):
    people = {"assignee": jira.users[0], "reporter": jira.users[1]}
    jira.issue(
        summary="Checkout",
        description=document("It answers 500.", jira),
        status="In Progress",
        **people,
    )
    jira.say("OPS-1", document("first", jira))
    card = tracker.show("OPS-1")
    assert len(vendor.requests) == 1
    assert card == Card(
        id="OPS-1",
        summary="Checkout",
        status="In Progress",
        assignee="Alice Adams",
        reporter="Bob Brown",
        description="It answers 500.",
        project="OPS",
        url=vendor.url("/browse/OPS-1"),
        closed=False,
        changed_at=card.changed_at,
        comments=(Comment("Bob Brown", "first", card.comments[0].at),),
    )
    assert card.changed_at
    assert card.changed_at.isoformat() == "2026-11-23T09:00:01+00:00"


def test_only_what_is_shown_is_asked_for(jira, vendor, tracker):
    jira.issue()
    tracker.show("OPS-1")
    fields = "summary,status,assignee,reporter,description,project,updated,comment"
    fields += ",archiveddate,archivedby"
    assert vendor.requests[0].query == {"fields": [fields]}


@pytest.mark.parametrize(("comments", "requests"), [(3, 1), (20, 1), (30, 2)])
def test_the_latest_five_comments_are_shown_oldest_first(jira, vendor, tracker, comments, requests):
    jira.issue()
    for number in range(comments):
        jira.say("OPS-1", document(f"comment {number}", jira))
    shown = [one.text for one in tracker.show("OPS-1").comments]
    assert shown == [f"comment {number}" for number in range(comments)][-5:]
    assert len(vendor.requests) == requests


def test_comments_that_are_not_for_everybody_are_not_shown(jira, tracker):
    jira.issue()
    jira.say(
        "OPS-1",
        document("for admins", jira),
        visibility={"type": "role", "value": "Administrators"},
    )
    jira.say("OPS-1", document("for the service desk", jira), jsdPublic=False)
    jira.say("OPS-1", document("for all", jira), jsdPublic=True)
    assert [one.text for one in tracker.show("OPS-1").comments] == ["for all"]


def test_a_card_that_is_done_is_closed(jira, tracker):
    jira.issue(status="Done")
    assert tracker.show("OPS-1").closed


VERBS = [
    lambda tracker: tracker.show("OPS-9"),
    lambda tracker: tracker.comment(remark(card="OPS-9")),
    lambda tracker: tracker.find_comment(remark(card="OPS-9")),
    lambda tracker: tracker.move("OPS-9", "Done"),
    lambda tracker: tracker.assign("OPS-9", Assignee("nobody")),
    lambda tracker: tracker.assign("OPS-9", Assignee("Alice", "Alice")),
]


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_card_is_refused_by_every_verb(tracker, verb):
    refusal = refused(verb, tracker)
    assert refusal.code is Code.UNKNOWN_CARD
    assert "no card OPS-9" in refusal.message
    assert "may not see it" in refusal.message


# Moving.


@pytest.mark.parametrize("to", ["Done", "done", " DONE ", "Finish"])
def test_a_card_is_moved_by_the_name_of_a_status_or_a_transition_with_two_requests(
    jira, vendor, tracker, to
):
    jira.issue()
    assert tracker.move("OPS-1", to) == Moved("To Do", "Done", vendor.url("/browse/OPS-1"))
    assert jira.issues["OPS-1"]["fields"]["status"] == "Done"
    assert [one.method for one in vendor.requests] == ["GET", "POST"]


def test_a_card_that_is_there_already_is_not_moved(jira, vendor, tracker):
    jira.issue(status="Done")
    assert tracker.move("OPS-1", "done") == Moved("Done", "Done", vendor.url("/browse/OPS-1"))
    assert [one.method for one in vendor.requests] == ["GET"]


def test_a_move_whose_answer_was_lost_is_seen_when_it_is_done_again(jira, vendor, tracker):
    jira.issue()
    vendor.after("unanswered", where=lambda one: one.method == "POST")
    caught = failure_of(tracker.move, "OPS-1", "Done")
    assert in_doubt(caught)
    assert tracker.move("OPS-1", "Done").before == "Done"
    assert len(vendor.sent("POST")) == 1


def test_an_unknown_column_is_refused_with_those_there_are(jira, vendor, tracker):
    jira.issue()
    refusal = refused(tracker.move, "OPS-1", "Shipped")
    assert refusal.code is Code.UNKNOWN_COLUMN
    assert refusal.message == "OPS-1 cannot go to 'Shipped', where it is To Do."
    assert refusal.hint == "It can go to In Progress or Done."
    assert len(vendor.requests) == 1


def test_a_move_that_needs_fields_names_them_with_their_values(jira, vendor, tracker):
    jira.issue()
    values = [{"name": "Fixed"}, {"name": "Won't Do"}]
    jira.screen = {"resolution": {"name": "Resolution", "required": True, "allowedValues": values}}
    refusal = refused(tracker.move, "OPS-1", "Done")
    assert refusal.code is Code.FIELDS_MISSING
    assert refusal.message.startswith(
        "OPS-1, to be moved to Done, needs more than opsroom can say: Resolution (one of"
    )
    assert refusal.facts["fields"] == {"Resolution": ["Fixed", "Won't Do"]}
    assert [one.method for one in vendor.requests] == ["GET", "POST", "GET"]


# Assigning.


def test_a_mapped_person_is_assigned_with_one_request(jira, vendor, tracker):
    jira.issue()
    assigned = tracker.assign("OPS-1", Assignee("bob", BOB if jira.cloud else "bob", mapped=True))
    assert (assigned.to, assigned.url) == ("bob", vendor.url("/browse/OPS-1"))
    assert jira.issues["OPS-1"]["fields"]["assignee"]["displayName"] == "Bob Brown"
    assert [one.method for one in vendor.requests] == ["PUT"]


def test_a_card_can_be_given_to_nobody(jira, vendor, tracker):
    jira.issue(assignee=jira.users[0])
    assert tracker.assign("OPS-1", Assignee("nobody")).to == ""
    assert jira.issues["OPS-1"]["fields"]["assignee"] is None
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("typed", ["Bob Brown", "bob brown", "bob@acme.example"])
def test_a_typed_name_is_looked_up_and_assigned(jira, vendor, tracker, typed):
    jira.issue()
    assert tracker.assign("OPS-1", Assignee(typed, typed)).to == "Bob Brown"
    assert jira.issues["OPS-1"]["fields"]["assignee"]["displayName"] == "Bob Brown"
    assert [one.method for one in vendor.requests] == ["GET", "PUT"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("bo", "Did you mean Bob Brown"),
        ("Zoe", "Use their name or e-mail address"),
        ("Chris Green",
         "Did you mean Chris Green (c1@acme.example) or Chris Green (c2@acme.example)?"),
    ],
)  # fmt: skip
def test_a_typed_name_that_is_not_exactly_one_person_is_refused_with_candidates(
    jira, vendor, tracker, typed, words
):
    jira.issue()
    refusal = refused(tracker.assign, "OPS-1", Assignee(typed, typed))
    assert refusal.code is Code.UNKNOWN_PERSON
    assert words in refusal.hint
    assert vendor.sent("PUT") == []


def test_a_mapped_person_unknown_to_jira_is_refused_with_the_key_of_the_config(jira, tracker):
    jira.issue()
    refusal = refused(tracker.assign, "OPS-1", Assignee("bob", "gone", mapped=True))
    assert refusal.code is Code.UNKNOWN_PERSON
    assert "people.bob.desk" in refusal.hint


# Finding.


def test_cards_are_found_with_one_request_open_ones_first_the_latest_first(jira, vendor, tracker):
    for status in ("To Do", "Done", "To Do", "Done"):
        jira.issue(status=status, summary="checkout")
    jira.issue(summary="other")
    found = tracker.find(Query(text="Checkout"))
    assert [(one.id, one.closed) for one in found] == [
        ("OPS-3", False),
        ("OPS-1", False),
        ("OPS-4", True),
        ("OPS-2", True),
    ]
    assert len(vendor.requests) == 1
    assert found[0].url == vendor.url("/browse/OPS-3")


def test_open_cards_are_found_behind_many_closed_ones(jira, vendor, tracker):
    jira.issue(summary="old but open")
    for _ in range(60):
        jira.issue(status="Done")
    found = tracker.find(Query(limit=3))
    assert [one.id for one in found] == ["OPS-1", "OPS-61", "OPS-60"]
    assert len(vendor.requests) == 2


def test_cards_are_narrowed_by_assignee_and_project(jira, tracker):
    jira.issue(assignee=jira.users[0])
    jira.issue("WEB", assignee=jira.users[0])
    jira.issue("WEB")
    mine = ALICE if jira.cloud else "alice"
    assert {one.id for one in tracker.find(Query(assignee=mine))} == {"OPS-1", "WEB-1"}
    assert {one.id for one in tracker.find(Query(assignee=mine, project="WEB"))} == {"WEB-1"}
    assert {one.id for one in tracker.find(Query())} == {"OPS-1", "WEB-1", "WEB-2"}


def test_at_most_so_many_are_handed_back(jira, tracker):
    for _ in range(5):
        jira.issue()
    assert len(tracker.find(Query(limit=2))) == 2


INJECTIONS = [
    'x" OR project = "SECRET',
    'x\\" OR project = "SECRET',
    "x\\",
    'a") OR (project is not empty',
    "x ORDER BY created",
    "* ~ - + AND OR NOT (",
    "\n\x00 tab\there",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_that_is_typed_is_taken_for_the_query_language(jira, tracker, text):
    secret = jira.issue("WEB", summary="x a order by created tab here and or not")
    secret["fields"]["project"] = "SECRET"
    for query in (Query(text=text), Query(assignee=text), Query(text=text, assignee=text)):
        assert tracker.find(query) == ()
    if text.isprintable():
        assert text.replace("\\", "\\\\").replace('"', '\\"') in jira.queries[-1]


def test_a_project_that_is_typed_is_not_taken_for_the_query_language_either(tracker):
    refusal = refused(tracker.find, Query(project='NOPE" OR project = "OPS'))
    assert refusal.code in (Code.UNKNOWN_PROJECT, Code.NOT_ACCEPTED)


def test_an_unknown_project_is_named_when_cards_are_looked_for(tracker):
    assert refused(tracker.find, Query(project="NOPE")).code is Code.UNKNOWN_PROJECT


def test_a_text_without_a_word_is_refused(vendor, tracker):
    assert refused(tracker.find, Query(text="?!")).code is Code.TEXT_NEEDED
    assert vendor.requests == []
