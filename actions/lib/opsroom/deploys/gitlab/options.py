"""The options of the deploy kind gitlab."""

from __future__ import annotations

import math
from dataclasses import field
from enum import Enum
from typing import Any, Mapping, Pattern, Tuple

from ...config.fields import Fields
from ...config.problems import found
from ...config.templates import read_template
from ...names import either
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import holds, unknown
from ...vendors.commits import Versions
from ...vendors.gitlab.options import Access, read_access, read_project

_PLACE = ("app", "environment")
_REF = (*_PLACE, "version")
_VALUES = (*_REF, "commit", "requester", "deployment")

_REF_TEXT = lazy_pattern(r"^[A-Za-z0-9{][A-Za-z0-9._+/@{}-]{0,199}\Z")
_INPUT = lazy_pattern(r"^[A-Za-z_][A-Za-z0-9_-]{0,99}\Z")
_VARIABLE = lazy_pattern(r"^[A-Za-z_][A-Za-z0-9_]{0,254}\Z")
_DEFAULTS = {
    "inputs": {"environment": "{environment}"},
    "variables": {"ENVIRONMENT": "{environment}"},
}


class Mode(str, Enum):
    """What is started: a new pipeline, or a manual job of one that is there."""

    PIPELINE = "pipeline"
    JOB = "job"


class Children(str, Enum):
    """Whether pipelines that a pipeline started without waiting for them count."""

    WAIT = "wait"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Options:
    """- `project` has the pipelines, `source` the versions and their commits.
    - `ref`, `inputs`, `variables` and `job` are templates. Inputs are typed, variables are texts; a
      pipeline gets one of the two, a job that is played may get inputs.
    - `correlation` is the input or variable that the pipeline's name shows; empty: there is none.
    - `job`: the one that must have succeeded, or the one to start.
    - `time_limit` is in seconds.
    """

    access: Access
    project: str
    mode: Mode = Mode.PIPELINE
    source: str = ""
    versions: Versions = Versions.GIT
    ref: str = "{version}"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    by_variables: bool = False
    correlation: str = "opsroom"
    job: str = ""
    children: Children = Children.WAIT
    time_limit: float = 1800.0


def read_options(fields: Fields) -> Options:
    """A pipeline of GitLab, made and followed to its end; or a manual job of a pipeline that is
    there already.

    - `mode`: `pipeline` makes a pipeline, `job` starts a manual job.
    - `ref` (text): the branch or tag that it runs on.
    - `inputs` (mapping of texts, numbers, true, false and lists; default `{environment:
      "{environment}"}`): the inputs of the pipeline, from GitLab 18.1 on; with `mode: job` those of
      a job that is played, from 18.10 on, and none by default.
    - `variables` (mapping of texts): variables of the pipeline, in place of inputs.
    - `correlation` (name of an input or variable, or `false`; default `opsroom`, with `variables`
      `OPSROOM`): the input or variable by which a pipeline is found again; `false` where it has
      none.
    - `job` (text; default none; required with `mode: job`): the job that must have succeeded, or
      the manual job.
    - `children`: whether pipelines that the pipeline started count, and those that these started.
    - `versions`: with `git` a version is a tag, branch or commit of `source`, with `any` anything
      at all.
    - `time_limit`: how long the pipeline or job may take; then it is cancelled.
    """
    mode = Mode(_choice(fields, "mode", Mode, Mode.PIPELINE.value))
    project = read_project(fields)
    by_variables = fields.has("variables") and not fields.has("inputs")
    options = Options(
        access=read_access(fields),
        project=project,
        mode=mode,
        source=read_project(fields, "source", project or "-"),
        versions=Versions(_choice(fields, "versions", Versions, "git")),
        ref=_template(fields, "ref", "{version}", _REF, _REF_TEXT, "a branch, or {version}"),
        inputs=_values(fields, "inputs", mode is Mode.PIPELINE and not by_variables),
        variables=_values(fields, "variables", False),
        by_variables=by_variables,
        correlation=_correlation(fields, by_variables),
        job=_job(fields, mode),
        children=Children(_choice(fields, "children", Children, "wait")),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
    )
    _check(fields, options)
    return options


def _choice(fields: Fields, key: str, choices: Any, default: str) -> str:
    return fields.text(key, default, choices=[one.value for one in choices]) or default


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


def _job(fields: Fields, mode: Mode) -> str:
    if mode is Mode.PIPELINE:
        return _template(fields, "job", "", _PLACE, None, "the name of a job")
    text = fields.text("job", expected="the name of the manual job")
    _complain_of_unknown(fields, "job", text, _PLACE)
    return text


def _values(fields: Fields, key: str, with_default: bool) -> Mapping[str, Any]:
    template = read_template(fields, key, _VALUES)
    return _DEFAULTS[key] if with_default and not fields.has(key) else template


def _correlation(fields: Fields, by_variables: bool) -> str:
    if fields.raw("correlation") is False:
        return ""
    what, default, pattern = (
        ("a variable", "OPSROOM", _VARIABLE) if by_variables else ("an input", "opsroom", _INPUT)
    )
    expected = f"the name of {what}, or false where the pipeline has none for it"
    return fields.text("correlation", default, pattern=pattern, expected=expected)


def _check(fields: Fields, options: Options) -> None:
    """Complain of what does not fit together."""
    if options.mode is Mode.JOB:
        _check_job(fields, options)
        return
    if fields.has("inputs") and fields.has("variables"):
        fields.problem("variables", "a pipeline gets inputs or variables, not both")
    _check_values(fields, "inputs", options.inputs, _INPUT, options.correlation)
    _check_values(fields, "variables", options.variables, _VARIABLE, options.correlation)
    bound = holds(options.ref, "version")
    handed_over = (options.inputs, options.variables)
    if not bound and not any(holds(handed_over, one) for one in ("version", "commit")):
        key = "variables" if options.by_variables else "inputs"
        fields.problem("ref", f"expected {{version}} in ref, or {{version}} or {{commit}} in {key}")
    if bound and options.versions is Versions.ANY:
        fields.problem("versions", "any version can be deployed only where ref has no {version}")
    if bound and options.source != options.project:
        fields.problem("source", "versions of another project need a ref without {version}")


def _check_job(fields: Fields, options: Options) -> None:
    _check_values(fields, "inputs", options.inputs, _INPUT, "")
    for key in ("variables", "correlation", "children"):
        if fields.holds(key):
            fields.problem(key, "means nothing with mode: job")
    for key in ("source", "versions"):
        if fields.holds(key):
            fields.problem(key, "a job runs on a version of its own project")
    if not holds(options.ref, "version"):
        fields.problem("ref", "expected {version} in it, since a job runs on the version itself")


def _check_values(
    fields: Fields, key: str, values: Mapping[str, Any], pattern: Pattern[str], correlation: str
) -> None:
    what = "an input" if key == "inputs" else "a variable"
    for name, value in values.items():
        if not pattern.match(name):
            fields.problem(f"{key}.{name}", f"expected the name of {what}")
        elif name == correlation:
            fields.problem(f"{key}.{name}", "is sent anyway; name another under correlation")
        elif key == "inputs" and not _can_be_input(value):
            fields.problem(
                f"inputs.{name}",
                f"expected a text, a number, true, false or a list of them, found {found(value)}",
            )
        elif key == "variables" and (isinstance(value, float) or not isinstance(value, (str, int))):
            fields.problem(
                f"variables.{name}", f"expected a text; put quotes around {found(value)}"
            )


def _can_be_input(value: Any) -> bool:
    if isinstance(value, list):
        return all(_can_be_input(one) and not isinstance(one, list) for one in value)
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
