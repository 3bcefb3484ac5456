"""What both ways to deploy by GitHub have in common: versions, and what is handed over."""

from __future__ import annotations

from typing import Dict

from ...templates import fill, filled
from ...vendors.commits import Versions
from ...vendors.github.client import Client
from ...vendors.github.repository import Repository
from .. import Target
from ..remote import Assignment
from ..repository import RepositoryService
from ..values import as_text
from .options import Options

# For all requests of one call, in seconds.
CALL_LIMIT = 10.0


class GithubService(RepositoryService):
    """A service at GitHub, for one application and environment."""

    name = "GitHub"
    client: Client
    source: Repository

    def __init__(self, options: Options, target: Target) -> None:
        self.options = options
        self.target = target
        self.any_version = options.versions is Versions.ANY
        self.client = Client(options.access, CALL_LIMIT)
        self.source = Repository(self.client, options.source)

    @property
    def place(self) -> str:
        """Where people see what goes on."""
        raise NotImplementedError

    def at_place(self, template: str) -> str:
        """A template that depends on the place alone."""
        return fill(template, self.place_values())

    def inputs(self, assignment: Assignment) -> Dict[str, str]:
        """What is handed over, as texts."""
        made = filled(self.options.inputs, self.values(assignment))
        return {name: as_text(value) for name, value in made.items()}
