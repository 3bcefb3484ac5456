"""Who may deploy, lock, approve and override where, and from which room."""

from __future__ import annotations

from typing import Any, Dict, List, Set

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import Settings
from opsroom.errors import Code, Refusal
from opsroom.people import identify
from opsroom.policy.access import RIGHTS, may, who_may
from support.cases import cases

OPEN: Dict[str, Any] = {}
GROUP = {"deployers": ["release-managers"]}
ROOM = {"rooms": ["#ops"]}
BOTH = {**GROUP, **ROOM}
NOBODY: Dict[str, Any] = {"deployers": []}


def world(rule: Dict[str, Any]) -> Settings:
    return load(
        {
            "people": {
                "alice": {"chat": ["alice"]},
                "bob": {"chat": ["bob"], "totp": "JBSWY3DPEHPK3PXP"},
                "carol": {"chat": ["carol", "caz"]},
            },
            "groups": {"release-managers": ["carol"]},
            "environments": {"production": rule},
            "apps": {"web": {}},
        },
        KINDS,
    )


def codes(
    rule: Dict[str, Any], who: str, room: str, st2_user: str = "chatops_bot", right: str = "deploy"
) -> List[Code]:
    settings = world(rule)
    speaker = identify(settings, who, st2_user, room)
    return [
        one.code
        for one in may(settings, speaker, settings.environments["production"], right)
        if one.code
    ]


@cases(
    ("rule", "who", "room", "expected"),
    [
        (OPEN, "alice", "#dev", []),
        (OPEN, "stranger", "", []),
        (GROUP, "carol", "#dev", []),
        (GROUP, "alice", "#dev", [Code.NOT_ALLOWED]),
        (GROUP, "stranger", "#dev", [Code.NOT_ALLOWED]),
        (ROOM, "alice", "#ops", []),
        (ROOM, "alice", "ops", []),
        (ROOM, "alice", "#OPS", []),
        (ROOM, "alice", "#dev", [Code.WRONG_ROOM]),
        (ROOM, "alice", "", [Code.WRONG_ROOM]),
        (BOTH, "carol", "#ops", []),
        (BOTH, "carol", "#dev", [Code.WRONG_ROOM]),
        (BOTH, "alice", "#dev", [Code.NOT_ALLOWED, Code.WRONG_ROOM]),
        (NOBODY, "carol", "#ops", [Code.NOT_ALLOWED]),
    ],
)
def test_an_environment_with_a_rule_denies_by_default(
    rule: Dict[str, Any], who: str, room: str, expected: List[Code]
) -> None:
    assert codes(rule, who, room) == expected


def test_a_room_claimed_through_the_api_does_not_count() -> None:
    assert codes(BOTH, "carol", "#ops", st2_user="carol") == [Code.WRONG_ROOM]


def test_a_name_claimed_through_the_api_does_not_count() -> None:
    assert codes(GROUP, "carol", "#ops", st2_user="mallory") == [Code.NOT_ALLOWED]


def test_a_refusal_says_who_may_and_what_would_work() -> None:
    settings = load(
        {
            "environments": {"production": BOTH},
            "apps": {"web": {}},
            "people": {"c": {}},
            "groups": {"release-managers": ["c"]},
        },
        KINDS,
    )
    speaker = identify(settings, "eve", "chatops_bot", "#dev")
    person, room = may(settings, speaker, settings.environments["production"], "deploy")
    assert person.message == "eve (unknown here) may not deploy to production."
    assert person.hint == "Those who may: release-managers. opsroom does not know you by this name."
    assert room.hint == "Repeat it in #ops."
    with pytest.raises(Refusal):
        person.enforce()


ALL = {"alice", "bob", "carol", "stranger"}
KNOWN = ALL - {"stranger"}
TWO = ["alice", "bob"]


