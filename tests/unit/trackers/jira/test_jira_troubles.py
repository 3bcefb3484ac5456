"""The tracker kind jira when things go wrong: rights, limits, lost and slow answers, nonsense; no
secret is told."""

from __future__ import annotations

import base64
import contextlib
import threading
from typing import Any, Callable, Dict, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.trackers import REGISTRY, Assignee, Draft, Query, Remark
from support.http_server import HttpServer, Reply, free_port
from support.vendor import Vendor, answer
from support.vendors.jira import TOKEN, USER, Jira, problem

AUTHOR = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
REMARK = Remark("OPS-1", "Looking at it.", "opsfedcba987654", AUTHOR)
PAIR = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
HTML = f"<!doctype html><html><body>Log in. Authorization: Basic {PAIR}; {TOKEN}</body></html>"

VERBS: Dict[str, Callable[[Any], Any]] = {
    "create": lambda tracker: tracker.create(DRAFT),
    "find_created": lambda tracker: tracker.find_created(DRAFT),
    "comment": lambda tracker: tracker.comment(REMARK),
    "find_comment": lambda tracker: tracker.find_comment(REMARK),
    "show": lambda tracker: tracker.show("OPS-1"),
    "move": lambda tracker: tracker.move("OPS-1", "Done"),
    "assign": lambda tracker: tracker.assign("OPS-1", Assignee("Bob Brown", "Bob Brown")),
    "unassign": lambda tracker: tracker.assign("OPS-1", Assignee("nobody")),
    "find": lambda tracker: tracker.find(Query(text="checkout")),
}
MAKING = ["create", "comment"]


@pytest.fixture(params=["cloud3", "dc"])
def jira(request: pytest.FixtureRequest) -> Jira:
    made = Jira(request.param)
    made.issue()
    return made


@pytest.fixture
def vendor(jira: Jira) -> Iterator[Vendor]:
    with jira.vendor() as running:
        yield running


def tracker_at(url: str, cloud: bool = True, **raw: Any) -> Any:
    raw = {
        "url": url.rstrip("/"),
        "token": TOKEN,
        "project": "OPS",
        **({"user": USER} if cloud else {}),
        **raw,
    }
    problems = Problems()
    options = REGISTRY.read_options("jira", Fields(raw, "trackers.jira", problems))
    assert problems.lines == []
    return REGISTRY.make("jira", options, name="jira", store=None, keep=None)


def tracker_of(jira: Jira, vendor: Vendor, **raw: Any) -> Any:
    return tracker_at(vendor.url(""), jira.cloud, **raw)


def error_of(verb: str, tracker: Any) -> OpsroomError:
    with pytest.raises(OpsroomError) as caught:
        VERBS[verb](tracker)
    error = caught.value
    told = error.sentence() + repr(error.facts) + repr(error) + repr(error.__cause__)
    assert TOKEN not in told
    assert PAIR not in told
    assert error.message.endswith(".")
    assert error.hint == "" or error.hint[-1] in ".?!" or ":" in error.hint
    return error


@pytest.mark.parametrize("verb", VERBS)
def test_wrong_credentials_are_told_with_the_keys_of_the_config(jira, vendor, verb):
    error = error_of(verb, tracker_of(jira, vendor, token="wrong-" + TOKEN))
    assert error.code is Code.UNAUTHORIZED
    assert "does not accept the credentials" in error.message
    assert "trackers.jira.token" in error.hint
    assert ("trackers.jira.user" in error.hint) is jira.cloud
    assert not in_doubt(error)


@pytest.mark.parametrize("verb", ["find_created", "find_comment", "show", "find"])
def test_an_answer_for_nobody_is_not_taken_for_an_answer(jira, vendor, verb):
    empty = answer(
        {"issues": [], "comments": [], "isLast": True}, X_Seraph_LoginReason="AUTHENTICATED_FAILED"
    )
    vendor.instead(empty)
    assert error_of(verb, tracker_of(jira, vendor)).code is Code.UNAUTHORIZED


