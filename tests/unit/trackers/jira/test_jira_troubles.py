"""What Jira alone says when something goes wrong. What every tracker must survive is in
test_tracker_troubles.py."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any, Callable

import pytest

from opsroom.errors import Code, OpsroomError
from opsroom.trackers import Query
from support.contracts.vendor import Vendor, answer
from support.servers.http import Reply
from support.troubles.table import error_of
from support.troubles.trackers import CALLS
from support.vendors.jira import TOKEN, USER, Jira, problem

PAIR = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
HTML = f"<!doctype html><html><body>Log in. Authorization: Basic {PAIR}; {TOKEN}</body></html>"
FAILED = "AUTHENTICATED_FAILED"


@pytest.fixture(autouse=True)
def issue(jira: Jira) -> None:
    jira.issue()


def error(call: str, tracker: Any) -> OpsroomError:
    return error_of(partial(CALLS[call], tracker, "OPS-1"), (TOKEN, PAIR))


def test_refused_credentials_name_the_user_on_cloud_only(
    jira: Jira, tracker_at: Callable[..., Any]
) -> None:
    hint = error("show", tracker_at(token="wrong-" + TOKEN)).hint
    assert "trackers.desk.token" in hint
    assert ("trackers.desk.user" in hint) is jira.cloud


@pytest.mark.parametrize("call", ["find_created", "find_comment", "show", "find"])
def test_an_answer_for_nobody_is_not_taken_for_an_answer(
    vendor: Vendor, tracker: Any, call: str
) -> None:
    empty = {"issues": [], "comments": [], "isLast": True}
    vendor.instead(answer(empty, X_Seraph_LoginReason=FAILED))
    assert error(call, tracker).code is Code.UNAUTHORIZED


def test_a_refusal_of_nobody_is_one_of_the_credentials(vendor: Vendor, tracker: Any) -> None:
    refusal = problem(400, project="required")
    vendor.instead(Reply(400, refusal.body, {"X-Seraph-LoginReason": FAILED}))
    assert error("create", tracker).code is Code.UNAUTHORIZED


def test_a_captcha_is_named(vendor: Vendor, tracker: Any) -> None:
    denied = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x"}
    vendor.instead(Reply(403, HTML, denied))
    found = error("show", tracker)
    assert found.code is Code.UNAUTHORIZED
    assert "CAPTCHA" in found.message


@pytest.mark.parametrize("call", ["create", "move", "find"])
def test_a_right_that_is_missing_is_told_in_jiras_words_and_not_tried_again(
    vendor: Vendor, tracker: Any, call: str
) -> None:
    denied = problem(403, f"You cannot do that with {TOKEN}.")
    # Data Center sends this header with every answer.
    headers = {"Retry-After": "0", "Content-Type": "application/json"}
    vendor.instead(Reply(403, denied.body, headers))
    found = error(call, tracker)
    assert found.code is Code.UNAUTHORIZED
    assert "You cannot do that" in found.message
    assert "trackers.desk.token" in found.hint
    # Whether the card or its project is archived is asked.
    assert all(one.method == "GET" for one in vendor.requests[1:])
    assert len(vendor.requests) <= 3


def test_a_limit_that_jira_states_with_403_is_a_limit(vendor: Vendor, tracker: Any) -> None:
    vendor.instead(Reply(403, HTML, {"Retry-After": "3600"}))
    assert error("create", tracker).code is Code.RATE_LIMITED


def test_the_limit_of_data_center_with_every_answer_is_none(vendor: Vendor, tracker: Any) -> None:
    for call in ("create", "show"):
        CALLS[call](tracker, "OPS-1")
    assert len(vendor.requests) == 2


@pytest.mark.parametrize("call", ["create", "show", "find", "find_comment"])
def test_what_jira_has_removed_is_gone(vendor: Vendor, tracker: Any, call: str) -> None:
    vendor.instead(problem(410, "The requested API has been removed (CHANGE-2046)."))
    found = error(call, tracker)
    assert found.code is Code.GONE
    assert "CHANGE-2046" in found.message
    assert "trackers.desk.api" in found.hint


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("create", 422, Code.NOT_ACCEPTED), ("comment", 400, Code.NOT_ACCEPTED),
        ("move", 409, Code.NOT_ACCEPTED), ("find", 400, Code.NOT_ACCEPTED),
        ("create", 413, Code.TEXT_TOO_LONG), ("comment", 413, Code.TEXT_TOO_LONG),
    ],
)  # fmt: skip
def test_what_jira_does_not_accept_has_its_code(
    vendor: Vendor, tracker: Any, call: str, status: int, code: Code
) -> None:
    method = "GET" if call == "find" else "POST"
    vendor.instead(problem(status, "No way."), where=lambda one: one.method == method)
    found = error(call, tracker)
    assert found.code is code
    assert "No way" in found.message or code is Code.TEXT_TOO_LONG


def test_a_card_that_must_have_an_assignee_is_refused(vendor: Vendor, tracker: Any) -> None:
    vendor.instead(problem(400, assignee="Issues must be assigned."))
    found = error("unassign", tracker)
    assert found.code is Code.NOT_POSSIBLE
    assert "Issues must be assigned" in found.message


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("The field 'Archive reason' cannot be set.", Code.UNAUTHORIZED),
        ("This issue is archived.", Code.NOT_POSSIBLE),
        ("You cannot edit an archived issue.", Code.NOT_POSSIBLE),
    ],
)
def test_a_word_alone_does_not_make_a_card_an_archived_one(
    vendor: Vendor, tracker: Any, words: str, code: Code
) -> None:
    vendor.instead(problem(403, words))
    assert error("comment", tracker).code is code


def test_the_credentials_are_those_of_the_config_and_show_nowhere(
    jira: Jira, vendor: Vendor, tracker: Any
) -> None:
    tracker.find(Query(text="x"))
    wanted = f"Basic {PAIR}" if jira.cloud else f"Bearer {TOKEN}"
    assert vendor.requests[0].headers["authorization"] == wanted
    assert TOKEN not in repr(tracker) + repr(vars(tracker))
