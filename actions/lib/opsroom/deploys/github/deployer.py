"""The deployer of kind github: a service at GitHub, and the commits between two versions."""

from __future__ import annotations

from typing import Iterable, List, Tuple
from urllib.parse import quote

from ...vendors.github.repository import COMMIT, FULL_COMMIT, Described
from .. import Commit, Deployer, Resolved, Target
from ..remote.deployer import RemoteDeployer
from ..reverts import referred_to
from .deployment import DeploymentService
from .options import Mode, Options, Versions
from .service import GithubService
from .workflow import WorkflowService

# Under this name the run is written down, for the next deployment at this place.
_CHECKPOINT = "github"
# Each of them is looked up separately.
_MAX_REVERTED = 10


def deployer_of(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    services = {Mode.WORKFLOW: WorkflowService, Mode.DEPLOYMENT: DeploymentService}
    return GithubDeployer(services[options.mode](options, target), target, options)


class GithubDeployer(RemoteDeployer):
    """Deploys by a service at GitHub, and knows what changed between two versions."""

    service: GithubService

    def __init__(self, service: GithubService, target: Target, options: Options) -> None:
        super().__init__(service, target, _CHECKPOINT, options.time_limit, service.place)
        self._options = options

    def commits(self, before: str, resolved: Resolved) -> Tuple[Commit, ...]:
        """The commits between the two, at most 500, and the older ones that they revert.

        Asks GitHub. Raises Failure where it cannot be asked.
        """
        after = resolved.commit
        if not before or not after:
            return ()
        self.service.client.begin()
        source = self.service.source
        start = before if FULL_COMMIT.match(before) else source.commit(f"tags/{before}")
        if not start and COMMIT.match(before):
            start = source.commit(before.lower())
        if not start:
            return ()
        new = source.between(start, after)
        return (*_commits(new, True), *_commits(self._reverted(start, new), False))

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """What would be in the way of a deployment of that version."""
        return self.service.warnings(resolved)

    def compare_link(self, before: str, after: str) -> str:
        """Where people see what changed between two versions or commits; empty where one is
        unknown."""
        if not before or not after or self._options.versions is Versions.ANY:
            return ""
        site, source = self._options.access.site, self._options.source
        return f"{site}/{source}/compare/{quote(before, safe='@+')}...{quote(after, safe='@+')}"

    def _reverted(self, start: str, new: Iterable[Described]) -> List[Described]:
        """The commits of `start` that the new ones say to revert, and those that these revert."""
        found: List[Described] = []
        known = {one.id for one in new}
        messages = [one.message for one in new]
        asked = 0
        while messages:
            wanted = [
                id
                for id in (one.lower() for one in referred_to(messages))
                if not any(one.startswith(id) for one in known)
            ]
            wanted = wanted[: _MAX_REVERTED - asked]
            asked += len(wanted)
            older = [one for one in (self.service.source.has(start, id) for id in wanted) if one]
            found += older
            known.update(one.id for one in older)
            messages = [one.message for one in older]
        return found


def _commits(described: Iterable[Described], new: bool) -> List[Commit]:
    return [Commit(one.id, one.message, one.parents, new, one.author) for one in described]
