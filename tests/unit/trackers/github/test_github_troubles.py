"""What GitHub alone says when something goes wrong. What every tracker must survive is in
test_tracker_troubles.py."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any, Dict

import pytest

from opsroom.errors import Code, Failure, Refusal
from opsroom.http.errors import in_doubt
from support.contracts.vendor import Vendor
from support.servers.http import Reply
from support.troubles.table import error_with, raised
from support.troubles.trackers import CALLS, draft, remark
from support.vendors.github import TOKEN, Github, problem

CARD = "acme/web#1"
HTML = "<!doctype html><html><body>Sign in, or token github_pat_5ecretSecret</body></html>"


@pytest.mark.parametrize("verb", ["create", "show", "assign"])
@pytest.mark.parametrize(
    ("reply", "code", "hint"),
    [
        (problem(403, "SAML", x_github_sso="required; url=https://x"), Code.UNAUTHORIZED,
         "single sign-on"),
        (problem(429, "slow down"), Code.RATE_LIMITED, "Wait a minute"),
        (problem(403, "You have exceeded a secondary rate limit"), Code.RATE_LIMITED,
         "Wait a minute"),
        (Reply(418, HTML), Code.BAD_ANSWER, ""),
        (problem(422, "Validation Failed", [{"message": f"no {TOKEN}\n\nno"}, "odd", 3]),
         Code.NOT_ACCEPTED, ""),
        (Reply(422, "[1]"), Code.NOT_ACCEPTED, ""),
        (problem(400, "Problems parsing JSON"), Code.BAD_ANSWER, ""),
        (problem(410, "Issues are disabled for this repo"), Code.GONE, "settings"),
    ],
)  # fmt: skip
def test_what_github_alone_says_has_its_code(
    vendor: Vendor, github: Github, tracker: Any, verb: str, reply: Reply, code: Code, hint: str
) -> None:
    github.issue()
    vendor.instead(reply)
    error = error_with(code, CALLS[verb], tracker, CARD)
    assert hint in error.hint
    assert len(vendor.sent()) == 1
    assert not (isinstance(error, Failure) and in_doubt(error))


def test_an_issue_of_odd_parts_is_shown_as_far_as_it_makes_sense(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    odd = {
        "title": None,
        "user": None,
        "assignees": [None, {"login": 3}],
        "comments": "x",
        "updated_at": 7,
    }
    vendor.odd = True
    github.issue(**odd, body=None, html_url="javascript:alert(1)")
    card = tracker.show("acme/web#1")
    assert (card.summary, card.reporter, card.assignee, card.description) == ("", "", "", "")
    assert (card.changed_at, card.url) == (
        None,
        f"{vendor.url('')}/acme/web/issues/1".replace("//acme", "/acme"),
    )


def test_a_card_or_repository_that_is_not_there_is_told_from_one_another(tracker: Any) -> None:
    card = raised(tracker.show, "acme/web#7")
    assert (card.code, "acme/web#7" in card.message) == (Code.UNKNOWN_CARD, True)
    assert raised(tracker.comment, remark("acme/gone#1")).code is Code.UNKNOWN_CARD
    project = raised(tracker.create, draft(project="acme/gone"))
    assert (project.code, "acme/gone" in project.message) == (Code.UNKNOWN_PROJECT, True)
    assert "trackers.desk.repository" in project.hint


def test_a_card_that_was_deleted_is_gone(github: Github, tracker: Any) -> None:
    github.issue()
    github.deleted = [("acme/web", 1)]
    for verb in ("show", "comment", "move", "assign"):
        error = error_with(Code.GONE, CALLS[verb], tracker, CARD)
        assert "acme/web#1 was deleted" in error.message


def test_a_repository_without_issues_says_so(github: Github, tracker: Any) -> None:
    github.disabled = ["acme/web"]
    error = error_with(Code.GONE, tracker.create, draft())
    assert error.message == "Issues are turned off in acme/web."


def test_a_repository_that_was_renamed_gets_nothing_and_is_said_to_be_elsewhere(
    github: Github, tracker: Any
) -> None:
    github.issue()
    github.moved = ["acme/web"]
    error = raised(tracker.create, draft())
    assert isinstance(error, Refusal)
    assert error.code is Code.UNKNOWN_PROJECT
    assert raised(tracker.comment, remark(CARD)).code is Code.UNKNOWN_CARD
    assert len(github.issues["acme/web"]) == 1


def test_a_field_that_is_missing_is_named(tracker: Any) -> None:
    error = error_with(Code.FIELDS_MISSING, tracker.create, draft(""))
    assert "title" in error.message
    assert error.facts["fields"] == ["title"]


def test_a_short_limit_is_waited_for_also_where_it_is_a_403(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    vendor.instead(problem(429, "slow", retry_after="0"), problem(403, "slow", retry_after="0"))
    assert tracker.create(draft()).id == "acme/web#1"
    assert len(vendor.sent()) == 3
    assert len(github.issues["acme/web"]) == 1


def test_a_limit_whose_end_is_now_by_the_clock_of_the_server_is_waited_for(
    vendor: Vendor, tracker: Any
) -> None:
    # A server whose clock is a day behind: by ours, the end of the limit was long ago; by its own
    # it is a minute away.
    there = int(time.time()) - 86_400
    date = format_datetime(datetime.fromtimestamp(there, timezone.utc), usegmt=True)
    headers = {"Date": date, "x_ratelimit_remaining": "0"}
    vendor.instead(problem(403, "API rate limit exceeded", x_ratelimit_reset=str(there), **headers))
    assert tracker.create(draft()).id == "acme/web#1"
    vendor.instead(
        problem(403, "API rate limit exceeded", x_ratelimit_reset=str(there + 60), **headers)
    )
    error = raised(tracker.create, draft())
    assert error.facts["retry_after"] == pytest.approx(60)


@pytest.mark.parametrize(
    ("headers", "says", "seconds"),
    [
        ({"retry_after": "3600"}, "retry in 60 min", 3600),
        ({"retry_after": "90", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "1"},
         "retry in 90 s", 90),
        ({"x_ratelimit_remaining": "0"}, "for how long", None),
        ({"x_ratelimit_remaining": "12", "x_ratelimit_reset": "99999999999"}, "for how long", None),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "soon"}, "for how long", None),
    ],
)  # fmt: skip
def test_a_long_limit_is_said_and_nothing_is_sent_again(
    vendor: Vendor, tracker: Any, headers: Dict[str, str], says: str, seconds: Any
) -> None:
    vendor.instead(problem(429, "API rate limit exceeded", **headers))
    error = error_with(Code.RATE_LIMITED, tracker.create, draft())
    assert says in error.message
    assert error.facts.get("retry_after") == seconds
    assert error.facts["sent"] is False
    assert not in_doubt(error)
    assert len(vendor.sent()) == 1
