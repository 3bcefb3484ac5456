"""Who may deploy where, and from which room."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from opsroom.desk import KINDS
from opsroom.errors import Code, Refusal
from opsroom.guard.access import may_deploy
from opsroom.people import identify
from opsroom.settings import load

OPEN: Dict[str, Any] = {}
GROUP = {"deployers": ["release-managers"]}
ROOM = {"rooms": ["#ops"]}
BOTH = {**GROUP, **ROOM}
NOBODY: Dict[str, Any] = {"deployers": []}


def codes(rule: Dict[str, Any], who: str, room: str, st2_user: str = "chatops_bot") -> List[Code]:
    settings = load(
        {
            "people": {"alice": {"chat": ["alice"]}, "carol": {"chat": ["carol"]}},
            "groups": {"release-managers": ["carol"]},
            "environments": {"production": rule},
            "apps": {"web": {}},
        },
        KINDS,
    )
    speaker = identify(settings, who, st2_user, room)
    return [one.code for one in may_deploy(settings, speaker, settings.environments["production"]) if one.code]


@pytest.mark.parametrize(
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
    person, room = may_deploy(settings, speaker, settings.environments["production"])
    assert person.message == "eve (unknown here) may not deploy to production."
    assert person.hint == "Those who may: release-managers. opsroom does not know you by this name."
    assert room.hint == "Say it again in #ops."
    with pytest.raises(Refusal):
        person.enforce()
