"""How a version gets onto an environment: one module a kind.

To add a kind: one file in this folder with `read_options` and `make`, one line in REGISTRY, one
test.
"""

from __future__ import annotations

from typing import Callable, Optional, Protocol, Tuple, runtime_checkable

from ..registry import Registry
from ..structs import dataclass
from ..versions import Running


@dataclass(frozen=True)
class Target:
    """Where a deployment goes. All names are checked before they get here."""

    app: str
    environment: str


@dataclass(frozen=True)
class Resolved:
    """What a version that someone typed stands for.

    `version` is the name that is recorded and that can be deployed again later (a tag; the short
    commit for a branch, since a branch moves). `commit` is the full commit where the kind knows it.
    `asked` is what was typed.
    """

    version: str
    asked: str
    commit: str = ""


class Job(Protocol):
    """What a running deployment may say and must ask."""

    @property
    def deployment(self) -> str:
        """Its id in the record."""

    @property
    def requester(self) -> str:
        """Who asked for it, as people read it."""

    @property
    def before(self) -> str:
        """The version that was there; empty where none was, and where nobody knows."""

    @property
    def verify_for(self) -> float:
        """How long the application may take to report a version that was put in place, in
        seconds."""

    def running(self) -> Optional[Running]:
        """What the application reports as running now; None where the config has nobody to ask.
        Raises Failure where that is unknown, with the fact `mixed` where parts of the place
        differ."""

    def keep(self, name: str, value: str) -> None:
        """Write down what the next deployment at this place must find when this runner dies. Raises
        Failure(store_...).

        The claim makes sure that nobody else writes there."""

    def kept(self, name: str) -> str:
        """What an earlier deployment at this place wrote down; empty when nothing was."""

    def note(self, line: str) -> None:
        """Say what is being done now. Cheap; the room sees only some of it."""

    def link(self, address: str) -> None:
        """Where people can watch this deployment: shown with its progress, in its answer and in the
        record."""

    def check(self) -> None:
        """Raise (Failure claim_lost, interrupted or cancelled) when this deployment must not go on.
        Call it right before each step that changes the environment, and at least every second while
        waiting. After cancelled and interrupted what was started elsewhere is cancelled; after
        claim_lost it is left alone, since it belongs to someone else now."""


class Deployer(Protocol):
    """One way to deploy, for one application and environment."""

    def resolve(self, version: str) -> Resolved:
        """What `version` stands for. Changes nothing on the environment.

        Raises Refusal(unknown_version) with the nearest names, or Failure when the source cannot be
        asked.
        """

    def deploy(self, resolved: Resolved, job: Job) -> None:
        """Put the version in place. Returns when it is there; raises Failure when it is not."""


@dataclass(frozen=True)
class Commit:
    """A commit of the history: its full id, its message, the ids of its parents, and its author as
    people read it. `at` is when it was committed, in seconds since 1970; 0 where that is not known.

    `new` is whether a deployment brings it; those that are not new were there before, and a new one
    reverts them.
    """

    id: str
    message: str
    parents: Tuple[str, ...] = ()
    new: bool = True
    author: str = ""
    at: int = 0


@runtime_checkable
class Historian(Protocol):
    """A deployer that also knows the commits between two versions. A kind that does not leaves this
    out."""

    def commits(self, before: str, resolved: Resolved) -> Tuple[Commit, ...]:
        """The commits that `resolved` has and `before` (a version or commit) has not, newest first,
        children before parents, at most 500 of them; then those of `before` that these say to
        revert. None where that is not known. A kind with a copy of the repository asks nobody else;
        one without asks its service, and raises Failure where that cannot be asked."""


@runtime_checkable
class Comparer(Protocol):
    """A deployer that knows a page on which people see what changed between two versions. A kind
    that does not leaves this out."""

    def compare_link(self, before: str, after: str) -> str:
        """Its address; both are versions or commits. Empty where one is unknown. Asks nobody."""


@runtime_checkable
class OwnRollback(Protocol):
    """A deployer that has a better way back than deploying the earlier version again. A kind that
    has none leaves this out."""

    def roll_back(self, resolved: Resolved, job: Job) -> None:
        """Bring the earlier version back. As `Deployer.deploy` otherwise."""


@runtime_checkable
class Canceller(Protocol):
    """A deployer whose work continues elsewhere when its runner dies."""

    def cancel_left(self, job: Job) -> Cancelled:
        """Cancel what an earlier deployment left running at this place. Raises Failure where that
        cannot be asked."""


@runtime_checkable
class Resumer(Protocol):
    """A deployer whose work stands still halfway when its runner dies. A kind whose work goes on
    leaves this out."""

    def is_halfway(self, kept: Callable[[str], str]) -> bool:
        """Whether an earlier deployment at this place may have ended halfway, so that its version
        may be on a part of it only, whatever the application reports. `kept` is as `Job.kept`. Asks
        nobody."""


@dataclass(frozen=True)
class Cancelled:
    """The outcome of asking work to stop.

    `text` is a whole sentence for the room. `left_running`: it still runs, or that is unknown;
    `link` is where to see it. `found`: there was something to cancel.
    """

    text: str
    left_running: bool = False
    link: str = ""
    found: bool = True


@runtime_checkable
class Advisor(Protocol):
    """A deployer that knows what may undo or hold up a deployment, such as automation that owns the
    place."""

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """Sentences for `plan`, none where nothing is in the way. Changes nothing. Raises Failure
        where the place cannot be asked."""


REGISTRY: Registry[Deployer] = Registry(
    "deploy kind",
    {
        "argocd": "opsroom.deploys.argocd",
        "command": "opsroom.deploys.command",
        "git": "opsroom.deploys.git",
        "github": "opsroom.deploys.github",
        "gitlab": "opsroom.deploys.gitlab",
        "kubernetes": "opsroom.deploys.kubernetes",
        "jenkins": "opsroom.deploys.jenkins",
        "ssh": "opsroom.deploys.ssh",
        "stackstorm": "opsroom.deploys.stackstorm",
    },
)
