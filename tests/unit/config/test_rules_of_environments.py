"""The rules that guard an environment, as they are read and as they fit together."""

from __future__ import annotations

import copy
import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import Freeze, Settings
from opsroom.errors import Refusal
from support.cases import cases

LIBRARY = Path(__file__).resolve().parents[3] / "actions" / "lib"
SECRET = "JBSWY3DPEHPK3PXP"
WORLD: Dict[str, Any] = {
    "people": {"alice": {}, "bob": {}, "carol": {"totp": SECRET}, "dave": {}},
    "groups": {"managers": ["carol", "dave"]},
    "environments": {"test": {}, "uat": {}, "production": {}},
    "apps": {"web": {}, "api": {"environments": ["test", "uat"]}},
}
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


def read(rules: Dict[str, Any], **changes: Any) -> Settings:
    """The world with these rules of production."""
    raw = {**copy.deepcopy(WORLD), **changes}
    raw["environments"] = {**raw["environments"], "production": rules}
    return load(raw, KINDS)


def problems(rules: Dict[str, Any], **changes: Any) -> List[str]:
    with pytest.raises(Refusal) as refused:
        read(rules, **changes)
    return list(refused.value.facts["problems"])


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


HERE = "environments.production"
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


ENOUGH = "who may approve besides the one who asks, found"


@cases(
    ("rules", "line"),
    [
        (
            {"after": "production"},
            "after: expected an order without a circle, found production after production",
        ),
        (
            {"approvals": 1, "confirm_within": "60s"},
            "confirm_within: expected either approvals or confirm_within",
        ),
        (
            {"second_factor": True},
            "second_factor: expected approvals, confirm_within or emergency beside it",
        ),
        (
            {"approvals": 1, "second_factor": True, "approvers": ["alice", "bob"]},
            "second_factor: expected someone who may give a code to have a totp",
        ),
        (
            {"confirm_within": "60s", "second_factor": True, "deployers": ["alice", "bob"]},
            "second_factor: expected someone who may give a code to have a totp",
        ),
        ({"approvals": 1, "approvers": []}, f"approvers: expected 1 {ENOUGH} 0"),
        ({"approvals": 3, "approvers": ["managers"]}, f"approvers: expected 3 {ENOUGH} 2"),
        (
            {"approvals": 1, "deployers": ["carol"], "approvers": ["carol"]},
            f"approvers: expected 1 {ENOUGH} 0",
        ),
        # A group and one of its members are one person, not two.
        (
            {"approvals": 2, "deployers": ["managers"], "approvers": ["managers", "carol"]},
            f"approvers: expected 2 {ENOUGH} 1",
        ),
        ({"approvals": 2, "deployers": ["alice", "bob"]}, f"approvals: expected 2 {ENOUGH} 1"),
        ({"approvals": 4}, f"approvals: expected 4 {ENOUGH} 3"),
        ({"apps": {"web": {"approvals": 9}}}, f"apps.web.approvals: expected 9 {ENOUGH} 3"),
        (
            {"apps": {"web": {"after": "production"}}},
            "apps.web.after: expected an order without a circle",
        ),
        (
            {"apps": {"api": {"rooms": ["#x"]}}},
            "apps.api: expected an application that is configured for this environment",
        ),
    ],
)
def test_rules_that_cannot_be_kept_together_are_told(rules: Dict[str, Any], line: str) -> None:
    found = problems(rules)
    assert any(one.startswith(f"{HERE}.{line}") for one in found), found


@cases(
    "rules",
    [
        {"approvals": 1, "deployers": ["alice"], "approvers": ["carol"]},
        {"approvals": 2, "deployers": ["alice"], "approvers": ["managers"]},
        {"approvals": 1, "approvers": ["managers"], "deployers": ["managers"]},
        {"approvals": 3},
        # Nobody may deploy: there is nothing to approve.
        {"approvals": 3, "deployers": []},
        {"approvals": 1, "second_factor": True},
        {
            "confirm_within": "60s",
            "second_factor": True,
            "deployers": ["carol"],
            "approvers": ["alice"],
        },
        {"emergency": ["alice"], "second_factor": True},
        {"approvals": 1, "apps": {"web": {"approvals": 0, "confirm_within": "10s"}}},
        {"approvals": 1, "confirm_within": "0s"},
        {"freezes": [{"name": "one day", "from": "2026-12-25", "to": "2026-12-25"}]},
        {"freezes": []},
    ],
)
def test_rules_that_can_be_kept_are_taken(rules: Dict[str, Any]) -> None:
    read(rules)


