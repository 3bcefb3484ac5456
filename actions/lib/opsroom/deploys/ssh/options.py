"""The keys of the deploy kind ssh."""

from __future__ import annotations

from typing import Tuple

from ...config.fields import Fields
from ...names import either
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import unknown
from ...vendors.ssh import Access, read_access
from ..steps import Steps, read_steps

PLACEHOLDERS = ("app", "environment", "version", "host", "deployment")
_FOLDER = lazy_pattern(r"^(?!-)[^\0\n]+\Z")


@dataclass(frozen=True)
class Options:
    """`command` with its placeholders; `folder` on the hosts, from the user's home folder on.
    `time_limit` in seconds, for the commands on all hosts."""

    access: Access
    command: Tuple[str, ...]
    folder: str = ".opsroom"
    time_limit: float = 1800.0
    steps: Steps = Steps()


def read_options(fields: Fields) -> Options:
    """Runs a command on each of several hosts, one after another.

    - `command`: the program on the hosts and its arguments; each argument arrives as it is.
    - `folder` (path on the hosts): where the state of deployments is kept, from the user's home
      folder on.
    - `time_limit`: how long the commands may take on all hosts together; then they are ended.
      Pauses and checks do not count.
    - `steps` (list of numbers and percentages, the last of which is `100%`; default one host after
      another): how many hosts have the version after each step; the hosts of one step are deployed
      side by side.
    - `pause` (default none): how long to wait between two steps.
    - `check` (mapping): what has to hold after a step, and again after its pause; otherwise the
      version from before is brought back. With `steps` the version source is asked as well.
    """
    options = Options(
        access=read_access(fields),
        command=fields.arguments("command"),
        folder=fields.text("folder", ".opsroom", pattern=_FOLDER, expected="a path"),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
        steps=read_steps(fields),
    )
    known = either(f"{{{name}}}" for name in PLACEHOLDERS)
    for argument in options.command:
        for name in unknown(argument, PLACEHOLDERS):
            fields.problem("command", f"{{{name}}} is not filled in here; known: {known}")
    return options
