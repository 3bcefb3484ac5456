"""The deployer of kind github: a service at GitHub, and the commits between two versions."""

from __future__ import annotations

from typing import Tuple
from urllib.parse import quote

from ...vendors.commits import COMMIT, FULL_COMMIT, Versions
from .. import Commit, Deployer, Resolved, Target
from ..remote.deployer import RemoteDeployer
from ..repository import commits_between
from .deployment import DeploymentService
from .options import Mode, Options
from .service import GithubService
from .workflow import WorkflowService

# Under this name the run is written down, for the next deployment at this place.
_CHECKPOINT = "github"


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
        return commits_between(source, start, after)

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
