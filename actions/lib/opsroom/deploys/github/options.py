"""The options of the deploy kind github."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Any, List, Mapping, Optional, Tuple

from ...config.fields import Fields
from ...config.problems import found
from ...config.templates import read_template
from ...names import either
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import holds, unknown
from ...vendors.commits import Versions
from ...vendors.github.options import A_REPOSITORY, REPOSITORY, Access, read_access

_PLACE = ("app", "environment")
_REF = (*_PLACE, "version")
_INPUTS = (*_REF, "commit", "requester", "deployment")
# Enterprise Server takes ten.
_MAX_INPUTS = 25

_FILE = lazy_pattern(r"^(?:[A-Za-z0-9_.{}-]+\.ya?ml|[1-9][0-9]{0,18})\Z")
_REF_TEXT = lazy_pattern(r"^[A-Za-z0-9{][A-Za-z0-9._+/@{}-]{0,199}\Z")
_INPUT = lazy_pattern(r"^[A-Za-z_][A-Za-z0-9_-]{0,99}\Z")


class Mode(str, Enum):
    """Who does the work: a workflow that opsroom starts, or whatever listens for deployments."""

    WORKFLOW = "workflow"
    DEPLOYMENT = "deployment"


@dataclass(frozen=True)
class Options:
    """- `repository` has the workflow or the deployments, `source` the versions and their commits.
    - `workflow` (a file's name or a number), `ref`, `inputs`, `job` and `environment` are
      templates. `inputs` are those of the workflow, or the payload of a deployment.
    - `correlation` is the input that shows the deployment in the run's title; empty: there is none.
    - `job` (text): the job that must have succeeded.
    - `status_checks`: those that must be green, None for all.
    - `time_limit` (for the run) and `force_cancel_after` (0: never) are in seconds.
    """

    access: Access
    repository: str
    mode: Mode = Mode.WORKFLOW
    source: str = ""
    versions: Versions = Versions.GIT
    workflow: str = ""
    ref: str = "{version}"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    correlation: str = "opsroom"
    job: str = ""
    environment: str = "{environment}"
    status_checks: Optional[Tuple[str, ...]] = None
    time_limit: float = 1800.0
    force_cancel_after: float = 20.0


def read_options(fields: Fields) -> Options:
    """A workflow of GitHub Actions, started and followed to its end; or a deployment of GitHub that
    your own automation carries out.

    - `repository` (`owner/name`): the repository with the workflow.
    - `mode`: `workflow` starts a workflow, `deployment` records a deployment.
    - `workflow` (file name or number; required with `mode: workflow`): the workflow, such as
      `deploy.yml`.
    - `ref` (text): the branch or tag that it runs on.
    - `inputs` (mapping of texts; default `{environment: "{environment}"}`): its inputs, or the
      payload of the deployment; 25 at most, 10 on Enterprise Server.
    - `correlation` (name of an input, or `false`): the input by which a run is found again; `false`
      where the workflow has none.
    - `job`: the job that must have succeeded, by the name that GitHub shows.
    - `environment` (text): the environment of the deployment (`mode: deployment`).
    - `status_checks` (`all`, `none` or a list of names; default `all`): the checks of the commit
      that must be green (`mode: deployment`).
    - `source` (`owner/name`; default the `repository`): where versions and their commits are.
    - `versions`: with `git` a version is a tag, branch or commit of `source`, with `any` anything
      at all.
    - `time_limit`: how long the run may take; then it is cancelled.
    - `force_cancel_after` (length of time, 1s to 25s, or `false`): a cancelled run that goes on for
      so long is cancelled by force.
    """
    mode = Mode(_choice(fields, "mode", [one.value for one in Mode], Mode.WORKFLOW.value))
    workflows = mode is Mode.WORKFLOW
    repository = fields.text("repository", pattern=REPOSITORY, expected=A_REPOSITORY)
    inputs = read_template(fields, "inputs", _INPUTS)
    options = Options(
        access=read_access(fields),
        repository=repository,
        mode=mode,
        source=fields.text("source", repository, pattern=REPOSITORY, expected=A_REPOSITORY),
        versions=Versions(_choice(fields, "versions", [one.value for one in Versions], "git")),
        workflow=_workflow(fields, required=workflows),
        ref=_template(fields, "ref", "{version}", _REF, _REF_TEXT, "a branch, or {version}"),
        inputs=inputs if fields.has("inputs") else {"environment": "{environment}"},
        correlation=_correlation(fields),
        job=_template(fields, "job", "", _PLACE, None, "the name of a job"),
        environment=_template(
            fields, "environment", "{environment}", _PLACE, None, "the name of an environment"
        ),
        status_checks=_status_checks(fields),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
        force_cancel_after=_force_cancel_after(fields),
    )
    _check(fields, options)
    return options


def _choice(fields: Fields, key: str, choices: List[str], default: str) -> str:
    return fields.text(key, default, choices=choices) or default


def _template(
    fields: Fields, key: str, default: str, known: Tuple[str, ...], pattern: Any, expected: str
) -> str:
    text = fields.text(key, default, pattern=pattern, expected=expected)
    _complain_of_unknown(fields, key, text, known)
    return text


def _complain_of_unknown(fields: Fields, key: str, text: str, known: Tuple[str, ...]) -> None:
    for name in unknown(text, known):
        allowed = either(f"{{{one}}}" for one in known)
        fields.problem(key, f"{{{name}}} is not filled in here; known: {allowed}")


def _workflow(fields: Fields, required: bool) -> str:
    expected = "the name of a workflow's file, such as deploy.yml, or its number"
    if not required and not fields.has("workflow"):
        return fields.text("workflow", "")
    text = fields.text("workflow", pattern=_FILE, expected=expected, digits=True)
    _complain_of_unknown(fields, "workflow", text, _PLACE)
    return text


def _correlation(fields: Fields) -> str:
    if fields.raw("correlation") is False:
        return ""
    expected = "the name of an input, or false where the workflow has none for it"
    return fields.text("correlation", "opsroom", pattern=_INPUT, expected=expected)


def _status_checks(fields: Fields) -> Optional[Tuple[str, ...]]:
    names = fields.texts("status_checks", ("all",), "all, none, or a list of their names")
    if names == ("all",):
        return None
    if len(names) > 1 and {"all", "none"} & set(names):
        fields.problem("status_checks", "all and none each stand alone")
    return () if names == ("none",) else names


def _force_cancel_after(fields: Fields) -> float:
    if fields.raw("force_cancel_after") is False:
        return 0.0
    return fields.seconds("force_cancel_after", 20.0, minimum=1.0, maximum=25.0)


def _check(fields: Fields, options: Options) -> None:
    """Complain of what does not fit together."""
    others = {
        Mode.WORKFLOW: ("environment", "status_checks"),
        Mode.DEPLOYMENT: ("workflow", "ref", "correlation", "job", "force_cancel_after"),
    }[options.mode]
    for key in others:
        if fields.holds(key):
            fields.problem(key, f"means nothing with mode: {options.mode.value}")
    for name, value in options.inputs.items():
        if isinstance(value, float) or not isinstance(value, (str, int)):
            fields.problem(f"inputs.{name}", f"expected a text; put quotes around {found(value)}")
    if options.mode is Mode.DEPLOYMENT:
        for key in ("source", "versions"):
            if fields.holds(key):
                fields.problem(key, "a deployment is one of a version of its own repository")
        for name in {"opsroom", "version"} & set(options.inputs):
            fields.problem(f"inputs.{name}", "is sent anyway")
        return
    if options.correlation in options.inputs:
        fields.problem(
            f"inputs.{options.correlation}", "is sent anyway; name another under correlation"
        )
    if len(options.inputs) + bool(options.correlation) > _MAX_INPUTS:
        fields.problem("inputs", f"GitHub takes {_MAX_INPUTS} inputs at most, with correlation")
    bound = holds(options.ref, "version")
    if not bound and not any(holds(options.inputs, one) for one in ("version", "commit")):
        fields.problem("ref", "expected {version} in ref, or {version} or {commit} in inputs")
    if bound and options.versions is Versions.ANY:
        fields.problem("versions", "any version can be deployed only where ref has no {version}")
    if bound and options.source != options.repository:
        fields.problem("source", "versions of another repository need a ref without {version}")
