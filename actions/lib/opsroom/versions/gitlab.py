"""Ask GitLab which version runs: that of the last successful deployment to an environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional, Pattern

from ..config.fields import Fields
from ..deploys import Target
from ..errors import Code, Failure
from ..http.options import read_time_limit
from ..names import VERSION, either, shown
from ..structs import dataclass
from ..templates import fill, unknown
from ..text import one_line
from ..vendors.gitlab.options import Access, read_access, read_project
from . import Running, VersionSource
from .expressions import found_by, read_expression

if TYPE_CHECKING:
    from ..vendors.gitlab.client import Client
    from ..vendors.gitlab.deployments import Deployment

_KNOWN = ("app", "environment")


@dataclass(frozen=True)
class Options:
    """`environment` is a template. `name` finds the version in the name of the pipeline that
    deployed. `time_limit` is in seconds, for all of a question."""

    access: Access
    project: str
    environment: str = "{environment}"
    name: Optional[Pattern[str]] = None
    time_limit: float = 10.0


def read_options(fields: Fields) -> Options:
    """What GitLab knows of the last deployment: not what runs, but what was last deployed
    successfully.

    - `environment` (text): the environment on GitLab whose last successful deployment has the
      version.
    - `name` (regular expression with a group): finds the version in the name of the pipeline that
      deployed: the group `version`, else the first.
    - `time_limit`: how long one question may take.
    """
    options = Options(
        access=read_access(fields),
        project=read_project(fields),
        environment=fields.text(
            "environment", "{environment}", expected="the name of an environment"
        ),
        name=read_expression(fields, "name"),
        time_limit=read_time_limit(fields),
    )
    for name in unknown(options.environment, _KNOWN):
        known = either(f"{{{one}}}" for one in _KNOWN)
        fields.problem("environment", f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment. Talks to nobody yet."""
    return GitlabVersion(options, target)


class GitlabVersion:
    """Asks GitLab each time."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._values = {"app": target.app, "environment": target.environment}

    def ask(self) -> Running:
        """Nothing has been deployed where nothing succeeded. Raises Failure: those of GitLab's
        client, and bad_answer where the version cannot be told."""
        # The config is read for every message, GitLab is asked for few.
        from ..vendors.gitlab.client import Client
        from ..vendors.gitlab.deployments import newest_deployment

        client = Client(self._options.access, self._options.time_limit)
        environment = fill(self._options.environment, self._values)
        newest = newest_deployment(client, self._options.project, environment)
        if newest is None:
            return Running("")
        if self._options.name is not None:
            return self._of_name(client, newest, self._options.name)
        return self._of_ref(client, newest)

    def _of_ref(self, client: Client, found: Deployment) -> Running:
        """A tag by its name, a branch or a commit by the commit's first 12 digits."""
        from ..vendors.gitlab.repository import Repository

        is_tag = found.is_tag
        if not VERSION.match(found.ref):
            is_tag = False
        elif is_tag is None:
            is_tag = Repository(client, self._options.project).tag(found.ref) == found.commit
        return Running(found.ref if is_tag else found.commit[:12], found.commit)

    def _of_name(self, client: Client, found: Deployment, name: Pattern[str]) -> Running:
        from ..vendors.gitlab.pipelines import Pipelines

        if not found.pipeline:
            raise _bad(f"GitLab deployment {found.id} was made by no pipeline, so it has no name.")
        pipeline = Pipelines(client, self._options.project).pipeline(found.pipeline)
        expression = re.compile(fill(name.pattern, self._values, re.escape), name.flags)
        where = f"the name of GitLab pipeline {pipeline.id}"
        version = found_by(expression, one_line(pipeline.name), where)
        if version is None or not VERSION.match(version):
            raise _bad(
                f"The name of GitLab pipeline {pipeline.id}, {shown(pipeline.name)}, holds no "
                "version."
            )
        return Running(version)


def _bad(message: str) -> Failure:
    return Failure(Code.BAD_ANSWER, message, facts={"sent": False})
