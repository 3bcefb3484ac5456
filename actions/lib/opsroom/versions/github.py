"""Ask GitHub which version runs: the last successful deployment to an environment, or what the last
successful run of a workflow ran on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional, Pattern

from ..config.fields import Fields
from ..deploys import Target
from ..errors import Code, Failure
from ..http.options import read_time_limit
from ..names import VERSION, either, shown
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import fill, unknown
from ..text import one_line
from ..vendors.github.options import A_REPOSITORY, REPOSITORY, Access, read_access
from . import Running, VersionSource
from .expressions import found_by, read_expression

if TYPE_CHECKING:
    from ..vendors.github.client import Client
    from ..vendors.github.repository import Repository

_KNOWN = ("app", "environment")
_FILE = lazy_pattern(r"^(?:[A-Za-z0-9_.{}-]+\.ya?ml|[1-9][0-9]{0,18})\Z")
# So many deployments or runs are looked through for one that succeeded.
_MAX_LOOKED_AT = 30


@dataclass(frozen=True)
class Options:
    """`environment` and `workflow` are templates, of which one is empty. `title` finds the version
    in the title of a run. `time_limit` is in seconds, for all of a question."""

    access: Access
    repository: str
    environment: str = "{environment}"
    workflow: str = ""
    title: Optional[Pattern[str]] = None
    time_limit: float = 10.0


def read_options(fields: Fields) -> Options:
    """What GitHub knows of the last deployment: not what runs, but what was last deployed
    successfully.

    - `repository` (`owner/name`): the repository with the deployments or the workflow.
    - `token` (text): a token with the rights to read Contents, and Deployments or Actions.
    - `environment` (text): the environment on GitHub whose last successful deployment has the
      version.
    - `workflow` (file name or number): in place of `environment`, the workflow whose last
      successful run has the version.
    - `title` (regular expression with a group): finds the version in the titles of such runs
      instead: the group `version`, else the first.
    - `time_limit`: how long one question may take.
    """
    workflow = fields.text(
        "workflow",
        "",
        pattern=_FILE,
        expected="the name of a workflow's file, such as deploy.yml, or its number",
        digits=True,
    )
    environment = fields.text(
        "environment", "" if workflow else "{environment}", expected="the name of an environment"
    )
    options = Options(
        access=read_access(fields),
        repository=fields.text("repository", pattern=REPOSITORY, expected=A_REPOSITORY),
        environment=environment,
        workflow=workflow,
        title=read_expression(fields, "title"),
        time_limit=read_time_limit(fields),
    )
    if workflow and environment:
        fields.problem("environment", "only one of environment and workflow can give the version")
    if options.title is not None and not workflow:
        fields.problem("title", "only runs of a workflow have a title; name the workflow too")
    for key, text in (("environment", environment), ("workflow", workflow)):
        for name in unknown(text, _KNOWN):
            known = either(f"{{{one}}}" for one in _KNOWN)
            fields.problem(key, f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment. Talks to nobody yet."""
    return GithubVersion(options, target)


class GithubVersion:
    """Asks GitHub each time."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._values = {"app": target.app, "environment": target.environment}

    def ask(self) -> Running:
        """Nothing has been deployed where nothing succeeded. Raises Failure: those of GitHub's
        client, and bad_answer where the version cannot be told."""
        # The config is read for every message, GitHub is asked for few.
        from ..vendors.github.client import Client
        from ..vendors.github.repository import Repository

        client = Client(self._options.access, self._options.time_limit)
        repository = Repository(client, self._options.repository)
        if self._options.workflow:
            return self._of_run(client, repository)
        return self._of_deployment(client, repository)

    def _of_deployment(self, client: Client, repository: Repository) -> Running:
        from ..vendors.github.deployments import Deployments

        environment = fill(self._options.environment, self._values)
        deployments = Deployments(client, repository.name)
        newest = deployments.newest(environment, _MAX_LOOKED_AT)
        for one in newest:
            statuses = deployments.statuses(one.id)
            if statuses and statuses[0].state == "success":
                # What opsroom deploys carries its name; anything else is known by what it ran on.
                version = str(one.payload.get("version", "")) if "opsroom" in one.payload else ""
                if VERSION.match(version):
                    return Running(version, one.commit)
                return _running(repository, one.ref, one.commit)
        return self._nothing(len(newest), f"deployments to {environment}")

    def _of_run(self, client: Client, repository: Repository) -> Running:
        from ..vendors.github.actions import Workflow

        file = fill(self._options.workflow, self._values)
        workflow = Workflow(client, repository.name, file)
        title = self._options.title
        runs = workflow.newest(1 if title is None else _MAX_LOOKED_AT, status="success")
        if title is None:
            return (
                _running(repository, runs[0].branch, runs[0].commit)
                if runs
                else self._nothing(0, "")
            )
        expression = re.compile(fill(title.pattern, self._values, re.escape), title.flags)
        titles = "\n".join(one_line(run.title) for run in runs)
        found = found_by(expression, titles, f"the titles of {file}'s runs")
        if found is None:
            return self._nothing(len(runs), f"successful runs of {file}")
        if not VERSION.match(found):
            raise _bad(f"The title of a run of {file} holds {shown(found)}, which is no version.")
        return Running(found)

    @staticmethod
    def _nothing(count: int, what: str) -> Running:
        """Nothing succeeded: for certain where there are no more to look through."""
        if count < _MAX_LOOKED_AT:
            return Running("")
        raise _bad(f"None of the last {_MAX_LOOKED_AT} {what} says which version runs.")


def _running(repository: Repository, ref: str, commit: str) -> Running:
    """A tag by its name, a branch or a commit by the commit's first 12 digits."""
    is_tag = bool(VERSION.match(ref)) and bool(repository.commit(f"tags/{ref}"))
    return Running(ref if is_tag else commit[:12], commit)


def _bad(message: str) -> Failure:
    return Failure(Code.BAD_ANSWER, message, facts={"sent": False})
