"""Assigning and finding issues of GitHub."""

from __future__ import annotations

import re
from typing import Any

import pytest

from opsroom.errors import Code
from opsroom.trackers import Assignee, Query
from support.contracts.vendor import Vendor
from support.troubles.table import error_with, raised
from support.vendors.github import Github

CARD = "acme/web#1"


def test_a_card_is_given_with_one_request(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue()
    for name in ("alice-gh", "@Alice-GH"):
        assigned = tracker.assign("acme/web#1", Assignee("alice", name))
        assert (assigned.to, assigned.notes) == ("alice-gh", ())
    assert [request.method for request in vendor.sent()] == ["POST", "POST"]
    assert github.issues["acme/web"][0]["assignees"] == [{"login": "alice-gh"}]


def test_a_card_is_taken_from_whoever_had_it(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue(assignees=[{"login": "bob-gh"}, {"login": "carol-gh"}])
    assert tracker.assign("acme/web#1", Assignee("alice", "alice-gh", True)).to == "alice-gh"
    assert github.issues["acme/web"][0]["assignees"] == [{"login": "alice-gh"}]
    assert [request.method for request in vendor.sent()] == ["POST", "DELETE"]


def test_a_card_is_given_to_nobody_with_one_request(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(assignees=[{"login": "bob-gh"}])
    assert tracker.assign("acme/web#1", Assignee("nobody")).to == "nobody"
    assert github.issues["acme/web"][0]["assignees"] == []
    assert len(vendor.sent()) == 1


@pytest.mark.parametrize("mapped", [True, False])
def test_someone_whom_github_leaves_out_is_refused_and_nobody_is_taken_off(
    github: Github, tracker: Any, mapped: bool
) -> None:
    github.issue(assignees=[{"login": "bob-gh"}])
    error = raised(tracker.assign, "acme/web#1", Assignee("alice", "alise-gh", mapped))
    assert (error.code, error.facts["nearest"]) == (Code.UNKNOWN_PERSON, ["alice-gh"])
    assert error.hint == "Did you mean alice-gh?"
    assert github.issues["acme/web"][0]["assignees"] == [{"login": "bob-gh"}]
    far = raised(tracker.assign, "acme/web#1", Assignee("alice", "zzz", mapped))
    assert ("people.alice.desk" in far.hint) == mapped


def test_a_token_that_may_not_assign_is_told_from_a_person_who_is_unknown(
    github: Github, tracker: Any
) -> None:
    github.issue(assignees=[{"login": "bob-gh"}])
    github.may_assign = False
    for who in (Assignee("alice", "alice-gh", True), Assignee("nobody")):
        error = error_with(Code.UNAUTHORIZED, tracker.assign, "acme/web#1", who)
        assert "trackers.desk.token" in error.hint


@pytest.mark.parametrize("name", ["a b", "a/b", "x{y}", "ä", "a" * 200, "-x", "a\nb"])
def test_what_cannot_be_a_name_at_github_is_refused_without_a_request(
    vendor: Vendor, tracker: Any, name: str
) -> None:
    assert raised(tracker.assign, "acme/web#1", Assignee(name, name)).code is Code.UNKNOWN_PERSON
    assert raised(tracker.find, Query(assignee=name)).code is Code.UNKNOWN_PERSON
    assert vendor.sent() == []


def test_open_cards_come_first_and_the_last_changed_before_others(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    for number in range(4):
        github.issue(body="the Checkout", state="closed" if number % 2 else "open")
    github.issue("acme/api", title="checkout too")
    github.issue(body="checkout", pull_request={"url": "x"})
    github.issue(body="other")
    found = tracker.find(Query("checkout"))
    assert [card.id for card in found] == [
        "acme/api#1",
        "acme/web#3",
        "acme/web#1",
        "acme/web#4",
        "acme/web#2",
    ]
    assert {card.project for card in found} == {"acme/web", "acme/api"}
    assert {card.description for card in found} == {""}
    assert len(tracker.find(Query("checkout", limit=2))) == 2
    assert [card.id for card in tracker.find(Query("checkout", project="acme/api"))] == [
        "acme/api#1"
    ]
    assert len([one for one in vendor.sent() if one.path == "/search/issues"]) == 3
    # And one for each repository of what is found: it may be archived.
    assert len(vendor.sent()) == 3 + 2 + 2 + 1


def test_cards_are_found_by_who_has_them(github: Github, tracker: Any) -> None:
    github.issue(assignees=[{"login": "alice-gh"}])
    github.issue()
    assert [card.id for card in tracker.find(Query(assignee="@alice-gh"))] == ["acme/web#1"]
    assert github.searches == ["is:issue (repo:acme/web OR repo:acme/api) assignee:alice-gh"]


def test_open_cards_are_found_behind_many_closed_ones_with_a_second_request(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(title="old and open")
    for _ in range(60):
        github.issue(state="closed")
    found = tracker.find(Query(project="acme/web"))
    assert [card.id for card in found[:2]] == ["acme/web#1", "acme/web#61"]
    assert len(found) == 10
    assert len(vendor.sent()) == 3


@pytest.mark.parametrize(
    "text", ['x" repo:acme/secret "', "x\\", 'a" OR "b', "is:pr", "assignee:bob", ") OR ("]
)
def test_no_text_becomes_a_part_of_the_query(github: Github, tracker: Any, text: str) -> None:
    tracker.find(Query(text, project="acme/web"))
    assert re.match(r'^"[^"\\]*" is:issue repo:acme/web\Z', github.searches[0])


def test_a_text_that_is_too_long_to_be_searched_for_is_refused(
    vendor: Vendor, tracker: Any
) -> None:
    assert raised(tracker.find, Query("x" * 201)).code is Code.TEXT_TOO_LONG
    assert vendor.sent() == []


def test_a_search_in_what_the_token_may_not_see_names_the_repository(tracker: Any) -> None:
    error = error_with(Code.UNKNOWN_PROJECT, tracker.find, Query("x", project="acme/secret"))
    assert "acme/secret" in error.message
