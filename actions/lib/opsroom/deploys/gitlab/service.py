"""What both ways to deploy by GitLab have in common: versions, and who deploys."""

from __future__ import annotations

from typing import Tuple, Union

from ...names import check_version, listed
from ...templates import fill
from ...text import one_line
from ...vendors.commits import COMMIT, Versions
from ...vendors.gitlab.client import Client
from ...vendors.gitlab.deployments import protection_of
from ...vendors.gitlab.pipelines import Pipelines
from ...vendors.gitlab.repository import Repository
from .. import Resolved, Target
from ..remote import Assignment
from ..repository import RepositoryService
from .options import Options

# For all requests of one call, in seconds.
CALL_LIMIT = 10.0
# The clocks of GitLab and of this machine may differ by so many seconds.
SKEW = 120.0


class GitlabService(RepositoryService):
    """A service at GitLab, for one application and environment."""

    name = "GitLab"
    client: Client
    source: Repository
    # GitLab makes so many pipelines a minute.
    patience = 120.0

    def __init__(self, options: Options, target: Target) -> None:
        self.options = options
        self.target = target
        self.any_version = options.versions is Versions.ANY
        self.client = Client(options.access, CALL_LIMIT)
        self.source = Repository(self.client, options.source)
        self.pipelines = Pipelines(self.client, options.project)
        self._user = ""

    @property
    def site(self) -> str:
        """The page of the project."""
        url, project = self.options.access.url, self.options.project
        return f"{url}/projects/{project}" if project.isdigit() else f"{url}/{project}"

    @property
    def place(self) -> str:
        """Where people see what goes on."""
        return self.site if self.options.project.isdigit() else f"{self.site}/-/pipelines"

    def protection(self, environment: str) -> Tuple[str, ...]:
        """What an environment's protection asks for on GitLab, as sentences."""
        found = protection_of(self.client, self.options.project, environment)
        if found is None:
            return ()
        name = one_line(environment, 60)
        if found.approvals:
            count = "1 approval" if found.approvals == 1 else f"{found.approvals} approvals"
            return (f"GitLab wants {count} there before a job deploys to {name}.",)
        if not found.deployers:
            return ()
        who = listed([one_line(one, 40) for one in found.deployers], 4)
        return (f"{name} is protected on GitLab. These may deploy there: {who}.",)

    def user(self) -> str:
        """The login of the token's user: what others started is not taken for our own."""
        if not self._user:
            self._user = self.pipelines.user()
        return self._user

    def ref_of(self, wanted: Union[Assignment, Resolved]) -> str:
        """The branch or tag: of a branch the record has the commit, so it is what was typed."""
        version = check_version(wanted.version)
        branch = bool(wanted.commit) and wanted.commit.startswith(version)
        return self.filled_ref(wanted.asked if branch else version)

    def filled_ref(self, version: str) -> str:
        """`ref` for a version."""
        return fill(self.options.ref, {**self.place_values(), "version": version})


def is_commit(ref: str, commit: str) -> bool:
    """Whether a ref is the beginning of a commit, and no name."""
    return bool(COMMIT.match(ref)) and commit.startswith(ref.lower())
