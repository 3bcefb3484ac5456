"""Deploy by a service that does the work elsewhere: start it once, follow it to its end, find it
again, cancel it.

A kind brings a `Service`, which says how one vendor starts, finds, looks at and cancels a run. What
is the same for all of them is in `deployer` and `follower`, once:

- Before a run is asked for, that is written down at the place, with the id of the deployment as
  correlation. A lost answer, or a runner that died, is then looked up before anything is repeated.
- Who deploys the same version at a place where a run was left follows that run; another version has
  to wait.
- Problems with the service during a run are waited out. Where the deployment is cancelled,
  interrupted or out of time, the run is cancelled as well, and the sentence says how it ended.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import Optional, Tuple

from ...names import check_version
from ...structs import dataclass
from .. import Resolved


class State(str, Enum):
    """How far a run is. BLOCKED: a person must do something at the service before it continues."""

    QUEUED = "queued"
    BLOCKED = "blocked"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class Run:
    """Work at a service.

    - `id`: what the service needs to look at it again and to cancel it, at most 2,000 characters.
    - `name`: what people call it, for sentences: "GitHub run 4711".
    - `text`: what is happening or why it failed, as the end of a sentence; may be empty.
    - `link`: where people can watch it; may be empty.
    - `step`: of one that goes in steps, how many of them are done.
    """

    id: str
    name: str
    state: State = State.QUEUED
    text: str = ""
    link: str = ""
    step: int = 0


@dataclass(frozen=True)
class Assignment:
    """What a service is to do.

    - `version`, `commit`, `asked`: as in `Resolved`.
    - `deployment`: the id in the record, by which a run is found again.
    - `requester`: who asked, as people read it.
    - `since`: when the service was asked first, in seconds since 1970.
    - `rollback`: it goes back to an earlier version.
    """

    app: str
    environment: str
    version: str
    commit: str
    asked: str
    deployment: str
    requester: str
    since: float
    rollback: bool = False


class Service(ABC):
    """One vendor's way to deploy one application to one environment.

    Every call has a time limit of its own and raises Failure or Refusal where the service does not
    do it. The fact `sent` of a Failure says whether something may have been done anyway
    (`http.errors.in_doubt`).
    """

    # The name for sentences: "GitHub".
    name = ""
    # Seconds after which a search that finds nothing proves that nothing was started. None where it
    # proves nothing, since what was started cannot be recognised.
    settles: Optional[float] = 60.0
    # Seconds between two looks: at first, and after half a minute.
    soon = 3.0
    later = 5.0
    # So many seconds a start is put off, at most, where the service asks for that before it has
    # done anything.
    patience = 0.0
    # Whether a run goes on when nobody follows it.
    alone = True

    def resolve(self, version: str) -> Resolved:
        """What a typed version stands for, as `Deployer.resolve`."""
        return Resolved(check_version(version), version)

    @abstractmethod
    def start(self, assignment: Assignment) -> Run:
        """Start it, with the deployment's id where `find` finds it. Never sends twice what may have
        been done."""

    @abstractmethod
    def find(self, assignment: Assignment) -> Optional[Run]:
        """The run of this assignment; None where there is none (yet).

        Where several could be it, raises Failure(outcome_unknown) while one of them runs.
        """

    @abstractmethod
    def look(self, run_id: str) -> Run:
        """The run as it is now. Raises Failure(gone) where the service no longer has it."""

    @abstractmethod
    def cancel(self, run: Run) -> None:
        """Ask for its end. Whether it ended, `look` says."""

    def check(self) -> None:
        """Raise Failure(interrupted) where the service knows of a reason to stop that the job does
        not know."""
        return None

    def recall(self, text: str) -> Optional[Tuple[Assignment, str]]:
        """The assignment and the run's id in a checkpoint of an earlier version of opsroom; None
        where it means nothing any more."""
        return None
