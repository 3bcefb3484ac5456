"""Escalating incidents of PagerDuty, and adding responders to them."""

from __future__ import annotations

from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from opsroom.pagers import State, Target
from opsroom.people import Author
from support.contracts.vendor import body_of
from support.pages.pagerduty import (
    ALICE,
    BOB,
    DAVE,
    POLICY,
    SCHEDULE,
    SERVICE,
    asked,
    page,
    pager_of,
    writes,
)
from support.troubles.table import raised, refusal


def test_escalating_wakes_the_next_level(account, pager):
    pager.page(page())
    pager.acknowledge("1201", ALICE)
    account.rest.requests.clear()
    incident = pager.escalate("1201", ALICE)
    assert incident.people == ("Carol White",)
    assert incident.state is State.TRIGGERED
    assert asked(account) == ["GET /incidents/1201", "GET /oncalls", "PUT /incidents/PI1201"]
    assert body_of(account.rest.requests[-1])["incident"]["escalation_level"] == 2


def test_on_the_last_level_there_is_nobody_further(pager):
    pager.page(page())
    pager.escalate("1201", ALICE)
    told = refusal(Code.NOT_POSSIBLE, pager.escalate, "1201", ALICE)
    assert "last level" in told.message
    assert "Web team" in told.message


def test_what_was_assigned_to_a_person_goes_to_the_first_level_with_somebody_else(pager):
    pager.page(page(Target("user", "PALICE"), author=DAVE))
    assert pager.escalate("1201", ALICE).people == ("Bob Brown",)
    pager.page(page(BOB, mark="other"))
    assert pager.escalate("1202", ALICE).people == ("Carol White",)
    pager.page(page(Target("user", "PCAROL"), mark="third"))
    assert pager.escalate("1203", ALICE).people == ("Bob Brown",)


def test_a_level_with_the_same_people_is_passed_over(account, pager):
    account.policies["PPOL"]["levels"] = [[("PBOB", "PSCH")], [("PBOB", "")], [("PCAROL", "")]]
    pager.page(page())
    assert pager.escalate("1201", ALICE).people == ("Carol White",)


def test_escalating_is_not_sent_again_after_a_lost_answer(account, pager):
    pager.page(page())
    account.rest.after("unanswered", where=writes)
    assert in_doubt(raised(pager.escalate, "1201", ALICE))
    assert len(account.rest.sent("PUT")) == 1


def test_somebody_is_added_in_the_name_of_who_says_so(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    assert pager.add_responder("1201", Target("user", "PCAROL", "carol"), ALICE).number == "1201"
    assert asked(account) == ["GET /incidents/1201", "POST /incidents/PI1201/responder_requests"]
    assert account.rest.requests[-1].headers["from"] == "alice@example.com"
    assert account.responders == [
        {"id": "PCAROL", "type": "user_reference", "incident": "PI1201", "by": "PALICE"}
    ]
    assert body_of(account.rest.requests[-1])["message"] == f"checkout is down ({ALICE.line})"


def test_an_escalation_policy_and_whoever_is_on_call_on_a_schedule_can_be_added(account, pager):
    pager.page(page())
    pager.add_responder("1201", POLICY, ALICE)
    pager.add_responder("1201", SCHEDULE, ALICE)
    pager.add_responder("1201", Target("user", "carol@example.com", "carol"), ALICE)
    assert [one["id"] for one in account.responders] == ["PPOL", "PBOB", "PCAROL"]
    assert raised(pager.add_responder, "1201", SERVICE, ALICE).code is Code.NOT_POSSIBLE
    account.policies["PPOL"]["levels"] = []
    assert raised(pager.add_responder, "1201", SCHEDULE, ALICE).code is Code.NOBODY_NOTIFIED


def test_who_is_not_mapped_adds_somebody_as_the_configured_user_whose_id_is_asked(account, pager):
    pager.page(page())
    account.rest.requests.clear()
    pager.add_responder("1201", BOB, DAVE)
    assert asked(account) == [
        "GET /incidents/1201",
        "GET /users",
        "POST /incidents/PI1201/responder_requests",
    ]
    assert account.responders[0]["by"] == "PBOT"


def test_who_is_mapped_to_a_user_that_is_gone_adds_somebody_as_the_configured_user(account, pager):
    pager.page(page())
    pager.add_responder("1201", BOB, Author("zoe", identity="PZOE", email="zoe@example.com"))
    assert account.responders[0]["by"] == "PBOT"


def test_an_account_that_cannot_add_responders_says_so(account, pager):
    account.abilities.clear()
    pager.page(page())
    told = refusal(Code.NOT_POSSIBLE, pager.add_responder, "1201", BOB, ALICE)
    assert "lacks" in told.message
    assert "coordinated_responding" in told.message


def test_a_configured_user_that_is_gone_cannot_add_anybody(account):
    pager = pager_of(account, **{"from": "gone@example.com"})
    pager.page(page())
    assert "pagers.duty.from" in raised(pager.add_responder, "1201", BOB, DAVE).hint
