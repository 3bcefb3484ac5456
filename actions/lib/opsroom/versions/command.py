"""Ask a command which version runs: the first line it prints, or what a regular expression finds in
its output."""

from __future__ import annotations

from dataclasses import field
from typing import Mapping, Optional, Pattern, Tuple

from ..config.fields import Fields
from ..deploys import Target
from ..errors import Code, Failure
from ..names import VERSION, either, shown
from ..structs import dataclass
from ..subprocesses import capture
from ..templates import fill, unknown
from ..text.terminal import is_visible
from . import Running, VersionSource
from .expressions import found_by, read_expression

_KNOWN = ("app", "environment")


@dataclass(frozen=True)
class Options:
    """The command with its placeholders; `time_limit` in seconds. `secret_environ` is passed as it
    stands."""

    command: Tuple[str, ...]
    regex: Optional[Pattern[str]] = None
    cwd: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    secret_environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    time_limit: float = 10.0


def read_options(fields: Fields) -> Options:
    """The first line that a program prints, or what `regex` finds in its output. It prints nothing
    where nothing is deployed. Colours and other control sequences of terminals are left out, as is
    a byte order mark; UTF-16 and UTF-32 are read.

    - `command`: the program and its arguments; there is no shell.
    - `regex` (regular expression with a group): finds the version in all that is printed, such as
      `worker ([0-9.]+)`: the group `version`, else the first.
    - `cwd` (path; default that of the runner): the folder in which it runs.
    - `environ`: environment variables for the program, added to the runner's.
    - `secret_environ`: environment variables whose values are secret: they are passed as they are,
      and masked.
    - `time_limit`: how long the program may take; then it and all that it started are ended.
    """
    options = Options(
        command=fields.arguments("command"),
        regex=read_expression(fields, "regex"),
        cwd=fields.text("cwd", ""),
        environ=fields.text_map("environ"),
        secret_environ=fields.secret_map("secret_environ", beside="environ"),
        time_limit=fields.seconds("time_limit", 10.0, minimum=0.1),
    )
    known = either(f"{{{name}}}" for name in _KNOWN)
    places = [("command", argument) for argument in options.command] + [("cwd", options.cwd)]
    places += [(f"environ.{name}", value) for name, value in options.environ.items()]
    for key, template in places:
        for name in unknown(template, _KNOWN):
            fields.problem(key, f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment."""
    return CommandVersion(options, target)


class CommandVersion:
    """Runs the command each time it is asked."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._values = {"app": target.app, "environment": target.environment}

    def ask(self) -> Running:
        """A command that succeeds and prints nothing says that nothing is deployed.

        Raises Failure: timed_out; bad_answer when it cannot be run, ends with another status than
        0, or prints no version.
        """
        options = self._options
        ended = capture(
            [fill(argument, self._values) for argument in options.command],
            options.time_limit,
            cwd=fill(options.cwd, self._values),
            environ={
                **{name: fill(value, self._values) for name, value in options.environ.items()},
                **options.secret_environ,
            },
            code=Code.BAD_ANSWER,
        )
        if ended.status != 0:
            raise Failure(Code.BAD_ANSWER, ended.sentence(), facts={"status": ended.status})
        text = ended.text
        lines = [line.strip() for line in text.splitlines() if is_visible(line)]
        if not lines:
            return Running("")
        value = (
            found_by(options.regex, text, f"the output of '{ended.program}'")
            if options.regex
            else lines[0]
        )
        if value is None:
            message = (
                f"'{ended.program}' printed nothing that the regular expression finds: "
                f"{shown(lines[0])}."
            )
            raise Failure(Code.BAD_ANSWER, message)
        if not VERSION.match(value):
            raise Failure(
                Code.BAD_ANSWER,
                f"'{ended.program}' printed {shown(value)}, which is not a version.",
            )
        return Running(value)
