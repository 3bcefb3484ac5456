"""What the board shows. Every text in it is neutralised, on one line and short; every time is in
UTC.

`by` names a person, and is empty where the board names nobody. `link` is the address of an
execution on StackStorm's web pages, empty where that is not known.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Optional, Tuple

from ..structs import dataclass


class Outcome(str, Enum):
    """How a deployment ended; DRIFT: a version came there without opsroom."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    DRIFT = "drift"


@dataclass(frozen=True)
class Past:
    """A deployment that ended, or a drift. `before` and `version` are empty where nothing ran.

    `seconds` is how long it took. `work` is where the work was done: a run, a pipeline, a job.
    """

    at: datetime
    app: str
    environment: str
    version: str
    outcome: Outcome
    before: str = ""
    by: str = ""
    command: str = ""
    deployment: str = ""
    seconds: Optional[float] = None
    link: str = ""
    work: str = ""


@dataclass(frozen=True)
class Going:
    """A deployment that is going on. `lost`: its runner no longer renews its claim."""

    app: str
    environment: str
    version: str
    since: datetime
    command: str = ""
    step: str = ""
    by: str = ""
    lost: bool = False
    link: str = ""


@dataclass(frozen=True)
class Place:
    """An application on an environment.

    `version` is empty where nothing runs. `since` and `by` are those of the deployment that put it
    there, None and empty where it differs from the record: then `recorded` is what the record says,
    empty for nothing, and `drift` is true. `silent` is why the place did not answer; then `version`
    is what the record says. `going` is what happens there now, `failed` the newest deployment where
    that one did not succeed.
    """

    app: str
    environment: str
    version: str = ""
    since: Optional[datetime] = None
    by: str = ""
    deployment: str = ""
    link: str = ""
    drift: bool = False
    recorded: str = ""
    silent: str = ""
    going: Optional[Going] = None
    failed: Optional[Past] = None
    locked: bool = False


@dataclass(frozen=True)
class Row:
    """An application and its places, one for each environment of the board; None where it does not
    live there."""

    app: str
    places: Tuple[Optional[Place], ...]


@dataclass(frozen=True)
class Held:
    """A lock. `place` is what it keeps, as commands name it; `until` None: no end."""

    place: str
    reason: str
    since: datetime
    until: Optional[datetime] = None
    by: str = ""
    link: str = ""


@dataclass(frozen=True)
class Freeze:
    """A freeze in force. `until` None: no end in sight."""

    place: str
    name: str
    until: Optional[datetime] = None


class Waits(str, Enum):
    """What a change waits for."""

    APPROVAL = "approval"
    CONFIRMATION = "confirmation"
    REVIEW = "review"


@dataclass(frozen=True)
class Waiting:
    """A change. `approved` of `needed` approvals are there; `who` may give one, as people and
    groups."""

    id: str
    app: str
    environment: str
    version: str
    waits: Waits
    asked_at: datetime
    before: str = ""
    by: str = ""
    needed: int = 0
    approved: int = 0
    who: str = ""
    until: Optional[datetime] = None
    reason: str = ""
    link: str = ""


class Urgent(str, Enum):
    """Incidents and pages."""

    INCIDENT = "incident"
    PAGE = "page"


@dataclass(frozen=True)
class Alert:
    """An open incident or page. `whom` it is for, `state` as its pager has it, `card` and `page`
    belong to an incident."""

    kind: Urgent
    id: str
    whom: str
    text: str
    since: Optional[datetime] = None
    state: str = ""
    by: str = ""
    link: str = ""
    card: str = ""
    card_link: str = ""
    page: str = ""
    page_link: str = ""


@dataclass(frozen=True)
class Board:
    """All of it. `environments` are the columns, in the order in which a version passes through
    them.

    `narrowed`: the config has more environments. `asked`: the places were asked what they run,
    and the record is not all there is. `people`: whether it names people. `stale_after` is in
    seconds, `timezone` that in which times are shown.
    """

    made_at: datetime
    timezone: str = "UTC"
    environments: Tuple[str, ...] = ()
    rows: Tuple[Row, ...] = ()
    going: Tuple[Going, ...] = ()
    alerts: Tuple[Alert, ...] = ()
    waiting: Tuple[Waiting, ...] = ()
    locks: Tuple[Held, ...] = ()
    freezes: Tuple[Freeze, ...] = ()
    past: Tuple[Past, ...] = ()
    # Where what was before the last deployments is, if it is not in the record any more.
    archived: str = ""
    narrowed: bool = False
    asked: bool = False
    people: bool = True
    stale_after: float = 300.0
    # More locks, changes, incidents and pages than a page has room for, by what they are.
    left_out: Tuple[Tuple[str, int], ...] = field(default=())

    @property
    def places(self) -> Tuple[Place, ...]:
        """Every place of every row."""
        return tuple(place for row in self.rows for place in row.places if place is not None)
