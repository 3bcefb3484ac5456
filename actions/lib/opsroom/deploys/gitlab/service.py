"""What both ways to deploy by GitLab have in common: versions, and who deploys."""

from __future__ import annotations

from typing import Dict, Tuple, Union

from ...names import check_version
from ...templates import fill
from ...vendors.commits import COMMIT
from ...vendors.gitlab.client import Client
from ...vendors.gitlab.pipelines import Pipelines
from ...vendors.gitlab.repository import Repository
from .. import Resolved, Target
from ..remote import Assignment, Service
from ..repository import moved_ref, plain, unknown_version
from .options import Options, Versions

# For all requests of one call, in seconds.
CALL_LIMIT = 10.0
# The clocks of GitLab and of this machine may differ by so many seconds.
SKEW = 120.0


class GitlabService(Service):
    """A service at GitLab, for one application and environment."""

    name = "GitLab"
    # GitLab makes so many pipelines a minute.
    patience = 120.0

    def __init__(self, options: Options, target: Target) -> None:
        self.options = options
        self.target = target
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

    def resolve(self, version: str) -> Resolved:
        """A tag stands for itself; a branch or a commit (7 digits or more) for the commit's first
        12 digits."""
        version = check_version(version)
        if self.options.versions is Versions.ANY:
            return Resolved(version, version)
        self.client.begin()
        found = self.source.look_up(self.git_name(version))
        if found is None:
            raise unknown_version(version, self.source.name, *self.source.names())
        if found.kind == "tag":
            return Resolved(version, version, found.commit)
        if found.kind == "commit":
            self.check_commit(version)
        return Resolved(found.commit[:12], version, found.commit)

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """What would be in the way of a deployment, as `Advisor`."""
        return ()

    def git_name(self, version: str) -> str:
        """The tag, branch or commit that a version is."""
        return version

    def check_commit(self, version: str) -> None:
        """Raise Refusal where a commit cannot be deployed."""
        return None

    def check_unmoved(self, ref: str, commit: str) -> None:
        """Raise Refusal where a branch or tag was moved since it was looked up."""
        found = self.source.look_up(ref)
        if found is not None and found.commit != commit:
            raise moved_ref(ref, found.commit, commit)

    def user(self) -> str:
        """The login of the token's user: what others started is not taken for our own."""
        if not self._user:
            self._user = self.pipelines.user()
        return self._user

    def place_values(self) -> Dict[str, str]:
        """What fills `{app}` and `{environment}`."""
        return {"app": self.target.app, "environment": self.target.environment}

    def values(self, assignment: Assignment) -> Dict[str, str]:
        """What fills all placeholders."""
        return {
            **self.place_values(),
            "version": check_version(assignment.version),
            "commit": assignment.commit,
            "requester": plain(assignment.requester),
            "deployment": assignment.deployment,
        }

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
