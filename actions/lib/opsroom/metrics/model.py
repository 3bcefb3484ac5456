"""What delivery figures are made of: the ends of deployments and the incidents that the record has,
and the figures of one period."""

from __future__ import annotations

from array import array
from dataclasses import field
from enum import Enum
from statistics import median
from typing import Dict, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..audit.period import Period
from ..structs import dataclass

DAY = 86400.0
WEEK = 7 * DAY


class Kind(str, Enum):
    """What the end of a deployment means for the figures.

    CHANGE: another version runs since. REDEPLOY: the same one does. BACK: an earlier one does, by
    a rollback or since it was deployed again. FAILED: a change whose version did not come up, or
    of which nobody knows what it left. UNTOUCHED: it failed, and what ran before still runs.
    CANCELLED: someone stopped it. OTHER: a rollback or a redeployment that failed.
    """

    CHANGE = "change"
    REDEPLOY = "redeploy"
    BACK = "back"
    FAILED = "failed"
    UNTOUCHED = "untouched"
    CANCELLED = "cancelled"
    OTHER = "other"


class Reason(str, Enum):
    """Why a deployment counts as one that needed immediate intervention."""

    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    EMERGENCY = "emergency"
    INCIDENT = "incident"


class Named(NamedTuple):
    """A version by its name and, where that is known, its commit. There are hundreds of thousands
    in one report, so it is no data class."""

    version: str
    commit: str = ""


class End(NamedTuple):
    """How a deployment ended that had begun: its last record, with `at` in seconds since 1970.

    `running` is what was found to run after a failure, "unknown" or None where nobody knows;
    `commit_times` when its commits were committed, in seconds since 1970, none where that is not
    on record; `more_commits` that there were more than are known.
    """

    seq: int
    at: float
    event: str
    app: str
    environment: str
    command: str
    version_before: str
    version: str
    commit_before: str = ""
    commit: str = ""
    running: Optional[str] = None
    goes_back: bool = False
    commit_times: Sequence[int] = ()
    more_commits: bool = False

    @property
    def before(self) -> Named:
        """What ran before."""
        return Named(self.version_before, self.commit_before)

    @property
    def wanted(self) -> Named:
        """What was to run afterwards."""
        return Named(self.version, self.commit)


class IncidentRecord(NamedTuple):
    """That an incident was declared (`opens`) or closed. `app` is the application that it is about
    and `who` whom it was declared for; both are empty in the record of its end."""

    seq: int
    at: float
    opens: bool
    id: str
    app: str = ""
    who: str = ""


@dataclass(frozen=True)
class Scope:
    """Whose deployments count, and where.

    `apps` is None for all of them. `environment` is where they count. `incident_apps` has for whom
    an incident may be declared, in the spelling of `comparable`, and the application that it is
    then about; None where incidents say nothing about this environment. `title` is how a heading
    names the scope: "web on production".
    """

    title: str
    environment: str
    apps: Optional[Tuple[str, ...]] = None
    incident_apps: Optional[Mapping[str, str]] = None


def _seconds() -> array[float]:
    return array("d")


@dataclass
class Figures:
    """What was counted in one period, of one application or of several.

    `deployments` changed what runs, and succeeded; `attempts` are those and the `failed` ones that
    ended badly. `intervened` counts those of the attempts that needed intervention, by the reason
    that showed first; `recoveries` and `lead_times` are in seconds. `lead_known` is of how many
    deployments the times of the commits are known. `rework` counts deployments, rollbacks among
    them, that an incident or an emergency was the reason for.

    `days` is how long the part of the period was that the record knows.
    """

    days: float = 0.0
    deployments: int = 0
    attempts: int = 0
    intervened: Dict[Reason, int] = field(default_factory=dict)
    recoveries: array[float] = field(default_factory=_seconds)
    lead_times: array[float] = field(default_factory=_seconds)
    lead_known: int = 0
    rework: int = 0
    emergencies: int = 0
    rollbacks: int = 0
    redeploys: int = 0
    untouched: int = 0
    cancelled: int = 0
    others: int = 0
    incidents: int = 0
    incidents_elsewhere: int = 0

    @property
    def failures(self) -> int:
        """How many of the attempts needed intervention."""
        return sum(self.intervened.values())

    @property
    def put_in_place(self) -> int:
        """Deployments and rollbacks that succeeded."""
        return self.deployments + self.rollbacks

    @property
    def per_week(self) -> Optional[float]:
        """Deployment frequency: deployments in a week; None where the record knows nothing of the
        period."""
        return self.deployments * 7 / self.days if self.days > 0 else None

    @property
    def lead_time(self) -> Optional[float]:
        """Change lead time: the median over all commits, in seconds; None where none is known."""
        return _median(self.lead_times)

    @property
    def fail_rate(self) -> Optional[float]:
        """Change fail rate: the share of the attempts that needed intervention, 0 to 1."""
        return self.failures / self.attempts if self.attempts else None

    @property
    def recovery_time(self) -> Optional[float]:
        """Failed deployment recovery time: the median of those that are over, in seconds."""
        return _median(self.recoveries)

    @property
    def unrecovered(self) -> int:
        """Failed deployments that nothing on record has recovered from."""
        return self.failures - len(self.recoveries)

    @property
    def rework_rate(self) -> Optional[float]:
        """Deployment rework rate: the share of all deployments that were unplanned, 0 to 1."""
        return self.rework / self.put_in_place if self.put_in_place else None

    def fail(self, reason: Reason) -> None:
        """One of the attempts turned out to need intervention."""
        self.intervened[reason] = self.intervened.get(reason, 0) + 1

    def add(self, other: Figures) -> None:
        """Count what another one has counted as well; `days` stay."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, count in other.intervened.items():
            self.intervened[reason] = self.intervened.get(reason, 0) + count
        self.recoveries.extend(other.recoveries)
        self.lead_times.extend(other.lead_times)


_COUNTED = (
    "deployments", "attempts", "lead_known", "rework", "emergencies", "rollbacks", "redeploys",
    "untouched", "cancelled", "others", "incidents", "incidents_elsewhere",
)  # fmt: skip


def _median(seconds: Iterable[float]) -> Optional[float]:
    found = sorted(seconds)
    return median(found) if found else None


@dataclass(frozen=True)
class Bucket:
    """A day, week or month of the period, for plots: its first moment, the first one after it, its
    name, and what was counted in it."""

    since: float
    until: float
    label: str
    figures: Figures


@dataclass(frozen=True)
class Report:
    """The figures of a period, and those of the period before.

    `known_since` is when the record begins where that is within either period, in seconds since
    1970, else None. `now` is the moment up to which the record was read. `by_app` has the figures
    of each application where there are several. `timezone` is whose days count.
    """

    scope: Scope
    period: Period
    before: Period
    now: float
    source: str
    figures: Figures
    figures_before: Figures
    by_app: Mapping[str, Figures]
    buckets: Tuple[Bucket, ...]
    known_since: Optional[float] = None
    timezone: str = "UTC"
    notes: Tuple[str, ...] = ()
