"""Making a card in Jira: fields that it takes, does not take and wants, and text of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.errors import Code, Refusal
from opsroom.people import Author
from opsroom.records.idempotency import new_mark
from opsroom.trackers import Draft, Made, Remark
from support.contracts.vendor import body_of
from support.servers.http import Reply
from support.troubles.table import error_of
from support.vendors.jira import ALICE, Jira

NOBODY_KNOWN = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
LINE = "dave (in #ops) via opsroom, https://chatops.example.com/#/history/65f0"


# Those that differ in the format of texts.
EVERY = pytest.mark.parametrize("jira", ["cloud3", "cloud2", "dc"], indirect=True)


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


def refused(call: Any, *arguments: Any) -> Refusal:
    error = error_of(lambda: call(*arguments))
    assert isinstance(error, Refusal)
    return error


def test_a_card_is_made_with_one_request_in_the_name_of_whoever_asked(jira, vendor, tracker):
    made = tracker.create(draft(alice(jira)))
    assert made == Made("OPS-1", vendor.url("/browse/OPS-1"))
    assert [one.method for one in vendor.requests] == ["POST"]
    fields = jira.issues["OPS-1"]["fields"]
    assert fields["reporter"]["displayName"] == "Alice Adams"
    assert fields["summary"] == "Checkout is down"
    assert "via opsroom" not in jira.plain(fields["description"])
    assert body_of(vendor.requests[0])["fields"]["issuetype"] == {"name": "Task"}


def test_someone_without_a_name_in_jira_stands_in_the_first_line_and_a_note(vendor, tracker):
    asked = draft()
    made = tracker.create(asked)
    assert made == tracker.find_created(asked)
    assert made.notes == (
        "dave has no jira name in the config, so the card names them in its first line.",
    )
    assert len(vendor.requests) == 2
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


@EVERY
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


@EVERY
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


@EVERY
def test_the_first_line_and_the_mark_survive_the_cutting(jira, tracker):
    jira.refused = {"labels"}
    asked = draft(text="```\n" + "x = 1; " * 20 + ("x = 1; " * 20 + "\n") * 280)
    tracker.create(asked)
    came = tracker.show("OPS-1").description
    assert came.startswith(LINE)
    assert came.endswith(asked.mark)


@EVERY
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


@EVERY
def test_a_summary_that_is_too_long_goes_on_in_the_description(jira, tracker):
    tracker.create(draft(alice(jira), summary="ab 🚀 " * 100))
    card = tracker.show("OPS-1")
    assert len(card.summary.encode("utf-16-le")) // 2 <= 255
    assert card.summary.endswith("…")
    assert card.description == ("ab 🚀 " * 100).strip() + "\n\nIt answers 500."


@EVERY
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
    refusal = refused(tracker.create, draft(alice(jira)))
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
    jira.required = {"customfield_1": {"name": "customfield_1 is required:", "required": True}}
    vendor.instead(Reply(500), Reply(500), Reply(500), where=lambda one: "createmeta" in one.path)
    refusal = refused(tracker.create, draft(alice(jira)))
    assert refusal.code is Code.NOT_ACCEPTED or "customfield_1" in refusal.message


def test_an_unknown_project_is_named(tracker):
    refusal = refused(tracker.create, draft(project="NOPE"))
    assert refusal.code is Code.UNKNOWN_PROJECT
    assert "no project NOPE" in refusal.message
    assert "trackers.desk.project" in refusal.hint


def test_an_unknown_issue_type_is_named_with_those_there_are(tracker_at):
    tracker = tracker_at(issue_type="Chore")
    refusal = refused(tracker.create, draft())
    assert refusal.code is Code.FIELDS_MISSING
    assert "'Chore'" in refusal.message
    assert (
        refusal.hint
        == "It has Task and Bug. An administrator can set trackers.desk.issue_type in the config."
    )


def test_an_issue_type_may_be_given_by_its_number(vendor, tracker_at):
    tracker_at(issue_type="10002").create(draft())
    assert body_of(vendor.requests[0])["fields"]["issuetype"] == {"id": "10002"}


# After a lost answer.


def test_it_says_when_a_search_can_be_relied_upon(jira, tracker):
    assert tracker.settles_within == (8.0 if jira.cloud else 2.0)
