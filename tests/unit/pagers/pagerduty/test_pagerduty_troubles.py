"""What PagerDuty alone says when something goes wrong; events that are followed by the REST API."""

from __future__ import annotations

import pytest

from opsroom.errors import Code, Failure, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery, OnCall, Target
from support.pages.pagerduty import MARK, POLICY, SIX, page, pager_of, routed
from support.servers.http import Reply
from support.troubles.table import error_with, failure, raised, refusal
from support.vendors.pagers.pagerduty import ROUTING_KEY, error


def test_an_event_is_followed_until_its_incident_is_there(account, pager, waits):
    account.immediate = False
    target, looks = routed(ROUTING_KEY), []

    def second_look(request):
        looks.append(request.path)
        if len(looks) == 2:
            account.settle()
        return False

    account.rest.instead(Reply(), where=second_look)
    paged = pager.page(page(target, text="disk is full\nsee dashboard"))
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.incident.number == "1201"
    assert paged.on_call == (OnCall("Bob Brown", SIX, 1, "Web rota"),)
    assert waits == [0.5]
    assert pager.incident(MARK).number == "1201"


def test_an_event_without_an_incident_in_time_is_unconfirmed(account, waits):
    account.immediate = False
    pager = pager_of(account, time_limit="2s")
    paged = pager.page(page(routed(ROUTING_KEY), mark=MARK))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert paged.incident.id == MARK
    assert "in time" in paged.notes[-1] or "outcome is unknown" in paged.notes[-1]


def test_an_event_that_was_taken_stays_taken_when_following_it_fails(account, pager):
    account.rest.instead(Reply(500))
    paged = pager.page(page(routed(ROUTING_KEY)))
    assert paged.delivery is Delivery.UNCONFIRMED
    assert "outcome is unknown" in paged.notes[-1]


def test_a_routing_key_is_the_default_where_no_service_is_configured(account):
    pager = pager_of(account, service=None, routing_key=ROUTING_KEY)
    assert pager.page(page(pager.default_target())).delivery is Delivery.ACCEPTED


@pytest.mark.parametrize(
    ("reply", "kind", "code", "words"),
    [
        (error(401, 2006, "Authentication failed"), Failure, Code.UNAUTHORIZED,
         "Authentication failed"),
        (error(403, 2010, "Access Denied"), Failure, Code.UNAUTHORIZED, "Access Denied"),
        (error(402, 2012, "Payment Required", "no ability"), Refusal, Code.NOT_POSSIBLE,
         "no ability"),
        (error(400, 2001, "Invalid Input", "this is odd"), Refusal, Code.NOT_ACCEPTED,
         "Invalid Input: this is odd"),
        (error(409, 2000, "Conflict"), Refusal, Code.NOT_ACCEPTED, "Conflict"),
        (error(410, 2000, "Gone"), Failure, Code.GONE, "no longer"),
        (Reply(400, '{"error": 7}'), Failure, Code.BAD_ANSWER, "400"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "call",
    [lambda pager: pager.page(page()), lambda pager: pager.on_call(POLICY)],
    ids=["page", "on_call"],
)
def test_what_pagerduty_explains_is_quoted(account, pager, call, reply, kind, code, words):
    account.rest.instead(reply)
    told = error_with(code, call, pager)
    assert words in told.message
    assert kind is Refusal or not in_doubt(told)
    assert account.incidents == []


@pytest.mark.parametrize("headers", [{"ratelimit_reset": "2"}, {"retry_after": "2"}])
def test_a_short_wait_that_pagerduty_asks_for_is_made(account, pager, waits, headers):
    account.rest.instead(error(429, 2020, "Rate Limit Exceeded", **headers))
    assert pager.page(page()).delivery is Delivery.ACCEPTED
    assert waits == [2.0]
    assert len(account.incidents) == 1


@pytest.mark.parametrize("seconds", ["42", "3600"])
def test_a_long_wait_is_told_instead(account, pager, waits, seconds):
    account.rest.instead(error(429, 2020, "Rate Limit Exceeded", ratelimit_reset=seconds))
    told = failure(Code.RATE_LIMITED, pager.page, page())
    assert ("42 s" if seconds == "42" else "60 min") in told.message
    assert told.facts["retry_after"] == float(seconds)
    assert told.facts["sent"] is False
    assert waits == []


def test_errors_name_the_key_of_the_config_that_mends_them(account, pager):
    account.rest.instead(error(401, 2006, "x"))
    assert "pagers.duty.token" in raised(pager.page, page()).hint
    account.rest.instead(error(403, 2010, "x"))
    assert "pagers.duty.token" in raised(pager.page, page()).hint
    told = refusal(Code.NOT_ACCEPTED, pager.page, page(Target("service", "PGONE")))
    assert "Service not found" in told.message
    assert "pagers.duty" in told.hint