def test_a_refusal_of_nobody_is_one_of_the_credentials(jira, vendor):
    vendor.instead(
        Reply(
            400,
            problem(400, project="required").body,
            {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"},
        )
    )
    assert error_of("create", tracker_of(jira, vendor)).code is Code.UNAUTHORIZED


def test_a_captcha_is_told(jira, vendor):
    vendor.instead(
        Reply(
            403, HTML, {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x"}
        )
    )
    error = error_of("show", tracker_of(jira, vendor))
    assert error.code is Code.UNAUTHORIZED
    assert "CAPTCHA" in error.message


@pytest.mark.parametrize("verb", VERBS)
def test_a_right_that_is_missing_is_told_with_jiras_words_and_not_tried_again(jira, vendor, verb):
    denied = problem(403, f"You cannot do that with {TOKEN}.")
    vendor.instead(
        Reply(403, denied.body, {"Retry-After": "0", "Content-Type": "application/json"})
    )
    error = error_of(verb, tracker_of(jira, vendor))
    assert error.code is Code.UNAUTHORIZED
    assert "You cannot do that" in error.message
    assert "trackers.jira.token" in error.hint
    # It is not tried again; whether the card or its project is archived is asked.
    assert all(one.method == "GET" for one in vendor.requests[1:])
    assert len(vendor.requests) <= 3


@pytest.mark.parametrize("verb", VERBS)
def test_too_many_requests_wait_when_it_is_short(jira, vendor, verb):
    vendor.instead(Reply(429, "", {"Retry-After": "0"}))
    tracker = tracker_of(jira, vendor)
    VERBS[verb](tracker)
    assert vendor.requests[0].path == vendor.requests[1].path
    assert len(jira.issues) == (2 if verb == "create" else 1)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("headers", "words"),
    [({"Retry-After": "3600"}, "retry in 60 min"), ({}, "does not say for how long")],
)
def test_too_many_requests_are_told_when_it_is_long(jira, vendor, verb, headers, words):
    vendor.instead(Reply(429, HTML, headers))
    error = error_of(verb, tracker_of(jira, vendor))
    assert error.code is Code.RATE_LIMITED
    assert words in error.message
    assert not in_doubt(error)
    assert len(vendor.requests) == 1


def test_a_limit_that_jira_says_with_403_is_a_limit(jira, vendor):
    vendor.instead(Reply(403, HTML, {"Retry-After": "3600"}))
    assert error_of("create", tracker_of(jira, vendor)).code is Code.RATE_LIMITED


@pytest.mark.parametrize("verb", VERBS)
def test_what_jira_has_removed_is_gone(jira, vendor, verb):
    removed = (
        "The requested API has been removed. Please migrate to /rest/api/3/search/jql "
        "(CHANGE-2046)."
    )
    vendor.instead(Reply(410, problem(410, removed).body))
    error = error_of(verb, tracker_of(jira, vendor))
    assert error.code is Code.GONE
    assert "CHANGE-2046" in error.message
    assert "trackers.jira.api" in error.hint


# What only reads is asked again after 502 and 503, with pauses: one such verb is enough.
@pytest.mark.parametrize(
    ("verb", "status"),
    [*((verb, 500) for verb in VERBS), ("create", 502), ("comment", 503), ("show", 502)],
)
def test_a_server_that_fails_leaves_what_is_made_in_doubt_and_is_not_asked_to_make_it_again(
    jira, vendor, verb, status
):
    vendor.instead(*[Reply(status, HTML)] * 5)
    error = error_of(verb, tracker_of(jira, vendor, time_limit=3))
    assert error.code is Code.BAD_ANSWER
    assert in_doubt(error) or verb not in MAKING
    assert len(vendor.sent("POST")) <= 1


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "body", [HTML, "", "[]", "null", '"text"', "{}", '{"issues": {"a": 1}, "key": 7}', "\xff"]
)
def test_nonsense_is_a_bad_answer(jira, vendor, verb, body):
    vendor.instead(*[Reply(200, body.encode("latin-1"))] * 2)
    tracker = tracker_of(jira, vendor)
    if verb == "assign" and body == "[]":
        return  # nobody of that name
    error = error_of(verb, tracker)
    assert error.code is Code.BAD_ANSWER
    # A login page has made nothing.
    assert in_doubt(error) is (vendor.sent()[-1].method != "GET" and body != HTML)
    assert len(vendor.sent("POST")) <= 1