def test_a_circle_is_told_once_with_its_way() -> None:
    lines = problems(
        {"after": "uat"},
        environments={"test": {"after": "production"}, "uat": {"after": "test"}},
        apps={"web": {}},
    )
    assert lines == [
        "environments.test.after: expected an order without a circle, found test after "
        "production after uat after test"
    ]


@pytest.mark.parametrize(
    ("after", "order"),
    [
        ({}, ["production", "test", "uat"]),
        ({"production": "uat"}, ["test", "uat", "production"]),
        ({"production": "uat", "uat": "test"}, ["test", "uat", "production"]),
        ({"test": "production"}, ["production", "test", "uat"]),
    ],
)
def test_no_environment_stands_before_its_own_after(
    after: Dict[str, str], order: List[str]
) -> None:
    # As StackStorm writes a config that was changed through its API: keys sorted by name.
    sorted_keys = {
        name: {"after": after[name]} if name in after else {}
        for name in ("production", "test", "uat")
    }
    raw = {**copy.deepcopy(WORLD), "environments": sorted_keys, "apps": {"web": {}}}
    settings = load(raw, KINDS)
    assert list(settings.environments) == order
    assert list(settings.environments_of(settings.apps["web"])) == order


def test_an_application_cannot_come_after_an_environment_where_it_does_not_live() -> None:
    apps = {"web": {"environments": ["test", "production"]}}
    (line,) = problems({"after": "uat"}, apps=apps)
    assert line.startswith(
        "environments.production.after: expected an environment of web, found 'uat'"
    )
    # What the complaint says to write helps.
    read({"after": "uat", "apps": {"web": {"after": ""}}}, apps=apps)


def test_a_mistake_in_a_part_is_told_without_its_echo_in_the_whole() -> None:
    assert problems({"approvals": 1, "approvers": ["ghost"]}) == [
        "environments.production.approvers: expected people and groups of the config, found 'ghost'"
    ]


@pytest.mark.parametrize("top", ["Europe/Londn", "Mars", "Europe", "../etc", 7, ["UTC"]])
def test_the_time_zone_has_to_be_one(top: Any) -> None:
    (line,) = problems({}, timezone=top)
    assert line.startswith("timezone: expected a time zone such as Europe/London, found ")


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET.lower(), "JBSW Y3DP EHPK 3PXP", f"{SECRET}JBSWY3DP==", "A" * 32]
)
def test_a_secret_is_taken_as_people_write_it(secret: str) -> None:
    person = read(
        {}, people={**WORLD["people"], "carol": {"totp": secret, "second_factor": True}}
    ).people["carol"]
    assert person.totp == secret.upper().replace(" ", "").rstrip("=")
    assert person.second_factor is True
    assert person.totp not in repr(person)


WRONG_LETTER, WRONG_LENGTH = "JBSWY3DPEHPK3PX1", "A" * 17
EXPRESSION = "{{ st2kv.system.opsroom_totp_carol }}"


@cases(
    "secret",
    [
        "JBSWY3DPEHPK3PX",
        WRONG_LETTER,
        WRONG_LENGTH,
        "A" * 200,
        7777777777777777,
        True,
        ["A" * 16],
        EXPRESSION,
        "hunter2!",
    ],
)
def test_a_wrong_secret_is_never_shown(secret: Any) -> None:
    (line,) = problems({}, people={**WORLD["people"], "carol": {"totp": secret}})
    assert line.startswith(
        "people.carol.totp: expected a base32 secret (A to Z and 2 to 7) of 16 to 128 characters"
    )
    assert str(secret)[:8] not in line


@pytest.mark.parametrize(
    ("person", "line"),
    [
        ({"second_factor": True}, "second_factor: expected a totp beside it"),
        (
            {"second_factor": "on", "totp": SECRET},
            "second_factor: expected true or false, found 'on'",
        ),
        # Any other key would be a name elsewhere, kept in the open.
        ({"otp": SECRET}, "otp: there is no such key; did you mean totp?"),
        ({"TOTP": SECRET}, "TOTP: there is no such key; did you mean totp?"),
        (
            {"secondfactor": "true"},
            "secondfactor: there is no such key; did you mean second_factor?",
        ),
    ],
)
def test_a_second_factor_that_would_not_work_is_told(person: Dict[str, Any], line: str) -> None:
    found = problems({}, people={**WORLD["people"], "carol": person})
    assert found[0].startswith(f"people.carol.{line}")
    assert not any(SECRET in one for one in found)


def test_a_config_without_time_zones_loads_no_time_zone_database() -> None:
    script = (
        "import sys; from opsroom.commands import KINDS; from opsroom.config import load;"
        f"load({WORLD!r}, KINDS); print('zoneinfo' in sys.modules, 'opsroom.times.points' in "
        "sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=LIBRARY, check=True
    )
    assert done.stdout.split() == ["False", "False"]
