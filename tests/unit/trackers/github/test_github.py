"""Making, showing and moving issues of GitHub."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from opsroom.errors import Code
from opsroom.records.idempotency import LOOKED_FOR
from opsroom.trackers import Card, Made, Moved
from opsroom.trackers.github.mapping import last_page
from support.contracts.vendor import Vendor, body_of
from support.troubles.table import error_with, raised
from support.troubles.trackers import draft, remark
from support.vendors.github import Github

CARD = "acme/web#1"


def test_a_card_is_made_with_one_request(vendor: Vendor, github: Github, tracker: Any) -> None:
    one = draft()
    assert tracker.create(one) == Made("acme/web#1", "https://github.com/acme/web/issues/1")
    assert [(request.method, request.path) for request in vendor.sent()] == [
        ("POST", "/repos/acme/web/issues")
    ]
    issue = github.issues["acme/web"][0]
    assert issue["title"] == "checkout is broken"
    head = "`alice` (in `#ops`) via opsroom, https://chatops.example.com/#/history/65f0"
    assert issue["body"] == f"{head} <!-- opsroom {one.mark} -->\n\nsince noon"


def test_a_card_goes_to_the_project_that_was_named(vendor: Vendor, tracker: Any) -> None:
    assert tracker.create(draft(project="acme/api")).id == "acme/api#1"
    assert len(vendor.sent()) == 1


def test_a_card_is_found_by_its_mark_and_by_no_other(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    one, other = draft(), draft()
    assert tracker.find_created(one) is None
    made = tracker.create(one)
    github.issue()
    assert tracker.find_created(one) == made
    assert tracker.find_created(other) is None
    assert len(vendor.sent("GET")) == 3


def test_a_comment_is_made_with_one_request_and_one_more_also_on_a_pull_request(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(pull_request={"url": "x"})
    one = remark(CARD)
    made = tracker.comment(one)
    assert made == Made("9001", "https://github.com/acme/web/issues/1#issuecomment-9001")
    assert [one.method for one in vendor.sent()] == ["POST", "GET"]
    text = github.comments["acme/web", 1][0]["body"]
    assert text.startswith("`alice` (in `#ops`) via opsroom, https://")
    assert text.endswith(f"<!-- opsroom {one.mark} -->\n\nseen it too")


def test_a_comment_is_found_among_hundreds_and_not_looked_for_in_old_ones(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue()
    for number in range(150):
        github.remark("acme/web", 1, f"remark {number}")
    one = remark(CARD)
    tracker.comment(one)
    before = len(vendor.sent("GET"))
    assert tracker.find_comment(one) is not None
    assert len(vendor.sent("GET")) == before + 2
    since = datetime.strptime(vendor.sent("GET")[-1].query["since"][0], "%Y-%m-%dT%H:%M:%SZ")
    back = (datetime.now(timezone.utc) - since.replace(tzinfo=timezone.utc)).total_seconds()
    assert 2 * LOOKED_FOR < back < 10 * LOOKED_FOR


def test_a_card_without_comments_is_shown_with_two_requests(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(
        title="a  b",
        body="text",
        assignees=[{"login": "alice-gh"}, {"login": "bob-gh"}],
        state="closed",
        state_reason="not_planned",
        updated_at="2026-11-23T10:20:30Z",
    )
    assert tracker.show("acme/web#1") == Card(
        id="acme/web#1",
        summary="a b",
        status="closed as not planned",
        assignee="alice-gh, bob-gh",
        reporter="acme-bot",
        description="text",
        project="acme/web",
        url="https://github.com/acme/web/issues/1",
        closed=True,
        changed_at=datetime(2026, 11, 23, 10, 20, 30, tzinfo=timezone.utc),
    )
    assert len(vendor.sent()) == 2


@pytest.mark.parametrize("count", [1, 5, 6, 9, 11, 101, 130])
def test_a_card_shows_its_last_five_comments_with_three_requests(
    vendor: Vendor, github: Github, tracker: Any, count: int
) -> None:
    github.issue()
    for number in range(count):
        github.remark("acme/web", 1, f"remark {number}")
    comments = tracker.show("acme/web#1").comments
    assert [comment.text for comment in comments] == [
        f"remark {n}" for n in range(max(0, count - 5), count)
    ]
    assert comments[0].author == "carol-gh"
    assert comments[0].at is not None
    assert len(vendor.sent()) == 3


def test_the_last_page_holds_the_last_five_whatever_the_number() -> None:
    for count in range(1, 3000):
        size, page = last_page(count, 5)
        on_it = count - (page - 1) * size
        assert min(count, 5) <= on_it <= size <= 100, count


def test_a_pull_request_is_shown_as_one(github: Github, tracker: Any) -> None:
    github.issue(pull_request={"url": "x"})
    assert tracker.show("acme/web#1").status == "open (pull request)"


@pytest.mark.parametrize("to", ["closed", "Done", "COMPLETED", "not planned", "Not_Planned"])
def test_a_card_is_closed_with_two_requests_and_a_reason(
    vendor: Vendor, github: Github, tracker: Any, to: str
) -> None:
    github.issue()
    moved = tracker.move("acme/web#1", to)
    planned = "not" not in to.lower()
    after = "closed" if planned else "closed as not planned"
    assert moved == Moved("open", after, "https://github.com/acme/web/issues/1")
    assert github.issues["acme/web"][0]["state_reason"] == (
        "completed" if planned else "not_planned"
    )
    assert [request.method for request in vendor.sent()] == ["GET", "PATCH"]


def test_a_card_is_opened_again(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue(state="closed", state_reason="completed")
    assert tracker.move("acme/web#1", "open").after == "open"
    assert body_of(vendor.sent("PATCH")[0]) == {"state": "open", "state_reason": "reopened"}


@pytest.mark.parametrize("reason", ["completed", None])
def test_a_card_that_is_there_already_is_left_alone(
    vendor: Vendor, github: Github, tracker: Any, reason: Any
) -> None:
    github.issue(state="closed", state_reason=reason)
    assert tracker.move("acme/web#1", "done") == Moved(
        "closed", "closed", "https://github.com/acme/web/issues/1"
    )
    assert len(vendor.sent()) == 1


def test_another_reason_for_a_closed_card_is_refused_since_github_ignores_it(
    github: Github, tracker: Any
) -> None:
    github.issue(state="closed", state_reason="completed")
    error = error_with(Code.NOT_POSSIBLE, tracker.move, "acme/web#1", "not planned")
    assert "Open it first" in error.hint


def test_a_column_is_refused_without_a_request_and_with_what_there_is(
    vendor: Vendor, tracker: Any
) -> None:
    error = error_with(Code.UNKNOWN_COLUMN, tracker.move, "acme/web#1", "In progress")
    assert "no columns" in error.message
    assert error.hint == "Use open, closed or not planned."
    assert vendor.sent() == []


def test_a_pull_request_is_not_closed_by_a_move(github: Github, tracker: Any) -> None:
    github.issue(pull_request={"url": "x"})
    assert raised(tracker.move, "acme/web#1", "done").code is Code.NOT_POSSIBLE
    assert github.issues["acme/web"][0]["state"] == "open"


def test_a_move_whose_answer_was_lost_is_sent_again(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue()
    vendor.after("unanswered", where=lambda request: request.method == "PATCH")
    assert tracker.move("acme/web#1", "done").after == "closed"
    assert len(vendor.sent("PATCH")) == 2
