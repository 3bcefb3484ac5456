"""Ask hosts which version runs, through SSH: by a command or a file on each of them. They have to
agree."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Dict, List, Optional, Pattern, Tuple

from ..config.fields import Fields
from ..deadline import together
from ..deploys import Target
from ..errors import Code, Failure, OpsroomError
from ..names import VERSION, either, listed, shown
from ..structs import dataclass
from ..templates import fill, unknown
from ..text import one_line
from ..text.charset import unmarked
from ..text.terminal import is_visible
from ..vendors.ssh import AT_ONCE, Access, read_access
from . import Running, VersionSource, same_version
from .expressions import found_by, read_expression

if TYPE_CHECKING:
    from ..vendors.ssh.client import Client

_KNOWN = ("app", "environment", "host")


@dataclass(frozen=True)
class Options:
    """`command` with its placeholders, or `file`, a path on the hosts. `time_limit` in seconds, for
    each host beyond its connection."""

    access: Access
    command: Tuple[str, ...] = ()
    file: str = ""
    regex: Optional[Pattern[str]] = None
    time_limit: float = 10.0


def read_options(fields: Fields) -> Options:
    """The version that a command prints on each of several hosts, or that a file there holds. Hosts
    that differ have no version: the answer says which has what.

    - `file` (path on the hosts; required unless there is `command`): the file whose first line is
      the version; where it does not exist, nothing is deployed.
    - `command` (list of arguments; required unless there is `file`): the program that prints the
      version in its first line, and nothing where nothing is deployed.
    - `regex` (regular expression with a group): finds the version in all of it instead: the group
      `version`, else the first.
    - `time_limit`: how long each host may take, beyond its connection.
    """
    named = fields.raw("command") is not None
    options = Options(
        access=read_access(fields),
        command=fields.arguments("command") if named else (),
        file=fields.text("file", "", expected="a path on the hosts"),
        regex=read_expression(fields, "regex"),
        time_limit=fields.seconds("time_limit", 10.0, minimum=0.1),
    )
    if named == fields.has("file"):
        fields.problem("command", "expected either this or file: what says which version runs")
    known = either(f"{{{name}}}" for name in _KNOWN)
    places = [("command", one) for one in options.command] + [("file", options.file)]
    for key, template in places:
        for name in unknown(template, _KNOWN):
            fields.problem(key, f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment."""
    return SshVersion(options, target)


class SshVersion:
    """Asks all hosts each time."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._target = target

    def ask(self) -> Running:
        """The version of every host. A command that prints nothing, and a file that is empty or not
        there, say that nothing is deployed.

        Raises Refusal(not_configured), and Failure: of the first host that does not answer;
        bad_answer when one answers with no version, and when they differ, host by host.
        """
        # The config is read for every message, hosts are asked for few.
        from ..vendors.ssh.client import Client

        options = self._options
        hosts = options.access.hosts_of(self._target.app, self._target.environment)
        with Client(options.access) as client:
            questions = {host: partial(self._ask, client, host) for host in hosts}
            limit = options.access.connect_timeout + options.time_limit + 5.0
            answers = together(questions, limit * (len(hosts) // AT_ONCE + 1), AT_ONCE)
        found: Dict[str, List[str]] = {}
        for host, answer in answers.items():
            if isinstance(answer, OpsroomError):
                raise answer
            name = next(
                (one for one in found if one == answer or same_version(one, answer)), answer
            )
            found.setdefault(name, []).append(host)
        if len(found) > 1:
            each = [f"{version or 'nothing'} on {listed(on)}" for version, on in found.items()]
            raise Failure(
                Code.BAD_ANSWER,
                f"Hosts of {self._target.app} on {self._target.environment} differ: "
                f"{listed(each)}.",
                f"To bring all to one version: deploy {self._target.app} VERSION to "
                f"{self._target.environment}",
                {"mixed": True, "versions": {version: list(on) for version, on in found.items()}},
            )
        return Running(next(iter(found)))

    def _ask(self, client: Client, host: str) -> str:
        """The version on one host; empty where nothing is deployed."""
        options = self._options
        values = {"app": self._target.app, "environment": self._target.environment, "host": host}
        command = [fill(one, values) for one in options.command]
        if options.file:
            script = 'if [ -e "$1" ] || [ -L "$1" ]; then cat "$1"; fi'
            command = ["sh", "-c", script, "opsroom", fill(options.file, values)]
        answer = client.run(host, command, options.time_limit)
        program = "cat" if options.file else command[0].rpartition("/")[2]
        what = f"'{program}' on {host}"
        if answer.status != 0:
            last = f": {one_line(answer.errors[-1], 200)}" if answer.errors else ""
            message = f"{what} ended with status {answer.status}{last}"
            raise Failure(Code.BAD_ANSWER, message.rstrip(".") + ".", facts={"host": host})
        lines = [unmarked(line) for line in answer.text.splitlines() if is_visible(line)]
        if not lines:
            return ""
        value = (
            found_by(options.regex, answer.text, f"the output of {what}")
            if options.regex
            else lines[0]
        )
        if value is None or not VERSION.match(value):
            message = (
                f"{what} printed nothing that the regular expression finds: {shown(lines[0])}."
                if value is None
                else f"{what} printed {shown(value)}, which is not a version."
            )
            raise Failure(Code.BAD_ANSWER, message, facts={"host": host})
        return value
