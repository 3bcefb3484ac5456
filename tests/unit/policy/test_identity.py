"""Who is known well enough to change something."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Dict

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.approvers import able_approvers
from opsroom.config.checks import advice
from opsroom.config.model import Settings
from opsroom.errors import Code, Refusal
from opsroom.people import Speaker, identify, recorded
from opsroom.policy.access import RIGHTS, may, may_ask, may_cancel
from opsroom.policy.approvals import may_approve, may_confirm, may_reject, may_review
from opsroom.policy.identity import is_certain, is_somebody
from opsroom.records.change import Change, Kind, State
from support.cases import cases
from support.errors import refusal_of
from support.seals import KEY, sealed

ALICE, BOB = "slack:T024BE7LD/U0ALICE", "slack:T024BE7LD/U0BOB"
NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


def config(**keys: Any) -> Dict[str, Any]:
    return {
        "relays": ["chatops_bot"],
        "relay_keys": {"chatops_bot": KEY},
        "people": {"alice": {"chat": ["alice", ALICE]}, "bob": {"chat": ["bob", BOB]}},
        "environments": {
            "test": {},
            "production": {
                "identity": "vouched",
                "deployers": ["alice", "bob"],
                "emergency": ["alice"],
                "apps": {"docs": {"identity": "name"}},
            },
        },
        "apps": {"web": {}, "docs": {}},
        **keys,
    }


SETTINGS: Settings = load(config(), KINDS)
PRODUCTION = SETTINGS.environments["production"]


def relayed(name: str, room: str = "#ops") -> Speaker:
    """By a bare name, or by an identity under a seal."""
    text = sealed(name, room) if ":" in name else name
    return identify(SETTINGS, text, "chatops_bot", room)


def outside(user: str) -> Speaker:
    return identify(SETTINGS, user, user, "")


@cases(
    ("speaker", "environment", "certain"),
    [
        (relayed("alice"), "test", True),
        (relayed("alice"), "production", False),
        (relayed("mallory"), "production", False),
        (relayed(ALICE), "production", True),
        (relayed("slack:T024BE7LD/U0NOBODY"), "production", True),
        (outside("alice"), "production", True),
        (outside("mallory"), "production", True),
    ],
)
def test_an_environment_may_want_a_relay_to_vouch(
    speaker: Speaker, environment: str, certain: bool
) -> None:
    decision = is_certain(speaker, SETTINGS.environments[environment])
    assert decision.allowed == certain
    assert certain or decision.code is Code.NOT_VOUCHED
    assert certain or "opsroom whoami" in decision.hint


@cases("right", RIGHTS)
def test_every_right_there_wants_it(right: str) -> None:
    assert may(SETTINGS, relayed("alice"), PRODUCTION, right)[0].code is Code.NOT_VOUCHED
    assert may(SETTINGS, relayed(ALICE), PRODUCTION, right) == []
    assert may(SETTINGS, outside("alice"), PRODUCTION, right) == []
    by_name = may(SETTINGS, relayed("alice"), SETTINGS.environments["test"], right)
    assert Code.NOT_VOUCHED not in [one.code for one in by_name]


def test_asking_and_cancelling_ones_own_want_it_too() -> None:
    assert may_ask(SETTINGS, relayed("alice"), PRODUCTION)[0].code is Code.NOT_VOUCHED
    found = may_cancel(SETTINGS, relayed("alice"), PRODUCTION, own=True)
    assert [one.code for one in found] == [Code.NOT_VOUCHED]


def test_an_application_may_do_without() -> None:
    assert may(SETTINGS, relayed("alice"), PRODUCTION.for_app("docs"), "deploy") == []


def change(kind: Kind, state: State = State.OPEN) -> Change:
    asked = relayed(ALICE)
    return Change(
        deployment="d1",
        kind=kind,
        command="deploy",
        app="web",
        environment="production",
        asked_version="v1",
        version="v1",
        owner=asked.key,
        shown=asked.shown,
        person="alice",
        chat_name=asked.recorded_name,
        room="#ops",
        st2_user="chatops_bot",
        id="K7QX",
        state=state,
        asked_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )


def who_asked(one: Change) -> Speaker:
    return recorded(SETTINGS, one.chat_name, one.st2_user, one.room)


@cases(("name", "code"), [("bob", Code.NOT_VOUCHED), (BOB, None)])
def test_decisions_of_others_on_a_change_want_it(name: str, code: Any) -> None:
    waiting, emergency = change(Kind.APPROVAL), change(Kind.EMERGENCY, State.REVIEW)
    speaker, requester = relayed(name), who_asked(waiting)
    decisions = [
        may_approve(SETTINGS, PRODUCTION, waiting, [], speaker, requester, NOW),
        may_reject(SETTINGS, PRODUCTION, waiting, speaker, requester, NOW),
        may_review(SETTINGS, PRODUCTION, emergency, speaker, requester, NOW),
    ]
    assert [one.code for one in decisions] == [code] * 3


@cases(("name", "code"), [("alice", Code.NOT_VOUCHED), (ALICE, None)])
def test_the_requester_confirms_and_withdraws_only_when_vouched_for(name: str, code: Any) -> None:
    waiting = change(Kind.CONFIRMATION)
    speaker, requester = relayed(name), who_asked(waiting)
    assert may_confirm(PRODUCTION, waiting, speaker, requester, NOW).code is code
    assert may_reject(SETTINGS, PRODUCTION, waiting, speaker, requester, NOW).code is code


def test_who_asked_under_a_seal_may_still_when_the_change_goes_ahead() -> None:
    assert may_ask(SETTINGS, who_asked(change(Kind.APPROVAL)), PRODUCTION) == []
    bare = replace(change(Kind.APPROVAL), chat_name="alice")
    assert may_ask(SETTINGS, who_asked(bare), PRODUCTION)[0].code is Code.NOT_VOUCHED


@cases(
    ("name", "somebody"),
    [
        ("alice", True),
        ("#ops", False),
        ("ops@conference.example.com", False),
        ("!636q39766251:example.com/alice", False),
        ("ops@conference.example.com/alice", True),
        ("matrix:@ops:example.com", True),
    ],
)
def test_a_room_that_speaks_is_nobody(name: str, somebody: bool) -> None:
    decision = is_somebody(SETTINGS, relayed(name))
    assert decision.allowed == somebody
    assert somebody or decision.code is Code.SPEAKER_IS_ROOM


def test_outside_of_chat_nobody_is_a_room() -> None:
    assert is_somebody(SETTINGS, outside("#ops")).allowed


@cases("value", ["yes", "Vouched", True])
def test_another_value_is_refused(value: Any) -> None:
    refused = refusal_of(load, config(environments={"uat": {"identity": value}}), KINDS)
    assert "environments.uat.identity: expected one of name, vouched" in refused.message


def test_only_who_can_be_vouched_for_can_approve_in_a_room() -> None:
    rules = {"identity": "vouched", "rooms": ["#ops"], "approvals": 1}
    people = {"alice": {"chat": ["alice", ALICE]}, "bob": {"chat": ["bob"]}}
    raw = config(environments={"uat": rules}, people=people)
    with pytest.raises(Refusal, match="an identity in chat that a relay vouches for"):
        load(raw, KINDS)
    people["bob"] = {"chat": [BOB]}
    settings = load(raw, KINDS)
    assert able_approvers(settings, settings.environments["uat"], "alice") == ["bob"]


def test_nobody_in_a_room_is_vouched_for_without_a_key() -> None:
    raw = config(environments={"uat": {"identity": "vouched", "rooms": ["#ops"]}}, relay_keys={})
    with pytest.raises(Refusal, match=r"uat\.identity: expected relay_keys"):
        load(raw, KINDS)
    raw = config(environments={"uat": {"identity": "vouched"}}, relay_keys={})
    assert any(
        one.startswith("environments.uat.identity: ") for one in advice(load(raw, KINDS), raw)
    )
