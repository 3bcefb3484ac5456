"""What may cross a layer instead of a result: a refusal or a failure, each with a stable code."""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, Mapping, Optional


class Code(str, Enum):
    """The reason codes. They are part of the interface: workflows, rules and auditors read them.

    Never rename one; `console/reference/codes.yaml` explains each, and a test keeps the two in
    step.
    """

    # Done.
    DEPLOYED = "deployed"
    ALREADY_THERE = "already_there"
    PLAN = "plan"
    HISTORY = "history"
    VERSIONS = "versions"
    HELP = "help"
    WHO_AM_I = "who_am_i"
    EXAMINED = "examined"
    WAITING = "waiting"
    CONFIRM = "confirm"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES = "changes"
    LOCKED_NOW = "locked_now"
    UNLOCKED = "unlocked"
    LOCKS = "locks"
    REVIEWED = "reviewed"
    AUDIT_REPORT = "audit_report"
    RECORD_HOLDS = "record_holds"
    RECONCILED = "reconciled"
    CARD_CREATED = "card_created"
    CARD_THERE = "card_there"
    CARD_COMMENTED = "card_commented"
    CARD = "card"
    CARDS = "cards"
    CARD_MOVED = "card_moved"
    CARD_ASSIGNED = "card_assigned"
    PAGED = "paged"
    PAGED_ALREADY = "paged_already"
    ON_CALL = "on_call"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    RESPONDER_ADDED = "responder_added"
    PAGES = "pages"
    WATCHED = "watched"
    TOLD = "told"
    NOTHING_NEW = "nothing_new"
    EXECUTIONS_CLOSED = "executions_closed"
    NOTED = "noted"
    REMINDED = "reminded"
    QUIET = "quiet"
    LOUD = "loud"
    DECLARED = "declared"
    INCIDENT_CLOSED = "incident_closed"
    INCIDENT_STEP = "incident_step"
    INCIDENTS = "incidents"
    METRICS = "metrics"
    METRICS_WRITTEN = "metrics_written"
    REPORT = "report"
    RELEASE_PLAN = "release_plan"
    RUNS_THERE = "runs_there"
    GREEN = "green"
    NOT_YET = "not_yet"
    CANCEL_ASKED = "cancel_asked"
    COMMITS = "commits"
    DIFFERENCES = "differences"
    BOARD = "board"

    # Refused: the person can change it.
    NOT_CONFIGURED = "not_configured"
    SETTINGS_INVALID = "settings_invalid"
    INVALID_NAME = "invalid_name"
    UNKNOWN_APP = "unknown_app"
    UNKNOWN_ENVIRONMENT = "unknown_environment"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_COMMAND = "unknown_command"
    NOT_IN_ENVIRONMENT = "not_in_environment"
    AMBIGUOUS_PERSON = "ambiguous_person"
    SEAL_MALFORMED = "seal_malformed"
    SEAL_WITHOUT_KEY = "seal_without_key"
    SEAL_WRONG = "seal_wrong"
    SEAL_STALE = "seal_stale"
    NOT_VOUCHED = "not_vouched"
    SPEAKER_IS_ROOM = "speaker_is_room"
    MESSAGE_TAKEN = "message_taken"
    NOT_ALLOWED = "not_allowed"
    WRONG_ROOM = "wrong_room"
    LOCKED = "locked"
    FROZEN = "frozen"
    OUT_OF_ORDER = "out_of_order"
    UNKNOWN_CHANGE = "unknown_change"
    CHANGE_CLOSED = "change_closed"
    CHANGE_EXPIRED = "change_expired"
    OWN_CHANGE = "own_change"
    APPROVED_ALREADY = "approved_already"
    NOT_LOCKED = "not_locked"
    REASON_NEEDED = "reason_needed"
    INVALID_TIME = "invalid_time"
    CODE_NEEDED = "code_needed"
    CODE_WRONG = "code_wrong"
    CODE_USED = "code_used"
    CODE_LIMIT = "code_limit"
    NOT_ENROLLED = "not_enrolled"
    BUSY = "busy"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NOTHING_RUNS = "nothing_runs"
    NOTHING_BEFORE = "nothing_before"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    SET_STOPPED = "set_stopped"
    CANNOT_DEPLOY = "cannot_deploy"
    CANNOT_TELL_VERSION = "cannot_tell_version"
    NO_TRACKER = "no_tracker"
    UNKNOWN_TRACKER = "unknown_tracker"
    WHICH_TRACKER = "which_tracker"
    UNKNOWN_CARD = "unknown_card"
    UNKNOWN_PROJECT = "unknown_project"
    UNKNOWN_COLUMN = "unknown_column"
    UNKNOWN_PERSON = "unknown_person"
    FIELDS_MISSING = "fields_missing"
    TEXT_NEEDED = "text_needed"
    TEXT_TOO_LONG = "text_too_long"
    NOT_POSSIBLE = "not_possible"
    NOT_ACCEPTED = "not_accepted"
    NO_PAGER = "no_pager"
    UNKNOWN_PAGER = "unknown_pager"
    UNKNOWN_WHO = "unknown_who"
    WHICH_WHO = "which_who"
    WHICH_PAGER = "which_pager"
    UNKNOWN_PAGE = "unknown_page"
    PAGE_CLOSED = "page_closed"
    PAGE_LIMIT = "page_limit"
    NOT_SIGNED = "not_signed"
    SEEN_ALREADY = "seen_already"
    UNKNOWN_INCIDENT = "unknown_incident"

    # Failed: the world did it.
    DEPLOY_FAILED = "deploy_failed"
    NOT_VERIFIED = "not_verified"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    CLAIM_LOST = "claim_lost"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    BAD_ANSWER = "bad_answer"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    GONE = "gone"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NOT_PAGED = "not_paged"
    PAGE_UNCONFIRMED = "page_unconfirmed"
    NOBODY_NOTIFIED = "nobody_notified"
    STORE_UNREACHABLE = "store_unreachable"
    STORE_BUSY = "store_busy"
    STORE_READ_ONLY = "store_read_only"
    STORE_FULL = "store_full"
    STORE_NEWER = "store_newer"
    STORE_CLOSED = "store_closed"
    STORE_FAILED = "store_failed"
    RECORD_BROKEN = "record_broken"
    RECORD_INCOMPLETE = "record_incomplete"
    INCIDENT_INCOMPLETE = "incident_incomplete"
    CRASHED = "crashed"

    @property
    def is_of_database(self) -> bool:
        """Whether it says that the database cannot be used."""
        return self.value.startswith("store_")


class OpsroomError(Exception):
    """A sentence for the room, a code for machines, a hint that says what would work, and facts as
    data."""

    def __init__(
        self,
        code: Code,
        message: str,
        hint: str = "",
        facts: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.facts: Dict[str, Any] = dict(facts or {})

    def sentence(self) -> str:
        """The message followed by the hint."""
        return f"{self.message} {self.hint}".strip()


class Refusal(OpsroomError):
    """Something that the person who asked can change: a name, a right, the moment."""


class Failure(OpsroomError):
    """Something that the world did: a source that does not answer, a command that failed, a full
    disk."""
