"""Who may approve, confirm, reject and review: every combination with its reason code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import Settings
from opsroom.errors import Code
from opsroom.people import Speaker, identify
from opsroom.policy import Decision
from opsroom.policy.approvals import (
    ask_again,
    counted,
    may_approve,
    may_confirm,
    may_reject,
    may_review,
    missing,
    needed,
    needs_code,
    waits_for,
)
from opsroom.records.change import Approval, Change, Kind, State
from support.cases import cases

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=timezone.utc)
CHANGE = Change(
    id="K7QX",
    deployment="d1",
    kind=Kind.APPROVAL,
    state=State.OPEN,
    command="deploy",
    app="web",
    environment="production",
    asked_version="v1.2.0",
    version="v1.2.0",
    version_before="v1.1.0",
    owner="person:alice",
    shown="alice",
    person="alice",
    chat_name="alice",
    room="#ops",
    st2_user="bot",
    needed=1,
    asked_at=NOW - timedelta(minutes=5),
    expires_at=NOW + timedelta(minutes=25),
)
OPEN_TO_MANAGERS = {"approvers": ["managers"], "approvals": 1}


def settings_with(**rules: Any) -> Settings:
    """The rules of production; None takes one away."""
    there = {key: rule for key, rule in {**OPEN_TO_MANAGERS, **rules}.items() if rule is not None}
    return load(
        {
            "relays": ["bot"],
            "people": {
                "alice": {"chat": ["alice", "alice2"], "st2": ["alice", "a.smith"]},
                "bob": {"chat": ["bob"]},
                "carol": {"chat": ["carol"], "totp": "JBSWY3DPEHPK3PXP"},
                "dave": {"chat": ["dave"]},
                "erin": {"chat": ["erin"], "totp": "GEZDGNBVGY3TQOJQ", "second_factor": True},
            },
            "groups": {"managers": ["alice", "carol", "dave", "erin"]},
            "environments": {"production": there},
            "apps": {"web": {}},
        },
        KINDS,
    )


def given(*names: str, second_factor: bool = False) -> List[Approval]:
    return [Approval(f"person:{name}", name, NOW, second_factor) for name in names]


def speaking(settings: Settings, who: str, room: str = "#ops", user: str = "bot") -> Speaker:
    return identify(settings, who, user, room)


def approve(
    who: str,
    change: Change = CHANGE,
    so_far: Optional[List[Approval]] = None,
    rules: Optional[Dict[str, Any]] = None,
    room: str = "#ops",
    user: str = "bot",
    requester: str = "alice",
) -> Decision:
    settings = settings_with(**(rules or {}))
    environment = settings.environments["production"]
    asked_by = speaking(settings, requester)
    return may_approve(
        settings,
        environment,
        change,
        so_far or [],
        speaking(settings, who, room, user),
        asked_by,
        NOW,
    )


CLOSED = [State.DEPLOYING, State.DONE, State.FAILED, State.REJECTED, State.WITHDRAWN]
APPROVALS = {
    "someone who may": (approve("carol"), None),
    "the requester": (approve("alice"), Code.OWN_CHANGE),
    "the requester under another chat name": (approve("alice2"), Code.OWN_CHANGE),
    "the requester from the command line": (approve("", room="", user="alice"), Code.OWN_CHANGE),
    "the requester as another StackStorm user": (
        approve("", room="", user="a.smith"),
        Code.OWN_CHANGE,
    ),
    "the requester with a forged chat name": (
        approve("carol", room="#ops", user="alice"),
        Code.OWN_CHANGE,
    ),
    "a forged chat name behind nobody's user": (approve("carol", user="mallory"), Code.NOT_ALLOWED),
    "someone without the right": (approve("bob"), Code.NOT_ALLOWED),
    "an unknown name": (approve("ghost"), Code.NOT_ALLOWED),
    "an unknown name where everyone may": (
        approve("ghost", rules={"approvers": None}),
        Code.NOT_ALLOWED,
    ),
    "anyone known where no approvers are named": (approve("bob", rules={"approvers": None}), None),
    "from a room that does not count": (
        approve("carol", rules={"rooms": ["#ops"]}, room="#dev"),
        Code.WRONG_ROOM,
    ),
    "from outside where rooms count": (
        approve("", rules={"rooms": ["#ops"]}, room="", user="carol"),
        Code.WRONG_ROOM,
    ),
    "from outside where none count": (approve("", room="", user="carol"), None),
    "twice": (
        approve("carol", so_far=given("carol"), rules={"approvals": 2}),
        Code.APPROVED_ALREADY,
    ),
    "again with a code, where the first was without and does not count": (
        approve("erin", so_far=given("erin"), rules={"approvals": 2}),
        None,
    ),
    "the second of two": (approve("dave", so_far=given("carol"), rules={"approvals": 2}), None),
    "again, when nothing else is missing": (approve("carol", so_far=given("carol")), None),
    "when its time is over": (
        approve("carol", replace(CHANGE, expires_at=NOW)),
        Code.CHANGE_EXPIRED,
    ),
    "one that expired": (
        approve("carol", replace(CHANGE, state=State.EXPIRED)),
        Code.CHANGE_EXPIRED,
    ),
    "one to be confirmed": (
        approve("carol", replace(CHANGE, kind=Kind.CONFIRMATION)),
        Code.NOT_ALLOWED,
    ),
    "an emergency": (
        approve("carol", replace(CHANGE, kind=Kind.EMERGENCY, state=State.REVIEW)),
        Code.CHANGE_CLOSED,
    ),
    "one asked for by nobody known": (
        approve(
            "carol",
            replace(CHANGE, owner="chat:bot:ghost", person="", chat_name="ghost"),
            requester="ghost",
        ),
        Code.CHANGED_MEANWHILE,
    ),
    # The name that asked belonged to nobody then, and belongs to the approver by now.
    "one's own under a name that was unknown then": (
        approve("alice", replace(CHANGE, owner="chat:bot:alice2", person=""), requester="alice2"),
        Code.OWN_CHANGE,
    ),
    "when the name that asked is another person's by now": (
        approve("carol", replace(CHANGE, owner="person:alice"), requester="dave"),
        Code.CHANGED_MEANWHILE,
    ),
    "the person of the old name, renamed": (
        approve("alice", replace(CHANGE, owner="person:alicia", person="alicia")),
        Code.OWN_CHANGE,
    ),
    **{
        f"one that is {one.value}": (
            approve("carol", replace(CHANGE, state=one)),
            Code.CHANGE_CLOSED,
        )
        for one in CLOSED
    },
}


@cases("case", APPROVALS)
def test_who_may_approve(case: str) -> None:
    decision, code = APPROVALS[case]
    assert (decision.allowed, decision.code) == (code is None, code)
    if code is not None:
        assert decision.message.endswith(".")
        assert len(f"{decision.message} {decision.hint}") < 400


def test_an_approval_counts_only_while_its_person_may_approve() -> None:
    settings = settings_with(rooms=["#ops"])
    environment = settings.environments["production"]
    requester = speaking(settings, "alice")

    def names(*approvals: Approval) -> List[str]:
        return [one.shown for one in counted(settings, environment, CHANGE, approvals, requester)]

    # Where they are now does not matter: the room counted when they approved.
    assert names(*given("carol", "dave")) == ["carol", "dave"]
    assert names(*given("alice", "bob", "gone")) == []
    assert names(Approval("chat:bot:ghost", "ghost", NOW)) == []
    assert names(*given("erin")) == []
    assert names(*given("erin", second_factor=True)) == ["erin"]


def test_as_many_are_needed_as_then_or_as_today_whichever_is_more() -> None:
    settings = settings_with(approvals=2)
    one, two = (settings_with(approvals=number).environments["production"] for number in (1, 2))
    assert needed(CHANGE, one) == 1
    assert needed(CHANGE, two) == 2
    assert needed(replace(CHANGE, needed=2), one) == 2
    assert needed(replace(CHANGE, needed=0), replace(one, approvals=0)) == 1
    assert missing(CHANGE, two, 1) == "1 of 2 approved"
    # Alice asked for it.
    assert (
        waits_for(settings, CHANGE, two, NOW) == "carol, dave and erin, 2 needed, until 14:27 UTC"
    )
    assert (
        waits_for(settings, replace(CHANGE, person="bob"), two, NOW)
        == "managers, 2 needed, until 14:27 UTC"
    )


def test_a_code_is_needed_where_the_environment_or_the_person_wants_one() -> None:
    settings = settings_with()
    plain = settings.environments["production"]
    strict = settings_with(second_factor=True).environments["production"]
    assert not needs_code(plain, speaking(settings, "carol"))
    assert needs_code(strict, speaking(settings, "carol"))
    assert needs_code(plain, speaking(settings, "erin"))


def confirm(
    who: str, room: str = "#ops", change: Optional[Change] = None, user: str = "bot", **rules: Any
) -> Decision:
    settings = settings_with(**{"approvers": None, "approvals": 0, **rules})
    change = change or replace(CHANGE, kind=Kind.CONFIRMATION)
    requester = identify(settings, change.chat_name, change.st2_user, change.room)
    environment = settings.environments["production"]
    return may_confirm(environment, change, speaking(settings, who, room, user), requester, NOW)


TO_CONFIRM = replace(CHANGE, kind=Kind.CONFIRMATION)
CONFIRMATIONS = {
    "the requester": (confirm("alice"), None),
    "the requester under another name": (confirm("alice2"), None),
    "the room written otherwise": (confirm("alice", "OPS"), None),
    "an unknown requester": (
        confirm(
            "ghost",
            change=replace(TO_CONFIRM, owner="chat:bot:ghost", person="", chat_name="ghost"),
        ),
        None,
    ),
    "someone else": (confirm("carol"), Code.NOT_ALLOWED),
    "from another room": (confirm("alice", "#dev"), Code.WRONG_ROOM),
    "from the command line": (confirm("", user="alice"), Code.WRONG_ROOM),
    "too late": (confirm("alice", change=replace(TO_CONFIRM, expires_at=NOW)), Code.CHANGE_EXPIRED),
    "twice": (confirm("alice", change=replace(TO_CONFIRM, state=State.DONE)), Code.CHANGE_CLOSED),
    "what needs approval": (confirm("alice", change=CHANGE), Code.NOT_ALLOWED),
    "what needs approval by now": (confirm("alice", approvals=1), Code.CHANGED_MEANWHILE),
    "when the name is another's by now": (
        confirm("alice", change=replace(TO_CONFIRM, chat_name="carol")),
        Code.CHANGED_MEANWHILE,
    ),
}


@cases("case", CONFIRMATIONS)
def test_who_may_confirm(case: str) -> None:
    decision, code = CONFIRMATIONS[case]
    assert (decision.allowed, decision.code) == (code is None, code)


def reject(who: str, change: Change = CHANGE, room: str = "#ops") -> Decision:
    settings = settings_with(rooms=["#ops"])
    environment = settings.environments["production"]
    return may_reject(
        settings,
        environment,
        change,
        speaking(settings, who, room),
        speaking(settings, "alice"),
        NOW,
    )


REJECTIONS = {
    "an approver": (reject("carol"), None),
    "the requester, from anywhere": (reject("alice2", room="#dev"), None),
    "someone without the right": (reject("bob"), Code.NOT_ALLOWED),
    "an unknown name": (reject("ghost"), Code.NOT_ALLOWED),
    "an approver from another room": (reject("carol", room="#dev"), Code.WRONG_ROOM),
    "one that is being deployed": (
        reject("carol", replace(CHANGE, state=State.DEPLOYING)),
        Code.CHANGE_CLOSED,
    ),
    "one that expired": (reject("carol", replace(CHANGE, expires_at=NOW)), Code.CHANGE_EXPIRED),
}


@cases("case", REJECTIONS)
def test_who_may_reject(case: str) -> None:
    decision, code = REJECTIONS[case]
    assert (decision.allowed, decision.code) == (code is None, code)


EMERGENCY = replace(CHANGE, kind=Kind.EMERGENCY, state=State.REVIEW, expires_at=None)


def review(who: str, change: Change = EMERGENCY) -> Decision:
    settings = settings_with()
    environment = settings.environments["production"]
    return may_review(
        settings, environment, change, speaking(settings, who), speaking(settings, "alice"), NOW
    )


REVIEWS = {
    "an approver": (review("carol"), None),
    "whoever did it": (review("alice"), Code.OWN_CHANGE),
    "whoever did it under another name": (review("alice2"), Code.OWN_CHANGE),
    "someone without the right": (review("bob"), Code.NOT_ALLOWED),
    "an unknown name": (review("ghost"), Code.NOT_ALLOWED),
    "twice": (review("carol", replace(EMERGENCY, state=State.REVIEWED)), Code.CHANGE_CLOSED),
    "no emergency": (review("carol", CHANGE), Code.CHANGE_CLOSED),
}


@cases("case", REVIEWS)
def test_who_may_review(case: str) -> None:
    decision, code = REVIEWS[case]
    assert (decision.allowed, decision.code) == (code is None, code)


def test_a_closed_change_says_by_whom_and_when() -> None:
    facts = {"closed_by": "dave", "closed_at": "2026-11-23T13:58:00.000000+00:00"}
    told = approve("carol", replace(CHANGE, state=State.REJECTED, facts=facts))
    assert (
        told.message
        == "Change K7QX (web v1.2.0 on production) was rejected, by dave, at 13:58 UTC."
    )
    begun = approve("carol", replace(CHANGE, state=State.DEPLOYING, facts={"begun_by": "dave"}))
    assert (
        begun.message
        == "Change K7QX (web v1.2.0 on production) was set off by dave and is being deployed."
    )


@pytest.mark.parametrize(
    ("command", "facts", "hint"),
    [
        ("deploy", {}, "deploy web v1.2.0 to production"),
        ("redeploy", {"redeploy": True}, "redeploy web v1.2.0 to production"),
        ("promote", {}, "deploy web v1.2.0 to production"),
        ("rollback", {}, "rollback web on production"),
    ],
)
def test_how_to_ask_again_is_told_as_it_can_be_typed(
    command: str, facts: Dict[str, Any], hint: str
) -> None:
    assert ask_again(replace(CHANGE, command=command, facts=facts)) == f"Ask again: {hint}"


def test_an_expired_change_says_since_when_and_how_to_ask_again() -> None:
    told = approve("carol", replace(CHANGE, expires_at=NOW - timedelta(minutes=1)))
    assert told.message == "Change K7QX (web v1.2.0 on production) expired at 14:01 UTC."
    assert told.hint == "Ask again: deploy web v1.2.0 to production"
