"""What both ways to deploy by GitHub have in common: versions, and what is handed over."""

from __future__ import annotations

from typing import Dict, Tuple

from ...names import check_version
from ...templates import fill, filled
from ...vendors.github.client import Client
from ...vendors.github.repository import Repository
from .. import Resolved, Target
from ..remote import Assignment, Service
from ..repository import as_text, moved_ref, plain, unknown_version
from .options import Options, Versions

# For all requests of one call, in seconds.
CALL_LIMIT = 10.0


class GithubService(Service):
    """A service at GitHub, for one application and environment."""

    name = "GitHub"

    def __init__(self, options: Options, target: Target) -> None:
        self.options = options
        self.target = target
        self.client = Client(options.access, CALL_LIMIT)
        self.source = Repository(self.client, options.source)

    @property
    def place(self) -> str:
        """Where people see what goes on."""
        raise NotImplementedError

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

    def place_values(self) -> Dict[str, str]:
        """What fills `{app}` and `{environment}`."""
        return {"app": self.target.app, "environment": self.target.environment}

    def at_place(self, template: str) -> str:
        """A template that depends on the place alone."""
        return fill(template, self.place_values())

    def inputs(self, assignment: Assignment) -> Dict[str, str]:
        """What is handed over, as texts."""
        values = {
            **self.place_values(),
            "version": check_version(assignment.version),
            "commit": assignment.commit,
            "requester": plain(assignment.requester),
            "deployment": assignment.deployment,
        }
        made = filled(self.options.inputs, values)
        return {name: as_text(value) for name, value in made.items()}
