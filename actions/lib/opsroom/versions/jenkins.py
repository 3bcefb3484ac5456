"""Ask Jenkins which version runs: a parameter of the last build that deployed there
successfully."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, Mapping

from ..config.fields import Fields
from ..config.templates import read_template
from ..deploys import Target
from ..errors import Code, Failure
from ..names import VERSION, either, shown
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import fill, filled, unknown
from ..vendors.jenkins import MAX_BUILDS, Access, Build, Client, read_access, read_job
from . import Running, VersionSource

_KNOWN = ("app", "environment")
_PARAMETER = lazy_pattern(r"^[A-Za-z_][\w.-]{0,99}\Z", re.ASCII)


@dataclass(frozen=True)
class Options:
    """`job` and `where` are templates: the job, and the parameters that a build for this place has.
    `parameter` is the one with the version."""

    access: Access
    job: str
    parameter: str = "VERSION"
    where: Mapping[str, Any] = field(default_factory=dict)


def read_options(fields: Fields) -> Options:
    """Takes the version from a parameter of the newest successful build for the place.

    - `job` (text): folders and the job.
    - `parameter`: the parameter that has the version.
    - `where` (mapping; default `{ENVIRONMENT: "{environment}"}`): the parameters that a build for
      this place has; `{}` for any.
    """
    where = read_template(fields, "where", _KNOWN)
    options = Options(
        access=read_access(fields),
        job=read_job(fields),
        parameter=fields.text(
            "parameter", "VERSION", pattern=_PARAMETER, expected="the name of a parameter"
        ),
        where=where if fields.has("where") else {"ENVIRONMENT": "{environment}"},
    )
    for name in unknown(options.job, _KNOWN):
        known = either(f"{{{one}}}" for one in _KNOWN)
        fields.problem("job", f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment. Sends nothing yet."""
    return JenkinsVersion(options, target)


class JenkinsVersion:
    """Reads the latest builds of the job."""

    def __init__(self, options: Options, target: Target) -> None:
        names = {"app": target.app, "environment": target.environment}
        self._parameter = options.parameter
        self._job = fill(options.job, names)
        self._where = {key: str(one) for key, one in filled(options.where, names).items()}
        self._client = Client(options.access, f"apps.{target.app}.version")

    def ask(self) -> Running:
        """The version of the newest successful build for this place; empty where there was none.

        Raises Failure(bad_answer) where the builds that are looked through do not say.
        """
        builds = self._client.builds(self._job)
        done = [one for one in builds if one.result == "SUCCESS" and self._is_here(one)]
        if not done:
            if len(builds) < MAX_BUILDS:
                return Running("")
            raise Failure(
                Code.BAD_ANSWER,
                f"None of the last {MAX_BUILDS} builds of {self._job} in Jenkins deployed here "
                "successfully.",
                "Which version runs is not known until one does.",
            )
        version = done[0].parameters.get(self._parameter, "")
        if not VERSION.match(version):
            raise Failure(
                Code.BAD_ANSWER,
                f"Build #{done[0].number} of {self._job} has {shown(version) or 'nothing'} as "
                f"{self._parameter}, which is not a version.",
                "An administrator has to check the key parameter of the version.",
            )
        return Running(version)

    def _is_here(self, build: Build) -> bool:
        return all(build.parameters.get(name) == value for name, value in self._where.items())
