"""The tracker kind jira, against servers that refuse what Jira's own descriptions of its interfaces
refuse."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, Refusal
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.records.idempotency import new_mark
from opsroom.trackers import REGISTRY, Assignee, Card, Comment, Draft, Made, Moved, Query, Remark
from opsroom.trackers.formats import adf
from support.vendor import Vendor, body_of
from support.vendors.jira import ALICE, BOB, TOKEN, USER, Jira

FLAVOURS = ["cloud3", "cloud2", "dc"]
NOBODY_KNOWN = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
LINE = "dave (in #ops) via opsroom, https://chatops.example.com/#/history/65f0"
LONG = "".join(
    f"line {number}: ünï — 日本語 🚀 https://example.com/?a=1&b=2\n" for number in range(700)
)[:30_000]
TEXTS = [
    "line\nbreaks\n\nand a paragraph",
    "before\n```python\nif x < 1:\n    print('{code}')\n```\nafter",
    "see https://example.com/a_b?c=d&e=f, please",
    "ünï — 日本語 🚀",
    LONG,
    "<script>alert(1)</script> {code} h1. *bold* _it_ [a|http://b] ||t|| \\{x\\} &lt; -- "
    "{{mono}} [~bob] !pic.png!",
    "{{ st2kv.system.secret }} <% st2kv('x') %> {# x #} {% raw %}",
]


@pytest.fixture(params=FLAVOURS)
def jira(request: pytest.FixtureRequest) -> Jira:
    return Jira(request.param)


@pytest.fixture
def vendor(jira: Jira) -> Iterator[Vendor]:
    with jira.vendor() as running:
        yield running


@pytest.fixture
def tracker(jira: Jira, vendor: Vendor) -> Any:
    return tracker_at(jira, vendor)


def tracker_at(jira: Jira, vendor: Vendor, **raw: Any) -> Any:
    raw = {
        "url": vendor.url("").rstrip("/"),
        "token": TOKEN,
        "project": "OPS",
        "projects": ["WEB"],
        **raw,
    }
    if jira.cloud:
        raw = {"user": USER, "api": jira.flavour[-1], **raw}
    problems = Problems()
    fields = Fields(raw, "trackers.jira", problems)
    options = REGISTRY.read_options("jira", fields)
    fields.finish()
    assert problems.lines == []
    return REGISTRY.make("jira", options, name="jira", store=None, keep=None)


def alice(jira: Jira) -> Author:
    return Author(
        "alice",
        "#ops",
        ALICE if jira.cloud else "alice",
        "alice@acme.example",
        "https://c.example/65f0",
    )


def draft(author: Author = NOBODY_KNOWN, text: str = "It answers 500.", **more: Any) -> Draft:
    values = {
        "project": "",
        "summary": "Checkout is down",
        "description": text,
        "mark": new_mark(),
        "author": author,
    }
    return Draft(**{**values, **more})


def remark(text: str = "Looking at it.", card: str = "OPS-1") -> Remark:
    return Remark(card, text, new_mark(), NOBODY_KNOWN)


def refusal_of(call: Any, *arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    return caught.value


# Making cards.


def test_a_card_is_made_with_one_request_in_the_name_of_whoever_asked(jira, vendor, tracker):
    made = tracker.create(draft(alice(jira)))
    assert made == Made("OPS-1", vendor.url("/browse/OPS-1"))
    assert [one.method for one in vendor.requests] == ["POST"]
    fields = jira.issues["OPS-1"]["fields"]
    assert fields["reporter"]["displayName"] == "Alice Adams"
    assert fields["summary"] == "Checkout is down"
    assert "via opsroom" not in jira.plain(fields["description"])
    assert body_of(vendor.requests[0])["fields"]["issuetype"] == {"name": "Task"}


def test_somebody_without_a_name_in_jira_stands_in_the_first_line_and_a_note_says_so(
    jira, vendor, tracker
):
    made = tracker.create(draft())
    assert made.notes == (
        "dave has no jira name in the config, so the card names them in its first line.",
    )
    assert len(vendor.requests) == 1
    assert "reporter" not in body_of(vendor.requests[0])["fields"]
    assert tracker.show("OPS-1").description == f"{LINE}\n\nIt answers 500."


def test_the_mark_is_a_label_and_nothing_that_people_read(jira, tracker):
    asked = draft()
    tracker.create(asked)
    fields = jira.issues["OPS-1"]["fields"]
    assert fields["labels"] == [asked.mark]
    assert asked.mark not in jira.plain(fields["description"])


def test_a_card_goes_to_the_project_that_was_named_else_to_that_of_the_config(tracker):
    assert tracker.create(draft(project="WEB")).id == "WEB-1"
    assert tracker.create(draft()).id == "OPS-1"


def test_a_card_without_description_has_none(jira, vendor, tracker):
    tracker.create(draft(alice(jira), text=""))
    assert "description" not in body_of(vendor.requests[0])["fields"]


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_arrives_whole(jira, vendor, tracker, text):
    tracker.create(draft(alice(jira), text=text))
    came = tracker.show("OPS-1").description
    plain = "\n".join(line for line in text.split("\n") if not line.startswith("```"))
    assert "".join(came.split()) == "".join(plain.split())
    tracker.comment(remark(text))
    (said,) = tracker.show("OPS-1").comments
    assert "".join(said.text.split()).endswith("".join(plain.split()))


def test_what_is_too_long_is_cut_with_a_note_in_the_text_and_a_sentence(jira, vendor, tracker):
    made = tracker.create(draft(alice(jira), text="word " * 10_000))
    assert len(vendor.requests) == 1
    came = tracker.show("OPS-1").description
    missing = int(came.rpartition("[cut: ")[2].partition(" ")[0])
    assert came.endswith(f"word\n[cut: {missing} more characters]")
    assert 50_000 - 32_767 <= missing < 17_500
    assert made.notes == (
        f"The description was cut: Jira takes 32767 characters, the last {missing} are missing.",
    )
    assert (
        tracker.comment(remark("word " * 10_000))
        .notes[0]
        .startswith("The comment was cut: Jira takes 32767")
    )


def test_a_text_that_an_administrator_allows_less_of_is_sent_once_more_shorter(
    jira, vendor, tracker
):
    jira.longest = 10_000
    made = tracker.create(draft(alice(jira), text="word " * 5000))
    assert made.id == "OPS-1"
    assert "characters," in made.notes[0]
    assert "[cut: " in tracker.show("OPS-1").description
    assert [len(vendor.sent("POST")), len(jira.issues)] == (
        [3, 1] if jira.flavour == "cloud3" else [2, 1]
    )
    assert tracker.comment(remark("word " * 5000)).notes


def test_the_first_line_and_the_mark_survive_the_cutting(jira, tracker):
    jira.refused = {"labels"}
    asked = draft(text="```\n" + "x = 1\n" * 10_000)
    tracker.create(asked)
    came = tracker.show("OPS-1").description
    assert came.startswith(LINE)
    assert came.endswith(asked.mark)


def test_a_block_of_code_that_nobody_closed_does_not_take_the_mark_in(jira, tracker):
    jira.refused = {"labels"}
    asked = draft(alice(jira), text="```\nx = 1")
    tracker.create(asked)
    written = jira.issues["OPS-1"]["fields"]["description"]
    if jira.flavour == "cloud3":
        assert written["content"][-1] == {
            "type": "paragraph",
            "content": [{"type": "text", "text": asked.mark}],
        }
    else:
        assert written == f"{{noformat}}\nx = 1\n{{noformat}}\n\n{asked.mark}"


def test_a_summary_that_is_too_long_goes_on_in_the_description(jira, tracker):
    tracker.create(draft(alice(jira), summary="ab 🚀 " * 100))
    card = tracker.show("OPS-1")
    assert len(card.summary.encode("utf-16-le")) // 2 <= 255
    assert card.summary.endswith("…")
    assert card.description == ("ab 🚀 " * 100).strip() + "\n\nIt answers 500."


@pytest.mark.parametrize("refused", [{"labels"}, {"reporter"}, {"labels", "reporter"}])
def test_without_the_fields_that_a_project_does_not_take_it_is_sent_once_more(
    jira, vendor, tracker, refused
):
    jira.refused = refused
    asked = draft(alice(jira))
    made = tracker.create(asked)
    assert [len(vendor.requests), len(jira.issues)] == [2, 1]
    came = tracker.show("OPS-1").description
    assert ("alice (in #ops) via opsroom" in came.split("\n")[0]) is ("reporter" in refused)
    assert came.endswith(asked.mark) is ("labels" in refused)
    assert len(made.notes) == len(refused)
    found = tracker.find_created(asked)
    assert found
    assert found.id == "OPS-1"


def test_a_reporter_that_jira_does_not_know_is_told_and_replaced_by_nobody(jira, vendor, tracker):
    made = tracker.create(draft(Author("alice", identity="no-such-user")))
    assert len(vendor.requests) == 2
    assert made.notes == (
        "Jira does not let opsroom set the reporter, so the card names alice in its first line.",
    )
    assert jira.issues["OPS-1"]["fields"]["reporter"] is None


def test_missing_fields_are_named_with_the_values_that_they_take(jira, vendor, tracker):
    jira.required = {
        "customfield_1": {
            "name": "Severity",
            "required": True,
            "allowedValues": [{"value": "High"}, {"value": "Low"}],
        },
        "customfield_2": {"name": "Team", "required": True},
    }
    refusal = refusal_of(tracker.create, draft(alice(jira)))
    assert refusal.code is Code.FIELDS_MISSING
    assert (
        refusal.message
        == "A card in OPS needs more than opsroom can say: Severity (one of High or Low) and Team."
    )
    assert refusal.facts["fields"] == {"Severity": ["High", "Low"], "Team": []}
    assert [one.method for one in vendor.requests] == ["POST", "GET", "GET"]


def test_missing_fields_are_named_by_their_ids_where_jira_does_not_describe_them(
    jira, vendor, tracker
):
    from support.http_server import Reply

    jira.required = {"customfield_1": {"name": "customfield_1 is required:", "required": True}}
    vendor.instead(Reply(500), Reply(500), Reply(500), where=lambda one: "createmeta" in one.path)
    refusal = refusal_of(tracker.create, draft(alice(jira)))
    assert refusal.code is Code.NOT_ACCEPTED or "customfield_1" in refusal.message


def test_an_unknown_project_is_named(tracker):
    refusal = refusal_of(tracker.create, draft(project="NOPE"))
    assert refusal.code is Code.UNKNOWN_PROJECT
    assert "no project NOPE" in refusal.message
    assert "trackers.jira.project" in refusal.hint


def test_an_unknown_issue_type_is_named_with_those_there_are(jira, vendor):
    tracker = tracker_at(jira, vendor, issue_type="Chore")
    refusal = refusal_of(tracker.create, draft())
    assert refusal.code is Code.FIELDS_MISSING
    assert "'Chore'" in refusal.message
    assert (
        refusal.hint
        == "It has Task and Bug. An administrator can set trackers.jira.issue_type in the config."
    )


def test_an_issue_type_may_be_given_by_its_number(jira, vendor):
    tracker_at(jira, vendor, issue_type="10002").create(draft())
    assert body_of(vendor.requests[0])["fields"]["issuetype"] == {"id": "10002"}


# After a lost answer.


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_card_whose_answer_was_lost_is_found_by_its_mark_and_there_is_one(
    jira, vendor, tracker, drop
):
    asked = draft()
    jira.issue(labels=[new_mark()])
    vendor.after(drop)
    with pytest.raises(Failure) as caught:
        tracker.create(asked)
    assert in_doubt(caught.value)
    assert len(jira.issues) == 2
    found = tracker.find_created(asked)
    assert found == Made("OPS-2", vendor.url("/browse/OPS-2"), found.notes)
    assert found.notes[0].startswith("dave has no jira name")
    assert len(vendor.sent("POST")) == 1


def test_a_card_that_was_not_made_is_not_found(vendor, tracker):
    assert tracker.find_created(draft()) is None
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("drop", ["unanswered", "half"])
def test_a_comment_whose_answer_was_lost_is_found_by_its_mark_and_there_is_one(
    jira, vendor, tracker, drop
):
    jira.issue()
    other, asked = remark("Looking at it."), remark("Looking at it.")
    tracker.comment(other)
    vendor.after(drop)
    with pytest.raises(Failure) as caught:
        tracker.comment(asked)
    assert in_doubt(caught.value)
    found = tracker.find_comment(asked)
    assert found
    assert found.id == jira.comments["OPS-1"][1]["id"]
    assert found.url == vendor.url(f"/browse/OPS-1?focusedCommentId={found.id}")
    assert [len(vendor.sent("POST")), len(jira.comments["OPS-1"])] == [2, 2]


def test_a_comment_that_was_not_made_is_not_found(jira, vendor, tracker):
    jira.issue()
    tracker.comment(remark())
    assert tracker.find_comment(remark()) is None
    assert len(vendor.requests) == 2


def test_it_says_when_a_search_can_be_relied_upon(jira, tracker):
    assert tracker.settles_within == (8.0 if jira.cloud else 2.0)


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
    refusal = refusal_of(verb, tracker)
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
    with pytest.raises(Failure) as caught:
        tracker.move("OPS-1", "Done")
    assert in_doubt(caught.value)
    assert tracker.move("OPS-1", "Done").before == "Done"
    assert len(vendor.sent("POST")) == 1


def test_an_unknown_column_is_refused_with_those_there_are(jira, vendor, tracker):
    jira.issue()
    refusal = refusal_of(tracker.move, "OPS-1", "Shipped")
    assert refusal.code is Code.UNKNOWN_COLUMN
    assert refusal.message == "OPS-1 cannot go to 'Shipped', where it is To Do."
    assert refusal.hint == "It can go to In Progress or Done."
    assert len(vendor.requests) == 1


def test_a_move_that_needs_fields_names_them_with_their_values(jira, vendor, tracker):
    jira.issue()
    values = [{"name": "Fixed"}, {"name": "Won't Do"}]
    jira.screen = {"resolution": {"name": "Resolution", "required": True, "allowedValues": values}}
    refusal = refusal_of(tracker.move, "OPS-1", "Done")
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
        (
            "Chris Green",
            "Did you mean Chris Green (c1@acme.example) or Chris Green (c2@acme.example)?",
        ),
    ],
)
def test_a_typed_name_that_is_not_exactly_one_person_is_refused_with_candidates(
    jira, vendor, tracker, typed, words
):
    jira.issue()
    refusal = refusal_of(tracker.assign, "OPS-1", Assignee(typed, typed))
    assert refusal.code is Code.UNKNOWN_PERSON
    assert words in refusal.hint
    assert vendor.sent("PUT") == []


def test_a_mapped_person_whom_jira_does_not_know_is_refused_with_the_key_of_the_config(
    jira, tracker
):
    jira.issue()
    refusal = refusal_of(tracker.assign, "OPS-1", Assignee("bob", "gone", mapped=True))
    assert refusal.code is Code.UNKNOWN_PERSON
    assert "people.bob.jira" in refusal.hint


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


def test_a_project_that_is_typed_is_not_taken_for_the_query_language_either(jira, tracker):
    refusal = refusal_of(tracker.find, Query(project='NOPE" OR project = "OPS'))
    assert refusal.code in (Code.UNKNOWN_PROJECT, Code.NOT_ACCEPTED)


def test_an_unknown_project_is_named_when_cards_are_looked_for(tracker):
    assert refusal_of(tracker.find, Query(project="NOPE")).code is Code.UNKNOWN_PROJECT


def test_a_text_without_a_word_is_refused(vendor, tracker):
    assert refusal_of(tracker.find, Query(text="?!")).code is Code.TEXT_NEEDED
    assert vendor.requests == []
