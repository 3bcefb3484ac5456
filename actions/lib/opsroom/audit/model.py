"""What a report consists of: changes with everyone involved, locks, findings, and the report
itself."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Dict, List, Optional, Tuple

from ..records.chain import ChainReport
from ..structs import dataclass
from .period import Period


class Ending(str, Enum):
    """The outcome of a change. UNKNOWN: the record does not say, which is a gap."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    RUNNING = "running"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    REFUSED = "refused"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Word:
    """What someone said about a change: an approval, a rejection, a confirmation, an override, a
    review.

    `by` is the name as it was shown, `person` the configured person (empty: nobody known).
    `vouched_by` is the relay that vouched for `chat_name`, with its version; empty for a name
    alone. `text` is their reason or remark, `passed` the reason codes that an override passed.
    """

    by: str
    at: datetime
    record: int
    person: str = ""
    chat_name: str = ""
    vouched_by: str = ""
    st2_user: str = ""
    room: str = ""
    execution_id: str = ""
    text: str = ""
    second_factor: bool = False
    passed: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One request to change what runs on an environment, from asking to its end, with the numbers
    of its records.

    `deployment` is the id that its records share, `change` the short one by which people approved
    it. `vouched_by` is as in `Word`. `touched`: it was started, so that something may have changed.
    `needed` approvals were asked for. `running` is what ran after a failure or an interruption,
    None where that is not known. `commit` and `commit_before` are those of the versions, empty
    where nobody knows. `seconds` is how long it took. `starts` and `ends` count the records that
    say so; `started_record` is the number of the first start.

    `commits` is how many it brought, or took away where it `goes_back`, as far as its kind knows;
    with authors, the first subjects, and `compare`: a page that compares the versions. `link` is
    where the work was done. `together` names the set that it was asked for with, empty for one that
    was asked for alone.
    """

    deployment: str
    command: str
    app: str
    environment: str
    first_at: datetime
    records: Tuple[int, ...]
    ending: Ending
    change: str = ""
    asked_by: str = ""
    person: str = ""
    chat_name: str = ""
    vouched_by: str = ""
    st2_user: str = ""
    room: str = ""
    asked_at: Optional[datetime] = None
    started_at: Optional[datetime] = None
    ended_at: Optional[datetime] = None
    started_record: int = 0
    starts: int = 0
    ends: int = 0
    version_before: str = ""
    version: str = ""
    commit_before: str = ""
    commit: str = ""
    cards: Tuple[str, ...] = ()
    plan: str = ""
    needed: int = 0
    approvals: Tuple[Word, ...] = ()
    confirmation: Optional[Word] = None
    rejection: Optional[Word] = None
    cancellation: Optional[Word] = None
    override: Optional[Word] = None
    review: Optional[Word] = None
    refusals: Tuple[Word, ...] = ()
    code: str = ""
    message: str = ""
    seconds: Optional[float] = None
    verified: Optional[bool] = None
    running: Optional[str] = None
    execution_ids: Tuple[str, ...] = ()
    commits: int = 0
    commit_authors: Tuple[str, ...] = ()
    commit_subjects: Tuple[str, ...] = ()
    goes_back: bool = False
    compare: str = ""
    link: str = ""
    together: str = ""

    @property
    def touched(self) -> bool:
        """Whether something may have changed."""
        return self.starts > 0 or self.ending is Ending.SUCCEEDED

    @property
    def at(self) -> datetime:
        """The moment by which a change belongs to a period: its start; where it has none, when it
        was asked."""
        return self.started_at or self.asked_at or self.first_at

    @property
    def approvers(self) -> Tuple[str, ...]:
        """Who approved it, each once; some have to approve again when the first time no longer
        counts."""
        return tuple(dict.fromkeys(one.by for one in self.approvals))

    @property
    def place(self) -> str:
        """'web on production'."""
        return f"{self.app} on {self.environment}"


@dataclass(frozen=True)
class Held:
    """A lock that was held. `app` empty: all of them; `environment` empty: everywhere; `until`
    None: still held."""

    app: str
    environment: str
    by: str
    reason: str
    since: datetime
    until: Optional[datetime] = None


class GapKind(str, Enum):
    """In which way the record is not complete."""

    CHAIN_BROKEN = "chain_broken"
    CLOCK_JUMP = "clock_jump"
    UNREADABLE = "unreadable"
    NO_END = "no_end"
    NOT_ASKED = "not_asked"
    NOT_STARTED = "not_started"
    STARTED_TWICE = "started_twice"
    CHANGED_OUTSIDE = "changed_outside"
    RESTORED = "restored"
    ARCHIVED = "archived"
    NO_EXECUTION = "no_execution"
    NO_RECORD = "no_record"


class ExceptionKind(str, Enum):
    """In which way a change that is recorded did not go the way that the rules want."""

    NOT_APPROVED = "not_approved"
    OWN_APPROVAL = "own_approval"
    OVERRIDE_NOT_REVIEWED = "override_not_reviewed"
    OWN_REVIEW = "own_review"


@dataclass(frozen=True)
class Finding:
    """Something an auditor has to know: a code, a sentence, and the records and the deployment that
    it is about."""

    code: str
    message: str
    deployment: str = ""
    records: Tuple[int, ...] = ()


@dataclass(frozen=True)
class Report:
    """All of it. `gaps` empty means: complete. `changes` were carried out, `attempts` touched
    nothing; oldest first."""

    period: Period
    environment: str
    made_at: datetime
    source: str
    chain: ChainReport
    changes: Tuple[Change, ...]
    attempts: Tuple[Change, ...]
    locks: Tuple[Held, ...]
    gaps: Tuple[Finding, ...]
    exceptions: Tuple[Finding, ...]
    notes: Tuple[str, ...] = ()
    # What is before and after the id of an execution in its address in StackStorm's web
    # interface.
    link: Tuple[str, str] = field(default=("", ""))

    @property
    def complete(self) -> bool:
        """Whether every change is there, as far as the record shows."""
        return not self.gaps

    @cached_property
    def _by_deployment(self) -> Dict[str, List[Finding]]:
        found: Dict[str, List[Finding]] = {}
        for one in (*self.gaps, *self.exceptions):
            found.setdefault(one.deployment, []).append(one)
        return found

    def findings_of(self, change: Change) -> List[Finding]:
        """The gaps and exceptions that are about one change."""
        return self._by_deployment.get(change.deployment, [])

    @property
    def scope(self) -> str:
        """'production' or 'all environments'."""
        return self.environment or "all environments"

    @property
    def environments(self) -> Tuple[str, ...]:
        """The environments in which something was changed, in the order of their names."""
        return tuple(sorted({one.environment for one in self.changes}))

    def count(self, *endings: Ending) -> int:
        """How many of the changes ended so."""
        return sum(one.ending in endings for one in self.changes)

    def execution_link(self, execution_id: str) -> str:
        """The address of an execution, empty where that is not known."""
        before, after = self.link
        return f"{before}{execution_id}{after}" if before and execution_id else ""
