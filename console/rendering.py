"""What the room reads: the acknowledgement and the result of an execution, by the templates of its
alias."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Mapping

from .aliases import Alias
from .expressions import CannotRender, render, render_values

# Used when an alias has no format of its own; StackStorm's default is longer and shows stderr as
# well.
DEFAULT_TEMPLATE = """\
Action {{ execution.action.ref }} completed.
status : {{ execution.status }}
execution: {{ execution.id }}
{% if execution.result %}
result : {{ execution.result.result }}
{% endif %}
"""

# chatops.post_result is a workflow: it evaluates what is left of expressions in the finished
# message once more.
_EVALUATED = re.compile(r"\{\{|\{%|<%")


@dataclass(frozen=True)
class Rendered:
    """A message for the room.

    `shown` is False when the alias says that nothing is posted; `problem` is why StackStorm
    could not post it.
    """

    message: str = ""
    shown: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def unsafe(self) -> bool:
        """Whether StackStorm's result workflow would evaluate something in the message."""
        return bool(_EVALUATED.search(self.message))


def render_result(alias: Alias, execution: Mapping[str, Any]) -> Rendered:
    """The result as `chatops.post_result` would post it."""
    if not alias.result.get("enabled", True):
        return Rendered(shown=False)
    context = {"execution": execution, "alias": _described(alias)}
    try:
        # An undefined name is empty in the format, and an error in the extra.
        message = render(str(alias.result.get("format", DEFAULT_TEMPLATE)), context, strict=False)
    except CannotRender as error:
        return Rendered(problem=f"The result format of {alias.name} cannot be rendered: {error}")
    try:
        extra = render_values(alias.result.get("extra") or {}, context)
    except CannotRender as error:
        return Rendered(
            message, problem=f"The result extra of {alias.name} cannot be rendered: {error}"
        )
    return Rendered(message, extra=extra)


def render_ack(alias: Alias, execution: Mapping[str, Any]) -> Rendered:
    """The acknowledgement that the relay posts before the action has ended; not shown where the
    alias has none."""
    if not alias.ack.get("enabled", True) or "format" not in alias.ack:
        return Rendered(shown=False)
    context = {"execution": execution, "actionalias": _described(alias)}
    try:
        return Rendered(render(str(alias.ack["format"]), context))
    except CannotRender as error:
        return Rendered(problem=f"The acknowledgement of {alias.name} cannot be rendered: {error}")


def _described(alias: Alias) -> Mapping[str, Any]:
    return {
        "name": alias.name,
        "action_ref": alias.action_ref,
        "description": alias.description,
        "ack": alias.ack,
        "result": alias.result,
    }
