"""Rules of environments: what they may be."""

from __future__ import annotations

import datetime
from typing import Any, Dict

import pytest

from opsroom.config.model import Freeze
from support.cases import cases
from support.worlds.environment_rules import HERE, problems, read

RULES = (
    *(
        "deployers",
        "rooms",
        "lockers",
        "approvers",
        "emergency",
        "approvals",
        "approval_ttl",
        "confirm_within",
    ),
    *("second_factor", "after", "freezes", "lock_after_rollback", "apps"),
)


WEEKEND = {"name": "weekend", "from": "Fri 16:00", "to": "Mon 08:00"}


def test_every_rule_reaches_the_environment() -> None:
    production = read(
        {
            "deployers": ["managers", "alice"],
            "rooms": ["#ops"],
            "lockers": ["bob"],
            "approvers": ["managers"],
            "emergency": ["carol"],
            "approvals": 1,
            "approval_ttl": "1h",
            "second_factor": True,
            "after": "uat",
            "freezes": [
                WEEKEND,
                {"name": "year end", "from": "2026-12-20", "to": "2027-01-04", "timezone": "UTC"},
            ],
            "lock_after_rollback": False,
        },
        timezone="Europe/London",
    ).environments["production"]
    assert (production.deployers, production.rooms) == (("managers", "alice"), ("#ops",))
    assert (production.lockers, production.approvers, production.emergency) == (
        ("bob",),
        ("managers",),
        ("carol",),
    )
    assert (production.approvals, production.approval_ttl, production.second_factor) == (
        1,
        3600.0,
        True,
    )
    assert (production.after, production.lock_after_rollback, production.confirm_within) == (
        "uat",
        False,
        0.0,
    )
    assert production.freezes == (
        Freeze("weekend", "Fri 16:00", "Mon 08:00", "Europe/London"),
        Freeze("year end", "2026-12-20", "2027-01-04", "UTC"),
    )


@cases("rule", RULES)
def test_a_rule_that_is_there_and_empty_is_refused_and_never_taken_for_none(rule: str) -> None:
    (line,) = problems({rule: None})
    assert line.startswith(f"environments.production.{rule}: ")
    assert "found nothing" in line
    assert "`#ops` without quotes is a comment" in line


def test_without_rules_nothing_is_guarded_but_a_rollback_locks() -> None:
    production = read({}).environments["production"]
    assert (production.deployers, production.lockers, production.approvers, production.rooms) == (
        None,
    ) * 4
    assert (production.emergency, production.approvals, production.freezes, production.after) == (
        (),
        0,
        (),
        "",
    )
    assert (production.approval_ttl, production.confirm_within, production.second_factor) == (
        1800.0,
        0.0,
        False,
    )
    assert production.lock_after_rollback is True


def test_an_application_has_the_rules_it_is_given_and_for_the_rest_those_of_its_environment() -> (
    None
):
    production = read(
        {
            "deployers": ["alice"],
            "approvals": 1,
            "approvers": ["managers"],
            "after": "uat",
            "freezes": [WEEKEND],
            "apps": {
                "web": {
                    "deployers": ["bob"],
                    "after": "",
                    "freezes": [],
                    "approvals": 0,
                    "confirm_within": 30,
                }
            },
        }
    ).environments["production"]
    web, other = production.for_app("web"), production.for_app("api")
    assert (web.deployers, web.after, web.freezes, web.approvals, web.confirm_within) == (
        ("bob",),
        "",
        (),
        0,
        30.0,
    )
    assert (web.approvers, web.name) == (("managers",), "production")
    assert (other.deployers, other.after, len(other.freezes), other.approvals) == (
        ("alice",),
        "uat",
        1,
        1,
    )
    # Only what was given is its own.
    assert set(production.own["web"]) == {
        "deployers",
        "after",
        "freezes",
        "approvals",
        "confirm_within",
    }


POINT = 'expected "Fri 16:00", "2026-12-20" or "2026-12-20 18:00", in quotes'


