"""Who is on call in Opsgenie, and its names."""

from __future__ import annotations

import pytest

from opsroom.errors import Code
from opsroom.pagers import OnCall, Target
from support.pages.opsgenie import WEB, pager_at
from support.troubles.table import refusal
from support.vendors.pagers.opsgenie import READ_KEY


def test_who_is_on_call_for_a_schedule_is_one_request(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    assert pager.on_call(Target("schedule", "web_schedule")) == (
        OnCall("bob@example.com", through="web_schedule"),
    )
    assert len(vendor.requests) == 1
    assert vendor.sent("POST") == []


def test_who_is_on_call_for_a_team_are_those_of_its_schedules(vendor, account):
    other = {"id": "9", "name": "web_backup", "enabled": True, "ownerTeam": account.teams[0]}
    off = {"id": "8", "name": "old", "enabled": False, "ownerTeam": account.teams[0]}
    account.schedules += [other, off, {"id": "7", "name": "db", "ownerTeam": account.teams[1]}]
    account.on_call["web_backup"] = ["zoe@example.com"]
    account.schedules[1]["id"] = "00000000-0000-0000-0000-000000000009"
    found = pager_at(vendor, read_key=READ_KEY).on_call(Target("team", "WEB"))
    assert [(one.name, one.through) for one in found] == [
        ("bob@example.com", "web_schedule"),
        ("zoe@example.com", "web_backup"),
    ]
    assert len(vendor.requests) == 3


def test_an_empty_schedule_has_nobody_on_call(vendor, account):
    account.on_call["web_schedule"] = []
    assert pager_at(vendor, read_key=READ_KEY).on_call(WEB) == ()


def test_a_user_is_always_on_call_for_themselves(vendor, pager):
    assert pager.on_call(Target("user", "bob@example.com", "Bob")) == (OnCall("Bob"),)
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        (Target("schedule", "nope"), Code.UNKNOWN_WHO, "Opsgenie has no schedule 'nope'."),
        (Target("team", "nope"), Code.NOT_POSSIBLE, "no schedule that belongs to a team 'nope'"),
        (Target("escalation_policy", "e"), Code.NOT_POSSIBLE, "for teams and schedules"),
    ],
)
def test_who_is_on_call_nowhere_is_refused(vendor, target, code, words):
    error = refusal(code, pager_at(vendor, read_key=READ_KEY).on_call, target)
    assert words in error.message


def test_without_a_key_of_the_account_nobody_is_looked_up(vendor, pager):
    error = refusal(Code.NOT_POSSIBLE, pager.on_call, WEB)
    assert "pagers.duty.read_key" in error.hint
    assert pager.look_up("web") == ()
    assert vendor.requests == []


def test_a_name_that_is_equal_counts_more_than_one_that_contains_it(vendor):
    pager = pager_at(vendor, read_key=READ_KEY)
    assert [one.kind for one in pager.look_up("WEB")] == ["team"]
    assert len(vendor.requests) == 4
    assert vendor.sent("POST") == []
    assert [(one.kind, one.shown) for one in pager.look_up("eb")] == [
        ("team", "web"),
        ("team", "Web Ops"),
        ("escalation_policy", "web_escalation"),
        ("schedule", "web_schedule"),
        ("user", "Zoë Webb"),
    ]
    assert pager.look_up("zoë webb") == (Target("user", "zoe@example.com", "Zoë Webb"),)
    assert pager.look_up("bob@example.com") == (Target("user", "bob@example.com", "Bob Builder"),)
    assert pager.look_up("nobody") == ()
    assert pager.look_up("  ") == ()


def test_users_are_read_a_hundred_at_a_time_up_to_five_hundred(vendor, account):
    account.users += [
        {"id": str(n), "username": f"u{n}@example.com", "fullName": ""} for n in range(1000)
    ]
    assert pager_at(vendor, read_key=READ_KEY).look_up("u999@example.com") == ()
    assert [one.query["offset"] for one in vendor.requests[3:]] == [
        ["0"],
        ["100"],
        ["200"],
        ["300"],
        ["400"],
    ]
