"""Rules of environments that do not go together, and second factors."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from support.cases import cases
from support.worlds.environment_rules import HERE, SECRET, WORLD, problems, read

LIBRARY = Path(__file__).resolve().parents[3] / "actions" / "lib"


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
