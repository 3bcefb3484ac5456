"""Deploy by a command: an argument list with {app}, {version} and {environment}, never a shell."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Dict, Mapping, Tuple

from ..config.fields import Fields
from ..errors import Code, Failure
from ..names import check_version, either
from ..structs import dataclass
from ..subprocesses import run, still_running
from ..templates import KNOWN, fill, unknown
from . import Deployer, Job, Resolved, Target


@dataclass(frozen=True)
class Options:
    """The command with its placeholders; `time_limit` in seconds. `secret_environ` is passed as it
    stands."""

    command: Tuple[str, ...]
    cwd: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    secret_environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    time_limit: float = 900.0


def read_options(fields: Fields) -> Options:
    """A program of yours. Status 0 is success; what it prints is the progress, and its last line is
    reported when it fails. Colours and other control sequences of terminals are taken out.

    - `command`: the program and its arguments; there is no shell.
    - `cwd` (path; default that of the runner): the folder in which it runs.
    - `environ`: environment variables for the program, added to the runner's.
    - `secret_environ`: environment variables whose values are secret: they are passed as they are,
      and masked.
    - `time_limit`: how long the program may take; then it and all that it started are ended.
    """
    options = Options(
        command=fields.arguments("command"),
        cwd=fields.text("cwd", ""),
        environ=fields.text_map("environ"),
        secret_environ=fields.secret_map("secret_environ", beside="environ"),
        time_limit=fields.seconds("time_limit", 900.0, minimum=1.0),
    )
    known = either(f"{{{name}}}" for name in KNOWN)
    places = [("command", argument) for argument in options.command] + [("cwd", options.cwd)]
    places += [(f"environ.{name}", value) for name, value in options.environ.items()]
    for key, template in places:
        for name in unknown(template):
            fields.problem(key, f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment."""
    return CommandDeployer(options, target)


class CommandDeployer:
    """Runs the command; what it prints is the progress, status 0 is success."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._target = target

    def resolve(self, version: str) -> Resolved:
        """The version as it was typed: what exists is for the command to know."""
        return Resolved(check_version(version), version)

    def deploy(self, resolved: Resolved, job: Job) -> None:
        """Raises Failure(deploy_failed) with the last line of the output, or Failure(timed_out)."""
        # An argument that begins with a placeholder cannot become an option: no name or version
        # begins with a dash.
        values = {
            "app": self._target.app,
            "environment": self._target.environment,
            "version": check_version(resolved.version),
        }
        options = self._options
        job.check()
        ended = run(
            [fill(argument, values) for argument in options.command],
            options.time_limit,
            cwd=fill(options.cwd, values),
            environ={
                **{name: fill(value, values) for name, value in options.environ.items()},
                **options.secret_environ,
            },
            on_line=job.note,
            check=job.check,
        )
        if ended.status != 0:
            facts: Dict[str, Any] = {"status": ended.status, "output": list(ended.lines)}
            if ended.left:
                facts["left_running"] = [str(one) for one in ended.left]
            raise Failure(Code.DEPLOY_FAILED, ended.sentence(), facts=facts)
        if ended.left:
            job.note(still_running(ended.left))