@pytest.mark.parametrize(
    ("rule", "deploy", "lock", "approve", "override"),
    [
        ({}, ALL, ALL, KNOWN, set()),
        ({"deployers": TWO}, {"alice", "bob"}, {"alice", "bob"}, {"alice", "bob"}, set()),
        ({"deployers": []}, set(), set(), set(), set()),
        # Any rule about people shuts out who is not known.
        ({"lockers": ["bob"]}, KNOWN, {"bob"}, KNOWN, set()),
        ({"approvers": ["release-managers"]}, KNOWN, KNOWN, {"carol"}, set()),
        ({"emergency": ["carol"]}, KNOWN, KNOWN, KNOWN, {"carol"}),
        ({"approvals": 1}, KNOWN, KNOWN, KNOWN, set()),
        ({"approvals": 1, "second_factor": True}, KNOWN, KNOWN, KNOWN, set()),
        ({"confirm_within": "60s", "second_factor": True}, KNOWN, KNOWN, KNOWN, set()),
        # Each right by itself: to override or approve is not to deploy, to deploy is not to lock.
        (
            {"deployers": ["alice"], "emergency": ["carol"]},
            {"alice"},
            {"alice"},
            {"alice"},
            {"carol"},
        ),
        ({"deployers": ["alice"], "approvers": ["bob"]}, {"alice"}, {"alice"}, {"bob"}, set()),
        ({"deployers": ["alice"], "lockers": ["bob"]}, {"alice"}, {"bob"}, {"alice"}, set()),
        ({"deployers": ["alice"], "lockers": [], "approvers": []}, {"alice"}, set(), set(), set()),
        # These are about the moment, not about people.
        ({"confirm_within": "60s"}, ALL, ALL, KNOWN, set()),
        ({"rooms": ["#ops"]}, ALL, ALL, KNOWN, set()),
        (
            {"freezes": [{"name": "x", "from": "Fri 16:00", "to": "Mon 08:00"}]},
            ALL,
            ALL,
            KNOWN,
            set(),
        ),
    ],
)
def test_who_has_which_right(
    rule: Dict[str, Any], deploy: Set[str], lock: Set[str], approve: Set[str], override: Set[str]
) -> None:
    found = {
        right: {who for who in ALL if not codes(rule, who, "#ops", right=right)} for right in RIGHTS
    }
    assert found == {
        "deploy": deploy,
        "cancel": deploy,
        "lock": lock,
        "approve": approve,
        "review": approve,
        "override": override,
    }


@pytest.mark.parametrize("right", RIGHTS)
def test_a_room_that_does_not_count_counts_for_no_right(right: str) -> None:
    rule = {"rooms": ["#ops"], "deployers": ["carol"], "emergency": ["carol"]}
    assert codes(rule, "carol", "#ops", right=right) == []
    assert codes(rule, "carol", "#dev", right=right) == [Code.WRONG_ROOM]
    assert codes(rule, "carol", "", right=right) == [Code.WRONG_ROOM]
    assert codes({**rule, "rooms": []}, "carol", "#ops", right=right) == [Code.WRONG_ROOM]
    # A room that someone claims through the API is none.
    assert codes(rule, "carol", "#ops", st2_user="carol", right=right) == [Code.WRONG_ROOM]


@pytest.mark.parametrize("right", RIGHTS)
def test_a_person_has_a_right_under_each_of_their_names_and_nobody_by_claiming_one(
    right: str,
) -> None:
    rule = {"deployers": ["carol"], "emergency": ["carol"]}
    assert codes(rule, "caz", "#ops", right=right) == []
    assert codes(rule, "whatever", "", st2_user="carol", right=right) == []
    assert codes(rule, "carol", "#ops", st2_user="mallory", right=right) == [Code.NOT_ALLOWED]
    assert codes(rule, "Carol", "#ops", right=right) == [Code.NOT_ALLOWED]


@pytest.mark.parametrize(
    ("rule", "right", "refused", "who"),
    [
        (
            {"approvers": ["release-managers"]},
            "approve",
            "may not approve changes on production",
            "release-managers",
        ),
        (
            {"approvers": ["release-managers"]},
            "review",
            "may not review changes on production",
            "release-managers",
        ),
        ({"lockers": ["alice", "bob"]}, "lock", "may not lock production", "alice and bob"),
        ({}, "override", "may not do an emergency deployment to production", "nobody"),
        (
            {"approvals": 1},
            "deploy",
            "may not deploy to production",
            "everyone whom the config of opsroom names",
        ),
    ],
)
def test_every_refusal_says_who_may_instead(
    rule: Dict[str, Any], right: str, refused: str, who: str
) -> None:
    settings = world(rule)
    speaker = identify(settings, "mallory", "chatops_bot", "#dev")
    (decision,) = may(settings, speaker, settings.environments["production"], right)
    assert decision.message == f"mallory (unknown here) {refused}."
    assert decision.hint == f"Those who may: {who}. opsroom does not know you by this name."


def test_in_a_wrong_room_the_right_ones_are_told() -> None:
    settings = world({"rooms": ["#ops", "#war"]})
    speaker = identify(settings, "alice", "chatops_bot", "#dev")
    (decision,) = may(settings, speaker, settings.environments["production"], "lock")
    assert (
        decision.message
        == "Locks on production are set and taken off from #ops and #war, not from #dev."
    )
    assert decision.hint == "Repeat it in #ops."


def test_the_rules_of_an_application_take_the_place_of_its_environments() -> None:
    settings = world(
        {"deployers": ["alice"], "rooms": ["#ops"], "apps": {"web": {"deployers": ["bob"]}}}
    )
    speaker = identify(settings, "bob", "chatops_bot", "#ops")
    production = settings.environments["production"]
    assert [one.code for one in may(settings, speaker, production, "deploy")] == [Code.NOT_ALLOWED]
    assert may(settings, speaker, production.for_app("web"), "deploy") == []
    assert who_may(production.for_app("web"), "deploy") == "bob"
    # What the application does not say still holds.
    elsewhere = identify(settings, "bob", "chatops_bot", "#dev")
    assert [one.code for one in may(settings, elsewhere, production.for_app("web"), "lock")] == [
        Code.WRONG_ROOM
    ]
