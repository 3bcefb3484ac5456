"""The deployer of kind gitlab: a service at GitLab, and the commits between two versions."""

from __future__ import annotations

from typing import Tuple
from urllib.parse import quote

from ...vendors.commits import FULL_COMMIT, Versions
from .. import Commit, Deployer, Resolved, Target
from ..remote.deployer import RemoteDeployer
from ..repository import commits_between
from .job import JobService
from .options import Mode, Options
from .pipeline import PipelineService
from .service import GitlabService

# Under this name the run is written down, for the next deployment at this place.
_CHECKPOINT = "gitlab"


def deployer_of(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment. Talks to nobody yet."""
    services = {Mode.PIPELINE: PipelineService, Mode.JOB: JobService}
    return GitlabDeployer(services[options.mode](options, target), target, options)


class GitlabDeployer(RemoteDeployer):
    """Deploys by a service at GitLab, and knows what changed between two versions."""

    service: GitlabService

    def __init__(self, service: GitlabService, target: Target, options: Options) -> None:
        super().__init__(service, target, _CHECKPOINT, options.time_limit, service.place)
        self._options = options

    def commits(self, before: str, resolved: Resolved) -> Tuple[Commit, ...]:
        """The commits between the two, at most 500, and the older ones that they revert.

        Asks GitLab. Raises Failure where it cannot be asked.
        """
        after = resolved.commit
        if not before or not after:
            return ()
        self.service.client.begin()
        source = self.service.source
        start = before if FULL_COMMIT.match(before) else source.tag(before) or source.commit(before)
        return commits_between(source, start, after) if start else ()

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """What would be in the way of a deployment of that version."""
        return self.service.warnings(resolved)

    def compare_link(self, before: str, after: str) -> str:
        """Where people see what changed between two versions or commits; empty where one is
        unknown, or the page of the project is."""
        source = self._options.source
        unknown = self._options.versions is Versions.ANY or source.isdigit()
        if not before or not after or unknown:
            return ""
        site = f"{self._options.access.url}/{source}"
        return f"{site}/-/compare/{quote(before, safe='@+')}...{quote(after, safe='@+')}"
