"""Paging by Opsgenie: followed until it is made, what it refuses, and its limits."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsroom.errors import Code, Failure, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery, OnCall, State, Target
from opsroom.pagers.opsgenie.mapping import headline
from opsroom.people import Author
from support.contracts.vendor import answer, body_of
from support.errors import refusal_of
from support.pages.opsgenie import MARK, PAGED, WEB, asked, is_outcome, page, pager_at
from support.servers.http import Reply
from support.troubles.table import failure, refusal
from support.vendors.pagers.opsgenie import KEY, READ_KEY


def test_a_page_is_an_alert_that_was_followed_until_it_was_made(vendor, account, pager):
    paged = pager.page(page())
    (alert,) = account.open()
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.incident.number == "1701"
    assert paged.incident.id == alert["id"]
    assert paged.incident.state is State.TRIGGERED
    assert paged.incident.target == "web"
    assert paged.incident.since == datetime(2026, 11, 23, 14, 1, 11, 846_000, tzinfo=timezone.utc)
    assert [one.partition(alert["id"])[0] for one in asked(vendor)] == [*PAGED, "GET /v2/alerts/"]


def test_the_alert_says_what_is_wrong_who_asks_and_from_where(vendor, pager):
    pager.page(page("checkout is down\nsince 14:00"))
    sent = body_of(vendor.requests[0])
    assert sent == {
        "message": "checkout is down …",
        "alias": MARK,
        "description": "alice (in #ops) via opsroom, https://st2.example.com/x1\n\ncheckout is "
        "down\nsince 14:00",
        "responders": [{"type": "team", "name": "web"}],
        "details": {
            "requested by": "alice",
            "room": "#ops",
            "execution": "https://st2.example.com/x1",
        },
        "tags": ["opsroom"],
        "priority": "P3",
        "user": "alice",
        "source": "opsroom #ops",
    }
    assert all(isinstance(value, str) for value in sent["details"].values())


def test_an_urgent_page_has_the_highest_priority(account, pager):
    pager.page(page(urgent=True))
    assert account.open()[0]["priority"] == "P1"


@pytest.mark.parametrize(
    ("target", "responder"),
    [
        (Target("team", "web"), {"type": "team", "name": "web"}),
        (Target("team", "00000000-0000-0000-0000-000000000001", "web"),
         {"type": "team", "id": "00000000-0000-0000-0000-000000000001"}),
        (Target("user", "bob@example.com", "Bob"), {"type": "user", "username": "bob@example.com"}),
        (Target("escalation_policy", "web_escalation"),
         {"type": "escalation", "name": "web_escalation"}),
        (Target("schedule", "web_schedule"), {"type": "schedule", "name": "web_schedule"}),
    ],
)  # fmt: skip
def test_whoever_is_paged_is_named_as_opsgenie_names_them(vendor, pager, target, responder):
    assert pager.page(page(target=target)).delivery is Delivery.ACCEPTED
    assert body_of(vendor.requests[0])["responders"] == [responder]


def test_the_requester_is_named_by_their_name_in_opsgenie_where_there_is_one(vendor, pager):
    pager.page(page(author=Author("alice", "", "alice@opsgenie.example.com")))
    sent = body_of(vendor.requests[0])
    assert (sent["user"], sent["source"]) == ("alice@opsgenie.example.com", "opsroom")
    assert "room" not in sent["details"]


def test_a_person_is_reached_by_their_name_in_opsgenie_else_by_their_address(pager):
    assert pager.person("b@x.example.com", "bob@example.com", "Bob") == Target(
        "user", "b@x.example.com", "Bob"
    )
    assert pager.person("", "bob@example.com", "Bob") == Target("user", "bob@example.com", "Bob")
    assert pager.person("", "", "Bob") is None


def test_with_a_key_of_the_account_the_answer_says_who_is_on_call(vendor):
    paged = pager_at(vendor, read_key=READ_KEY).page(page())
    assert paged.on_call == (OnCall("bob@example.com", through="web_schedule"),)
    assert len(vendor.requests) == 6


def test_that_nobody_can_tell_who_is_on_call_does_not_undo_a_page(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    vendor.instead(
        Reply(500, "x"), Reply(500, "x"), where=lambda one: one.path.startswith("/v2/schedules")
    )
    paged = pager.page(page())
    assert (paged.delivery, paged.on_call) == (Delivery.ACCEPTED, ())


def test_a_page_to_a_user_reaches_that_user(pager):
    assert pager.page(page(target=Target("user", "bob@example.com", "Bob"))).on_call == (
        OnCall("Bob"),
    )


def test_an_outcome_that_takes_its_time_is_asked_for_in_growing_steps(account, pager, clock):
    account.slow = 5
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert clock.waited == [0.15, 0.3, 0.6, 1.2, 1.5]


def test_a_page_that_was_taken_and_failed_is_no_page(pager):
    error = refusal(Code.NOT_ACCEPTED, pager.page, page(target=Target("team", "wbe")))
    assert error.message == "Opsgenie made no alert for team wbe: Responder does not exist."
    assert not error.facts["sent"]


def test_what_came_of_a_page_is_said_to_be_unknown_when_it_is(account, pager, clock):
    account.slow = 1000
    paged = pager.page(page())
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.incident.id == MARK
    assert paged.notes == (
        "Opsgenie took the request; its outcome is unknown: it was not known within 8 s.",
    )
    assert clock.passed == pytest.approx(8.0)


def test_a_page_whose_outcome_was_not_told_is_found_by_its_alias(vendor, account, pager):
    vendor.instead(Reply(500, "x"), Reply(500, "x"), Reply(500, "x"), where=is_outcome)
    account.slow = 0
    paged = pager.page(page())
    assert (paged.delivery, paged.incident.number) == (Delivery.ACCEPTED, "1701")


@pytest.mark.parametrize(
    "reply",
    [
        answer({"data": None}), answer([1]), answer({"data": {"isSuccess": "yes"}}),
        Reply(200, "<html>"), Reply(403, "{}"), Reply(405, "<html>"),
    ],
)  # fmt: skip
def test_an_outcome_that_says_nothing_is_unknown(vendor, pager, reply):
    vendor.instead(*[reply] * 50, where=is_outcome)
    vendor.instead(
        *[Reply(404, "{}")] * 5, where=lambda one: one.method == "GET" and not is_outcome(one)
    )
    assert pager.page(page()).delivery is Delivery.UNCONFIRMED


def test_an_alert_without_responders_reaches_nobody(account, pager):
    pager.page(page())
    account.open()[0]["responders"] = []
    found = pager.find(page())
    assert found.delivery is Delivery.NOBODY
    assert found.notes == ("The alert has no responders, so that nobody is notified.",)


def test_without_a_look_at_the_alert_the_page_is_still_told(vendor, pager):
    vendor.instead(
        *[Reply(500, "x")] * 3, where=lambda one: one.method == "GET" and not is_outcome(one)
    )
    paged = pager.page(page())
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.incident.id
    assert paged.incident.number == ""


def test_the_same_mark_again_is_the_same_alert(account, pager):
    first = pager.page(page())
    assert pager.page(page()).incident.number == first.incident.number
    assert len(account.alerts) == 1
    assert account.open()[0]["count"] == 2


def test_looking_for_a_page_is_one_request(vendor, pager):
    assert pager.find(page()) is None
    assert asked(vendor) == [f"GET /v2/alerts/{MARK}"]
    assert vendor.requests[0].query == {"identifierType": ["alias"]}


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (
            answer({"message": "Could not authenticate"}, 401),
            Code.UNAUTHORIZED,
            "(401): Could not authenticate.",
        ),
        (answer({"message": "Not allowed."}, 403), Code.UNAUTHORIZED, "(403): Not allowed."),
        (
            answer({"message": "Upgrade"}, 402),
            Code.NOT_POSSIBLE,
            "The Opsgenie account does not include this (402)",
        ),
        (
            answer({"message": "No entity"}, 404),
            Code.BAD_ANSWER,
            "answered 404, not as Opsgenie does.",
        ),
        (Reply(404, "<html>"), Code.BAD_ANSWER, "answered 404, not as Opsgenie does."),
        (answer({"message": "Gone"}, 410), Code.GONE, "(410): Gone."),
        (
            answer(
                {
                    "message": "Request body is not processable.",
                    "errors": {"message": "is too long."},
                },
                422,
            ),
            Code.NOT_ACCEPTED,
            "(422): Request body is not processable, message: is too long.",
        ),
        (answer(["x"], 400), Code.NOT_ACCEPTED, "(400)."),
    ],
)
def test_what_opsgenie_refuses_is_certain_and_said(vendor, pager, reply, code, words):
    vendor.instead(reply)
    with pytest.raises(OpsroomError) as caught:
        pager.page(page())
    assert caught.value.code is code
    assert words in caught.value.message
    assert caught.value.message.endswith(".")
    assert not isinstance(caught.value, Failure) or not in_doubt(caught.value)
    assert len(vendor.requests) == 1


def test_a_key_that_is_not_accepted_names_its_place_in_the_config(vendor):
    error = failure(
        Code.UNAUTHORIZED, pager_at(vendor, api_key="wr0ng-key-of-someone").page, page()
    )
    assert "pagers.duty.api_key" in error.hint
    error = failure(Code.UNAUTHORIZED, pager_at(vendor, read_key=KEY).on_call, WEB)
    assert "pagers.duty.read_key may read the configuration" in error.hint


def test_a_short_time_to_wait_is_waited_for_once(vendor, account, pager, clock):
    vendor.instead(answer({"message": "TooManyRequests"}, 429, X_RateLimit_Period_In_Sec="1"))
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert clock.waited[0] == 1.0
    assert len(account.open()) == 1


def test_a_long_time_to_wait_is_told(vendor, pager, clock):
    busy = answer({}, 429, X_RateLimit_Period_In_Sec="60", X_RateLimit_Reason="ACCOUNT")
    vendor.instead(busy)
    error = failure(Code.RATE_LIMITED, pager.page, page())
    assert error.message == (
        "Opsgenie is rate-limiting opsroom, by the requests of the account; retry in 60 s."
    )
    assert error.facts["retry_after"] == 60
    assert not in_doubt(error)
    assert clock.waited == []


def test_the_same_goes_for_jira_service_management(account):
    with account.vendor(base="/jsm/ops/integration") as vendor:
        pager = pager_at(vendor)
        assert pager.page(page()).delivery is Delivery.ACCEPTED
        assert vendor.requests[0].path == "/jsm/ops/integration/v2/alerts"
        caught = refusal_of(pager.on_call, WEB)
        assert caught.hint == "Jira Service Management shows it under Operations."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("checkout is down", "checkout is down"),
        ("\n  checkout is down \n\nand more", "checkout is down …"),
        ("x" * 130, "x" * 130),
        ("x" * 131, "x" * 128 + " …"),
        ("word " * 40, ("word " * 25).strip() + " …"),
        ("🔥" * 65, "🔥" * 65),
        ("🔥" * 66, "🔥" * 64 + " …"),
        ("x" * 129 + "\ny", "x" * 128 + " …"),
        ("", "Page"),
    ],
)
def test_the_title_is_the_first_line_as_far_as_it_goes(text, title):
    assert headline(text) == title
    assert len(title.encode("utf-16-le")) // 2 <= 130


def test_html_is_not_read_as_html(account, pager):
    pager.page(page("<b>bold</b> <script>alert(1)</script> <!-- x --> 1 < 2 <3"))
    alert = account.open()[0]
    for text in (alert["message"], alert["description"]):
        assert "< b>bold< /b> < script>alert(1)< /script> < !-- x --> 1 < 2 <3" in text


def test_a_text_of_thirty_thousand_characters_is_cut_and_says_so(account, pager):
    paged = pager.page(page("word " * 6000))
    description = account.open()[0]["description"]
    assert 14_500 < len(description) <= 15_000
    missing = int(description.rpartition("[cut: ")[2].split()[0])
    assert paged.notes == (f"Opsgenie takes 15000 characters: {missing} are missing.",)
    assert missing > 15_000


def test_long_names_fit(vendor, pager):
    pager.page(page(author=Author("a" * 300, "#" + "r" * 300, link="l" * 3000)))
    sent = body_of(vendor.requests[0])
    assert len(sent["user"]) == len(sent["source"]) == 100


def test_the_default_responder_is_where_a_page_goes_when_nobody_is_named(vendor, pager):
    assert pager.default_target() is None
    assert pager_at(vendor, responder="web").default_target() == Target("team", "web")
    schedule = {"schedule": "web_schedule"}
    assert pager_at(vendor, responder=schedule).default_target() == Target(
        "schedule", "web_schedule"
    )
