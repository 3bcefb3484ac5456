"""Which messages are new, and whose commands count: each decision with its reason."""

from __future__ import annotations

from typing import Any, Dict, Optional

import pytest
from opsroom_relay.messages import Heard, Reason, Recent, why_no_new_message, why_no_speaker
from opsroom_relay.settings import Settings

STARTED, NOW = 1000.0, 2000.0


def heard(**given: Any) -> Heard:
    return Heard(**{"identity": "x:alice", "name": "alice", "message": "m", **given})


@pytest.mark.parametrize(
    ("given", "settings", "reason"),
    [
        ({}, {}, None),
        ({"sent": NOW}, {}, None),
        ({"sent": STARTED - 0.1}, {"max_age": 5000.0}, Reason.OLD),
        ({"sent": STARTED}, {"max_age": 5000.0}, None),
        ({"sent": NOW - 299}, {}, None),
        ({"sent": NOW - 301}, {}, Reason.LATE),
        ({"sent": NOW - 61}, {"max_age": 60.0}, Reason.LATE),
        ({"sent": 1.0, "old": True}, {"old": True}, None),
        ({"old": True}, {}, Reason.OLD),
        ({"edit": True}, {}, Reason.EDIT),
        ({"edit": True}, {"edits": True}, None),
        ({"edit": True, "old": True}, {"edits": True}, Reason.OLD),
        ({"typed": False}, {"edits": True, "old": True}, Reason.NOT_TYPED),
        ({"own": True}, {"bots": True, "old": True, "edits": True}, Reason.OWN),
    ],
)
def test_a_new_message_is_typed_now(
    given: Dict[str, Any], settings: Dict[str, Any], reason: Optional[Reason]
) -> None:
    assert why_no_new_message(heard(**given), Settings(**settings), STARTED, NOW) == reason


@pytest.mark.parametrize(
    ("given", "settings", "reason"),
    [
        ({}, {}, None),
        ({"bot": True}, {}, Reason.BOT),
        ({"bot": True}, {"bots": True}, None),
        ({"identity": ""}, {"bots": True, "guests": True}, Reason.NOBODY),
        ({"bot": True, "identity": ""}, {"bots": True}, Reason.NOBODY),
        ({"workspace": "HOME"}, {}, None),
        ({"workspace": "AWAY"}, {}, Reason.GUEST),
        ({"workspace": "AWAY"}, {"guests": True}, None),
        ({"workspace": "AWAY"}, {"workspaces": ("AWAY",)}, None),
        ({"workspace": "OTHER"}, {"workspaces": ("AWAY",)}, Reason.GUEST),
    ],
)
def test_a_speaker_is_a_person_of_the_workspace(
    given: Dict[str, Any], settings: Dict[str, Any], reason: Optional[Reason]
) -> None:
    assert why_no_speaker(heard(**given), Settings(**settings), "HOME") == reason


def test_what_came_first_is_forgotten_first() -> None:
    recent: Recent[int] = Recent(2)
    assert [recent.add(one, one) for one in ("a", "b", "a", "c")] == [True, True, False, True]
    assert [recent.get(one) for one in ("a", "b", "c")] == [None, "b", "c"]