_KEYS = [
    "key",
    "id",
    "fields",
    "issues",
    "comments",
    "comment",
    "transitions",
    "name",
    "to",
    "status",
    "author",
]
_KEYS += [
    "errors",
    "errorMessages",
    "total",
    "properties",
    "value",
    "body",
    "description",
    "updated",
    "assignee",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["OPS-1", "1", "text", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def anything() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=JSON, status=st.sampled_from([200, 201, 400, 404, 409, 413, 422]))
@pytest.mark.parametrize("verb", VERBS)
def test_no_json_makes_it_crash(anything, verb, content, status):
    server = anything
    reply = answer(content, status)
    for path in (
        "/issue",
        "/issue/OPS-1",
        "/issue/OPS-1/comment",
        "/issue/OPS-1/transitions",
        "/search/jql",
        "/issue/OPS-1/assignee",
        "/user/assignable/search",
        "/issue/createmeta/OPS/issuetypes",
    ):
        server.on("/rest/api/3" + path, reply)
    with contextlib.suppress(OpsroomError):
        VERBS[verb](tracker_at(server.url("")))


@pytest.mark.parametrize("verb", VERBS)
def test_an_answer_that_does_not_come_is_told_within_the_time_limit(jira, vendor, verb):
    never = threading.Event()
    vendor.instead(Reply(until=never))
    error = error_of(verb, tracker_of(jira, vendor, time_limit=0.4))
    never.set()
    assert error.code is Code.TIMED_OUT
    # A question that was lost has changed nothing.
    assert in_doubt(error) is (vendor.sent()[-1].method != "GET")


def test_all_requests_of_a_verb_share_the_time_limit(jira, vendor):
    never = threading.Event()
    vendor.instead(Reply(until=never), where=lambda one: one.method == "POST")
    error = error_of("move", tracker_of(jira, vendor, time_limit=0.6))
    never.set()
    assert error.code is Code.TIMED_OUT


@pytest.mark.parametrize("verb", [*MAKING, "show"])
def test_a_server_that_is_down_is_unreachable_and_nothing_is_in_doubt(verb):
    error = error_of(verb, tracker_at(f"http://127.0.0.1:{free_port()}"))
    assert error.code is Code.UNREACHABLE
    assert not in_doubt(error)


@pytest.mark.parametrize("verb", MAKING)
def test_a_redirect_is_not_followed_with_a_card(jira, vendor, verb):
    vendor.instead(Reply(302, "", {"Location": "https://login.example.com/"}))
    assert error_of(verb, tracker_of(jira, vendor)).code is Code.BAD_ANSWER


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_not_jira_is_told_with_the_key_of_the_address(jira, vendor, verb):
    vendor.instead(Reply(404, HTML))
    error = error_of(verb, tracker_of(jira, vendor))
    assert error.code is Code.BAD_ANSWER
    assert "trackers.jira.url" in error.hint


@pytest.mark.parametrize(
    ("verb", "status"),
    [("create", 400), ("create", 422), ("comment", 400), ("move", 409), ("find", 400)],
)
def test_what_jira_does_not_take_is_told_in_its_words_without_markup_or_expressions(
    jira, vendor, verb, status
):
    words = f"No way.\n{{{{ st2kv.system.x }}}} <!channel> {TOKEN} " + "x" * 500
    vendor.instead(
        problem(status, words),
        where=lambda one: one.method == ("GET" if verb == "find" else "POST"),
    )
    error = error_of(verb, tracker_of(jira, vendor))
    assert error.code is Code.NOT_ACCEPTED
    assert "No way. { { st2kv" in error.message
    assert "<!channel>" not in error.message
    assert len(error.message) < 300


@pytest.mark.parametrize("verb", MAKING)
def test_what_is_too_large_for_jira_is_told(jira, vendor, verb):
    vendor.instead(Reply(413, HTML))
    assert error_of(verb, tracker_of(jira, vendor)).code is Code.TEXT_TOO_LONG


def test_a_card_that_may_not_be_nobodys_is_told(jira, vendor):
    vendor.instead(problem(400, assignee="Issues must be assigned."))
    error = error_of("unassign", tracker_of(jira, vendor))
    assert error.code is Code.NOT_POSSIBLE
    assert "Issues must be assigned" in error.message


def test_the_limit_of_data_center_with_every_answer_is_none(jira, vendor):
    tracker = tracker_of(jira, vendor)
    tracker.create(DRAFT)
    tracker.show("OPS-1")
    assert len(vendor.requests) == 2


def test_a_comment_that_jira_has_without_id_is_in_doubt(jira, vendor):
    vendor.instead(answer({"id": 7}, 201))
    assert in_doubt(error_of("comment", tracker_of(jira, vendor)))


@pytest.mark.parametrize("user", [USER, ""])
def test_the_credentials_are_those_of_the_config(user):
    with HttpServer() as server:
        server.on("/rest/api/2/search/jql", answer({"issues": []}))
        server.on("/rest/api/2/search", answer({"issues": []}))
        tracker_at(server.url(""), bool(user), api="2").find(Query(text="x"))
        wanted = f"Basic {PAIR}" if user else f"Bearer {TOKEN}"
        assert server.requests[0].headers["authorization"] == wanted


def test_nothing_of_a_request_is_in_the_repr_of_the_tracker(jira, vendor):
    tracker = tracker_of(jira, vendor)
    tracker.show("OPS-1")
    assert TOKEN not in repr(tracker) + repr(vars(tracker))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("The field 'Archive reason' cannot be set.", Code.UNAUTHORIZED),
        ("This issue is archived.", Code.NOT_POSSIBLE),
        ("You cannot edit an archived issue.", Code.NOT_POSSIBLE),
    ],
)
def test_a_word_alone_does_not_make_a_card_an_archived_one(jira, vendor, said, code):
    vendor.instead(problem(403, said))
    assert error_of("comment", tracker_of(jira, vendor)).code is code
