"""Who is on call in PagerDuty, and its names."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from opsroom.errors import Code
from opsroom.pagers import OnCall, Target
from support.pages.pagerduty import POLICY, SCHEDULE, SERVICE, SIX, asked, routed
from support.troubles.table import raised, refusal
from support.vendors.pagers.pagerduty import ROUTING_KEY


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("web", [Target("service", "PWEB", "Web")]),
        ("WEB TEAM", [Target("escalation_policy", "PPOL", "Web team")]),
        ("web rota", [Target("schedule", "PSCH", "Web rota")]),
        ("carol@example.com", [Target("user", "PCAROL", "Carol White")]),
        (
            "we",
            [
                Target("service", "PWEB", "Web"),
                Target("service", "POTHER", "Website checks"),
                Target("escalation_policy", "PPOL", "Web team"),
                Target("schedule", "PSCH", "Web rota"),
            ],
        ),
        ("brown", [Target("user", "PBOB", "Bob Brown")]),
        ("nothing of the kind", []),
        ("example.com", []),
    ],
)
def test_names_are_looked_up_exact_before_partial_with_four_requests(account, pager, name, found):
    assert list(pager.look_up(name)) == found
    assert asked(account) == [
        "GET /services",
        "GET /escalation_policies",
        "GET /schedules",
        "GET /users",
    ]


def test_no_name_is_not_looked_up(account, pager):
    assert pager.look_up(" ") == ()
    assert account.rest.requests == []


def test_a_long_list_is_read_on_up_to_a_bound(account, pager):
    account.services = {
        f"P{number}": {"name": f"web {number}", "policy": "PPOL"} for number in range(250)
    }
    assert pager.look_up("web 249") == (Target("service", "P249", "web 249"),)
    account.services = {
        f"P{number}": {"name": f"db {number}", "policy": "PPOL"} for number in range(900)
    }
    assert len(pager.look_up("db")) == 300
    services = [one for one in account.rest.requests if one.path == "/services"]
    assert [one.query["offset"][0] for one in services[1:]] == ["0", "100", "200"]


def test_who_is_on_call_for_a_service_is_read_from_its_escalation_policy(account, pager):
    on_call = pager.on_call(SERVICE)
    assert on_call == (
        OnCall("Bob Brown", SIX, 1, "Web rota"),
        OnCall("Carol White", None, 2, "Web team"),
    )
    assert asked(account) == ["GET /services/PWEB", "GET /oncalls"]
    assert account.incidents == []


@pytest.mark.parametrize(
    ("target", "on_call"),
    [
        (POLICY, ("Bob Brown", "Carol White")), (SCHEDULE, ("Bob Brown",)),
        (Target("user", "PCAROL"), ("Carol White",)), (Target("user", "PALICE"), ()),
        (Target("escalation_policy", "PEMPTY"), ()),
    ],
)  # fmt: skip
def test_who_is_on_call_elsewhere_is_one_request(account, pager, target, on_call):
    assert tuple(one.name for one in pager.on_call(target)) == on_call
    assert asked(account) == ["GET /oncalls"]


def test_somebody_who_is_on_call_twice_is_told_once_with_the_later_end(account, pager):
    account.schedules["PLATE"] = {
        "name": "Late",
        "end": "2026-11-23T22:00:00+02:00",
        "type": "schedule_reference",
    }
    account.policies["PPOL"]["levels"] = [[("PBOB", "PSCH"), ("PBOB", "PLATE")]]
    (duty,) = pager.on_call(POLICY)
    assert duty.until == datetime(2026, 11, 23, 20, tzinfo=timezone.utc)
    account.policies["PPOL"]["levels"] = [[("PBOB", "PSCH"), ("PBOB", "")]]
    assert pager.on_call(POLICY) == (OnCall("Bob Brown", None, 1, "Web team"),)


def test_a_schedule_in_several_policies_tells_its_person_once(account, pager):
    account.policies["PEMPTY"]["levels"] = [[("PCAROL", "")], [("PBOB", "PSCH")]]
    assert pager.on_call(SCHEDULE) == (OnCall("Bob Brown", SIX, 1, "Web rota"),)


def test_a_service_that_is_not_there_is_told(pager):
    told = refusal(Code.UNKNOWN_WHO, pager.on_call, Target("service", "PGONE"))
    assert "PGONE" in told.message


def test_nobody_can_tell_who_is_on_call_behind_a_routing_key(pager):
    target = routed(ROUTING_KEY)
    assert raised(pager.on_call, target).code is Code.NOT_POSSIBLE