@cases(
    ("rules", "line"),
    [
        (
            {"lockers": ["ghost"]},
            "lockers: expected people and groups of the config, found 'ghost'",
        ),
        (
            {"approvers": ["ghost"]},
            "approvers: expected people and groups of the config, found 'ghost'",
        ),
        (
            {"emergency": ["ghost"]},
            "emergency: expected people and groups of the config, found 'ghost'",
        ),
        (
            {"emergency": {"x": 1}},
            "emergency: expected a list of people and groups, found a mapping",
        ),
        ({"approvals": -1}, "approvals: expected a whole number of 0 or more, found -1"),
        ({"approvals": True}, "approvals: expected a whole number of 0 or more, found true"),
        (
            {"approval_ttl": "59s"},
            "approval_ttl: expected a length of time of 60s or more such as 30s, 5m or 2h",
        ),
        (
            {"confirm_within": "9s"},
            "confirm_within: expected 10s or more, or 0s for no confirmation, found 9s",
        ),
        ({"second_factor": "yes"}, "second_factor: expected true or false, found 'yes'"),
        ({"lock_after_rollback": 1}, "lock_after_rollback: expected true or false, found 1"),
        ({"after": "prod"}, "after: expected one of test, uat, production, found 'prod'"),
        ({"approver": ["alice"]}, "approver: there is no such key; did you mean approvers?"),
        ({"apps": {"ghost": {}}}, "apps.ghost: expected applications of the config, found 'ghost'"),
        (
            {"apps": {"web": {"rooms": 1.5, "after": "x"}}},
            "apps.web.after: expected one of test, uat, production",
        ),
        ({"apps": {"web": {"apps": {}}}}, "apps.web.apps: there is no such key"),
    ],
)
def test_a_rule_that_is_wrong_is_told(rules: Dict[str, Any], line: str) -> None:
    found = problems(rules)
    assert any(one.startswith(f"{HERE}.{line}") for one in found), found


DAY, MINUTE = "2026-12-20", "2026-12-20 10:00"


@cases(
    ("changes", "line"),
    [
        ({"from": "Friday"}, f"from: {POINT}, found 'Friday'"),
        ({"from": "Fri 24:00"}, f"from: {POINT}, found 'Fri 24:00'"),
        ({"from": None}, f"from: {POINT}, found nothing"),
        # What YAML makes of a date without quotes.
        ({"from": datetime.date(2026, 12, 20)}, f"from: {POINT}, found 2026-12-20"),
        ({"to": "2026-02-30"}, f"to: {POINT}, found '2026-02-30'"),
        ({"to": "2026-12-20 18"}, f"to: {POINT}, found '2026-12-20 18'"),
        ({"to": DAY}, "to: expected two weekly times or two dates, not one of each"),
        ({"to": "friday 16:00"}, "to: expected another time than that of 'from'"),
        ({"from": DAY, "to": "2026-12-19"}, "to: expected a time after that of 'from'"),
        ({"from": MINUTE, "to": MINUTE}, "to: expected a time after that of 'from'"),
        ({"name": None}, "name: expected a name, such as weekend, found nothing"),
        ({"till": "x"}, "till: there is no such key"),
        (
            {"timezone": "Europe/Londn"},
            "timezone: expected a time zone such as Europe/London, found 'Europe/Londn'; did you "
            "mean Europe/London?",
        ),
    ],
)
def test_a_freeze_that_could_be_misread_is_told(changes: Dict[str, Any], line: str) -> None:
    (found,) = problems({"freezes": [WEEKEND, {**WEEKEND, **changes}]})
    assert found.startswith(f"{HERE}.freezes[1].{line}")


@pytest.mark.parametrize(
    ("freezes", "line"),
    [
        (WEEKEND, "freezes: expected a list of mappings, found a mapping"),
        (["Fri"], "freezes[0]: expected a mapping, found a text"),
        (
            [None],
            "freezes[0]: expected a mapping, found nothing (`#ops` without quotes is a comment)",
        ),
    ],
)
def test_freezes_are_a_list_of_mappings(freezes: Any, line: str) -> None:
    assert f"{HERE}.{line}" in problems({"freezes": freezes})
