"""Incidents of PagerDuty: shown, listed, acknowledged, resolved."""

from __future__ import annotations

import pytest

from opsroom.errors import Code
from opsroom.pagers import State, Target
from support.pages.pagerduty import (
    ALICE,
    BOB,
    DAVE,
    MARK,
    POLICY,
    SCHEDULE,
    SERVICE,
    asked,
    page,
    routed,
    writes,
)
from support.troubles.table import raised, refusal
from support.vendors.pagers.pagerduty import ROUTING_KEY, error


@pytest.mark.parametrize("id", ["1201", "#1201", " 1201 ", "PI1201", MARK])
def test_an_incident_is_known_by_number_id_and_mark(account, pager, id):
    pager.page(page())
    incident = pager.incident(id)
    assert (incident.number, incident.state) == ("1201", State.TRIGGERED)
    assert len(asked(account)) == 3


@pytest.mark.parametrize(
    "id", ["77", "ops00000000000ff", "", "../users", "1 2", "a/b", "x" * 100, "%2e%2e", "{x}"]
)
def test_an_incident_that_is_not_there_is_an_unknown_page(account, pager, id):
    for verb in (
        pager.incident,
        lambda id: pager.acknowledge(id, ALICE),
        lambda id: pager.resolve(id, ALICE),
    ):
        assert raised(verb, id).code is Code.UNKNOWN_PAGE
    assert not account.rest.sent("PUT")


def test_the_open_incidents_are_listed_newest_first(account, pager):
    for number in range(3):
        pager.page(page(text=f"page {number}", mark=f"m{number}"))
    pager.page(page(Target("service", "POTHER"), mark="m3"))
    pager.resolve("1202", ALICE)
    account.rest.requests.clear()
    assert [one.number for one in pager.incidents()] == ["1204", "1203", "1201"]
    assert [one.number for one in pager.incidents(limit=1)] == ["1204"]
    assert [one.number for one in pager.incidents(SERVICE)] == ["1203", "1201"]
    assert [one.number for one in pager.incidents(BOB)] == ["1203", "1201"]
    assert [one.number for one in pager.incidents(POLICY)] == ["1203", "1201"]
    assert [one.number for one in pager.incidents(POLICY, limit=1)] == ["1203"]
    assert asked(account) == ["GET /incidents"] * 6
    query = account.rest.requests[0].query
    assert query["statuses[]"] == ["triggered", "acknowledged"]
    assert query["date_range"] == ["all"]


def test_the_incidents_of_a_schedule_are_those_of_the_people_on_call_there(account, pager):
    pager.page(page(BOB))
    pager.page(page(Target("user", "PCAROL"), mark="other"))
    account.rest.requests.clear()
    assert [one.number for one in pager.incidents(SCHEDULE)] == ["1201"]
    assert asked(account) == ["GET /oncalls", "GET /incidents"]
    account.policies["PPOL"]["levels"] = []
    assert pager.incidents(SCHEDULE) == ()


def test_the_incidents_of_a_routing_key_cannot_be_told(pager):
    target = routed(ROUTING_KEY)
    assert raised(pager.incidents, target).code is Code.NOT_POSSIBLE


def test_an_incident_is_acknowledged_in_the_name_of_who_says_so(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    incident = pager.acknowledge("1201", ALICE)
    assert incident.state is State.ACKNOWLEDGED
    assert asked(account) == ["GET /incidents/1201", "PUT /incidents/PI1201"]
    assert account.incidents[0]["changed_by"] == "PALICE"


def test_what_is_acknowledged_already_is_left_as_it_is(account, pager):
    pager.page(page())
    pager.acknowledge("1201", ALICE)
    assert pager.acknowledge("1201", DAVE).state is State.ACKNOWLEDGED
    assert len(account.rest.sent("PUT")) == 1


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "escalate"])
def test_what_is_resolved_is_closed_and_never_opened_again(account, pager, verb):
    pager.page(page())
    pager.resolve("1201", ALICE)
    told = refusal(Code.PAGE_CLOSED, getattr(pager, verb), "1201", ALICE)
    assert "1201" in told.message
    assert raised(pager.add_responder, "1201", BOB, ALICE).code is Code.PAGE_CLOSED
    assert account.incidents[0]["status"] == "resolved"
    assert len(account.rest.sent("PUT")) == 1


def test_what_somebody_resolved_in_between_is_closed(account, pager):
    pager.page(page())

    def resolved(request):
        if request.method != "PUT":
            return False
        account.incidents[0].update(status="resolved", assignments=[])
        return True

    account.rest.instead(error(400, 1001, "Incident Already Resolved"), where=resolved)
    assert raised(pager.acknowledge, "1201", ALICE).code is Code.PAGE_CLOSED
    account.incidents[0]["status"] = "triggered"
    account.rest.instead(error(400, 1001, "Incident Already Resolved"), where=resolved)
    assert pager.resolve("1201", ALICE).state is State.RESOLVED


def test_what_somebody_acknowledged_in_between_is_a_success(account, pager):
    pager.page(page())

    def acknowledged(request):
        if request.method != "PUT":
            return False
        account.incidents[0].update(status="acknowledged")
        return True

    account.rest.instead(error(400, 1002, "Incident Already Acknowledged"), where=acknowledged)
    assert pager.acknowledge("1201", ALICE).state is State.ACKNOWLEDGED


def test_a_resolution_carries_who_it_is_from(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    incident = pager.resolve("#1201", DAVE)
    assert incident.state is State.RESOLVED
    assert asked(account) == ["GET /incidents/1201", "PUT /incidents/PI1201"]
    assert account.incidents[0]["resolution"] == "dave (in #ops) via opsroom, execution 77"
    assert account.incidents[0]["changed_by"] == "PBOT"


def test_acknowledging_goes_on_after_an_answer_that_was_lost(account, pager):
    pager.page(page())
    account.rest.after("unanswered", where=writes)
    assert pager.acknowledge("1201", ALICE).state is State.ACKNOWLEDGED
