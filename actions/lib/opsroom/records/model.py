"""What a record of the ledger is made of: an event, and the facts about it."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Any, Mapping, Optional

from ..structs import dataclass


class Event(str, Enum):
    """What a record says.

    A deployment has one ASKED, perhaps one STARTED, and one of REFUSED, SUCCEEDED, FAILED,
    INTERRUPTED and CANCELLED as its end. In between, where the environment wants it: WAITING (a
    change was made), APPROVED (once for each approver) or REJECTED, CONFIRMED, EXPIRED, OVERRIDDEN
    (an emergency passed what was in the way); and CANCEL_ASKED (someone asked for its end). After
    it: REVIEWED. All of them carry the deployment's id. LOCKED and UNLOCKED are about locks.

    A request about a card or a page has one ASKED too, and as its end REFUSED, FAILED or what was
    done: CARD_... and PAGED, ACKNOWLEDGED, RESOLVED, ESCALATED, RESPONDER_ADDED. UNCONFIRMED: it
    may or may not have been done.

    DRIFT: what runs changed, and nobody had asked opsroom for it. QUIET and LOUD: whether
    announcements are posted.

    DECLARED and CLOSED: an incident; what was made of it has records of its own.

    RESTORED: the database is a backup that was put back without what had been recorded since.

    ARCHIVED: the first records are in a file instead, but for those that commands still need.
    """

    ASKED = "asked"
    REFUSED = "refused"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    CANCEL_ASKED = "cancel_asked"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    OVERRIDDEN = "overridden"
    REVIEWED = "reviewed"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    CARD_CREATED = "card_created"
    CARD_COMMENTED = "card_commented"
    CARD_MOVED = "card_moved"
    CARD_ASSIGNED = "card_assigned"
    PAGED = "paged"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    RESPONDER_ADDED = "responder_added"
    UNCONFIRMED = "unconfirmed"
    DRIFT = "drift"
    QUIET = "quiet"
    LOUD = "loud"
    DECLARED = "declared"
    CLOSED = "closed"
    RESTORED = "restored"
    ARCHIVED = "archived"


@dataclass(frozen=True)
class Entry:
    """What there is to record. Empty texts stand for what is not known.

    - `deployment`: the id that all records of one request share; `command`: the verb as the person
      knows it.
    - `requester`: the name as it is shown; `person`: the configured person, empty when nobody is
      mapped.
    - `version_before`, `version`: what ran before, and what runs after or was wanted.
    - `code`, `message`: the reason code and the sentence that were answered.
    - `seconds`: how long it took, kept to the millisecond; None when that makes no sense.
    - `facts`: what else is worth keeping, as JSON can hold it.
    """

    event: Event
    deployment: str = ""
    command: str = ""
    requester: str = ""
    person: str = ""
    chat_name: str = ""
    room: str = ""
    st2_user: str = ""
    execution_id: str = ""
    app: str = ""
    environment: str = ""
    version_before: str = ""
    version: str = ""
    code: str = ""
    message: str = ""
    seconds: Optional[float] = None
    facts: Mapping[str, Any] = field(default_factory=dict)
