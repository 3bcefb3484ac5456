"""A change: a deployment that waits for approval or confirmation, or an emergency that waits for
its review; and its id, which is short and readable aloud, without letters that look alike and
without vowels, so that it spells no word."""

from __future__ import annotations

import secrets
from dataclasses import field
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Mapping, Optional

from ..db.sql import soon
from ..names import tidied
from ..structs import dataclass
from ..structs.patterns import lazy_pattern

# Not among them: 0 O, 1 I L, 5 S, 2 Z, 8 B, U V, and A E.
LETTERS = "CDFGHJKMNPQRTWXY"
ALPHABET = LETTERS + "34679"
MIN_ID_LENGTH = 4
_AROUND = lazy_pattern(r"[\s'\"#@.,!?:]+")


def new_id(length: int = MIN_ID_LENGTH) -> str:
    """An id at random. It begins with a letter, so that nothing takes it for a number."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(ALPHABET) for _ in range(length - 1))


def typed_id(text: str) -> str:
    """The id that someone typed: without blanks, quotes and marks around, in capitals. It need not
    exist."""
    return _AROUND.sub("", tidied(text)).upper()


class Kind(str, Enum):
    """What a change waits for: others who approve, its requester's own confirmation, or a review
    afterwards."""

    APPROVAL = "approval"
    CONFIRMATION = "confirmation"
    EMERGENCY = "emergency"


class State(str, Enum):
    """OPEN -> DEPLOYING -> DONE or FAILED; OPEN -> REJECTED, EXPIRED or WITHDRAWN. An emergency:
    REVIEW -> REVIEWED.

    DEPLOYING goes back to OPEN (or becomes EXPIRED, when its time is over) when the deployment was
    held up before anything was touched, and becomes WITHDRAWN when it could never go ahead.
    """

    OPEN = "open"
    DEPLOYING = "deploying"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVIEW = "review"
    REVIEWED = "reviewed"


@dataclass(frozen=True)
class Draft:
    """What a change is made of.

    - `deployment`: the id that all its records share. `asked_version` is what was typed, `version`
      and `commit_id` what that stood for, `version_before` what ran then.
    - `owner` is the requester's `Speaker.key`; `shown`, `person`, `chat_name`, `room` and
      `st2_user` are what they were when they asked.
    - `plan`: the sentence that approvers were shown. `reason`: why an emergency passed what was in
      the way.
    - `needed`: how many others must approve. `facts`: how to describe and execute it, and how
      it was closed.
    """

    deployment: str
    kind: Kind
    command: str
    app: str
    environment: str
    asked_version: str
    version: str
    owner: str
    shown: str
    commit_id: str = ""
    version_before: str = ""
    person: str = ""
    chat_name: str = ""
    room: str = ""
    st2_user: str = ""
    execution_id: str = ""
    plan: str = ""
    reason: str = ""
    needed: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Change(Draft):
    """A change as it is in the database. `expires_at` is None for one that waits without
    end."""

    id: str = ""
    state: State = State.OPEN
    asked_at: datetime = _NEVER
    expires_at: Optional[datetime] = None

    @property
    def what(self) -> str:
        """What is deployed where, as a part of a sentence."""
        return f"{self.app} {self.version} on {self.environment}"

    @property
    def begun_at(self) -> str:
        """When someone last set it off, as it is stored; empty when nobody did. No two beginnings
        have the same."""
        return str(self.facts.get("begun_at", ""))

    def expired(self, now: datetime) -> bool:
        """Whether its time is over; also of one that a clock asked for that was wrong: it would be
        open for years."""
        return self.expires_at is not None and (now >= self.expires_at or self.asked_at > soon(now))


@dataclass(frozen=True)
class Approval:
    """That someone approved a change: who (`Speaker.key`, and as shown), when, and whether with a
    one-time code."""

    owner: str
    shown: str
    at: datetime
    second_factor: bool = False
