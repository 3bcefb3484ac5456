"""Ask an action of StackStorm which version runs: what it returns, or a part of that."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import field
from typing import Any, Callable, Mapping

from ..config.fields import Fields
from ..config.templates import read_template
from ..deploys import Target
from ..errors import Code, Failure, OpsroomError
from ..expressions import search
from ..expressions.json_values import as_version, described, may_have_lost_zeros
from ..names import VERSION, shown
from ..stackstorm.client import Execution, here, why
from ..stackstorm.options import read_access, read_action
from ..structs import dataclass
from ..templates import filled
from ..text import one_line
from ..text.terminal import without_sequences
from . import Running, VersionSource

_KNOWN = ("app", "environment")
_PAUSE = 0.3

# Tests put their own clock here, in seconds.
clock: Callable[[], float] = time.monotonic
wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Options:
    """`action` and `parameters` as for the deploy kind; `json` finds the version in the result
    (JMESPath)."""

    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    json: str = "result"
    time_limit: float = 30.0
    url: str = ""
    api_key: str = field(default="", repr=False)
    verify: str = ""


def read_options(fields: Fields) -> Options:
    """Runs an action of StackStorm each time it is asked, and takes the version out of what it
    returns.

    - `action` (reference of an action): the action, such as `acme.get_version`.
    - `parameters` (mapping): the parameters of the action.
    - `json` (JMESPath expression): where the version is in the result; of a Python action, what it
      returned is `result`.
    - `time_limit`: how long it may take; then it is cancelled.
    - `api_key` (default the token of this execution): an API key, for another StackStorm or another
      user.
    """
    url, key, verify = read_access(fields)
    return Options(
        action=read_action(fields),
        parameters=read_template(fields, "parameters", _KNOWN),
        json=fields.text("json", "result", expected="a JMESPath expression such as result.version"),
        time_limit=fields.seconds("time_limit", 30.0, minimum=1.0),
        url=url,
        api_key=key,
        verify=verify,
    )


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment."""
    return StackStormVersion(options, target)


class StackStormVersion:
    """Runs the action each time it is asked."""

    def __init__(self, options: Options, target: Target) -> None:
        self._options = options
        self._values = {"app": target.app, "environment": target.environment}

    def ask(self) -> Running:
        """An action that succeeds and returns nothing there says that nothing is deployed.

        Raises Failure: timed_out (it is cancelled then), bad_answer when it does not succeed or
        returns no version.
        """
        options = self._options
        ended = self._run()
        if ended.status != "succeeded":
            reason = one_line(why(ended), 160) or "it does not say why"
            message = f"{options.action} ended as {ended.status}: {reason.rstrip('.')}."
            raise Failure(
                Code.BAD_ANSWER, message, f"See execution {ended.id}.", {"execution": ended.id}
            )
        value = search(options.json, ended.result, f"the result of {options.action}")
        if isinstance(value, str):
            value = without_sequences(value)  # what a remote command printed
        found = "" if value is None else as_version(value)
        if found == "":
            return Running("")
        where = f"{options.action} returned {{}} at '{options.json}'"
        see = f"See execution {ended.id}."
        if found is None or not VERSION.match(found):
            message = f"{where.format(shown(described(value)))}, which is not a version."
            raise Failure(Code.BAD_ANSWER, message, see)
        if may_have_lost_zeros(value):
            message = (
                f"{where.format(f'the number {found}')}. StackStorm drops the zeros at its "
                f"end: it may be {found}0."
            )
            raise Failure(
                Code.BAD_ANSWER, message, f"Let the action return the version as text. {see}"
            )
        return Running(found)

    def _run(self) -> Execution:
        options = self._options
        storm = here(options.url, options.api_key, options.verify)
        until = clock() + options.time_limit
        note = {"asks": secrets.token_hex(8)}
        execution = storm.start(options.action, filled(options.parameters, self._values), note)
        while not execution.ended:
            if clock() >= until:
                with suppress(OpsroomError):
                    storm.cancel(execution.id)
                message = f"{options.action} did not end within {options.time_limit:g} s."
                raise Failure(
                    Code.TIMED_OUT, message, facts={"execution": execution.id, "sent": True}
                )
            wait(_PAUSE)
            execution = storm.get(execution.id)
        return execution
