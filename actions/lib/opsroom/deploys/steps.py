"""Bringing a version to some of the parts of a place first, then to more: how many in each step,
the pause after it, and the check that has to pass before the next.

For kinds whose place has several parts, such as hosts. What decides is pure; `checks` asks.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar

from ..config.fields import Fields
from ..config.problems import found
from ..config.templates import read_template
from ..http.options import read_verify
from ..names import either
from ..stackstorm.options import read_action
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import unknown
from ..text import span

# What `check` fills in. `host` is the part that is asked about.
PLACEHOLDERS = ("app", "environment", "version", "host", "deployment")

_PERCENT = lazy_pattern(r"^([0-9]{1,3})\s*%\Z")
_ADDRESS = lazy_pattern(r"^(?i:https?)://[^\s/?#@]+[^\s@]*\Z")
_EXPECTED = "expected a list such as [10%, 50%, 100%] or [1, 5, 100%]"

# The actions' own time limit, in seconds.
_MAX_LIFE = 3600.0

Part = TypeVar("Part")


class Size(NamedTuple):
    """How much has the version after a step: so many parts, or so many percent of them."""

    number: int
    percent: bool = False

    def of(self, count: int) -> int:
        """The number of parts out of `count`; of a share that is no whole number, the next one."""
        wanted = -(-count * self.number // 100) if self.percent else self.number
        return min(max(wanted, 1), count)

    def __str__(self) -> str:
        return f"{self.number} %" if self.percent else str(self.number)


@dataclass(frozen=True)
class Check:
    """What has to hold after a step: an address that answers 2xx, with `text` in the answer where
    there is one; or an action of StackStorm that succeeds. `within` in seconds."""

    url: str = ""
    text: str = ""
    verify: str = ""
    action: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    within: float = 60.0

    @property
    def each(self) -> bool:
        """Whether it is asked for each part of a step."""
        return "{host}" in self.url or "{host}" in self.text


@dataclass(frozen=True)
class Steps:
    """`sizes` in their order, the last of which is all; none: one part after another. `pause` in
    seconds."""

    sizes: Tuple[Size, ...] = ()
    pause: float = 0.0
    check: Optional[Check] = None

    @property
    def pauses(self) -> float:
        """How long all pauses take, in seconds; of steps that are not named in the config it is
        not known."""
        return self.pause * max(len(self.sizes) - 1, 0)


# One part after another, and nothing in between.
PLAIN = Steps()


def read_steps(fields: Fields) -> Steps:
    """How many parts have a new version after each step, and what has to hold then.

    - `steps` (list of numbers and percentages, the last of which is `100%`; of a StatefulSet only;
      default all pods): how many pods have the version after each step.
    - `pause` (default none): how long to wait between two steps; all pauses have to fit into
      `time_limit`.
    - `check` (mapping): what has to hold after each step, or after the roll-out; otherwise the
      images from before are set again. `{host}` is a pod of the step.
    """
    steps = Steps(
        sizes=_read_sizes(fields),
        pause=fields.seconds("pause", 0.0, maximum=_MAX_LIFE),
        check=_read_check(fields),
    )
    if steps.pauses >= _MAX_LIFE:
        what = f"expected less: StackStorm ends a deployment after {span(_MAX_LIFE)}, and "
        fields.problem("pause", f"{what}the pauses take {span(steps.pauses)}")
    return steps


def groups(steps: Steps, parts: Sequence[Part]) -> Tuple[Tuple[Part, ...], ...]:
    """Which parts belong to which step, in their order. A step that adds nothing is left out."""
    count = len(parts)
    ends = [size.of(count) for size in steps.sizes] or list(range(1, count + 1))
    result: List[Tuple[Part, ...]] = []
    begin = 0
    for end in [*ends, count]:
        if end > begin:
            result.append(tuple(parts[begin:end]))
            begin = end
    return tuple(result)


def reached(steps: Steps, number: int, count: int) -> int:
    """How many of `count` parts have the version after step `number`, which begins at 1; all of
    them after the last one."""
    if number >= len(steps.sizes):
        return count
    return max(size.of(count) for size in steps.sizes[:number])


def holds(body: str, text: str) -> bool:
    """Whether an answer has the text in it, as whole words: v1.2 is not in v1.2.0."""
    before = r"(?<![\w.-])" if text[:1].isalnum() else ""
    after = r"(?![\w-]|\.\w)" if text[-1:].isalnum() else ""
    return re.search(before + re.escape(text) + after, body) is not None


def _read_sizes(fields: Fields) -> Tuple[Size, ...]:
    raw = fields.raw("steps")
    if raw is None:
        return ()
    if not isinstance(raw, (list, tuple)) or not raw:
        fields.problem("steps", f"{_EXPECTED}, found {found(raw)}")
        return ()
    sizes: List[Size] = []
    for number, one in enumerate(raw):
        size = _size(one)
        if size is None:
            fields.problem(
                f"steps[{number}]", f"expected 1 or more, or 1% to 100%, found {found(one)}"
            )
            continue
        before = [other.number for other in sizes if other.percent == size.percent]
        if before and size.number <= before[-1]:
            fields.problem(f"steps[{number}]", "expected more than in the step before")
        sizes.append(size)
    if sizes and sizes[-1] != Size(100, percent=True):
        fields.problem("steps", "expected 100% as the last step")
    return tuple(sizes)


def _size(value: Any) -> Optional[Size]:
    if isinstance(value, int) and not isinstance(value, bool):
        return Size(value) if value > 0 else None
    match = _PERCENT.match(value) if isinstance(value, str) else None
    if match is None or not 1 <= int(match.group(1)) <= 100:
        return None
    return Size(int(match.group(1)), percent=True)


def _read_check(fields: Fields) -> Optional[Check]:
    """What has to hold after a step: an address or an action, exactly one of the two.

    - `url`: an http or https address that answers 2xx; a redirect is a failure. With `{host}` in
      it, it is asked for each host of the step.
    - `text`: what the answer has to hold, as whole words, such as `{version}`: `v1.2` is not in
      `v1.2.0`.
    - `action` (reference of an action): an action of StackStorm that succeeds, such as
      `acme.smoke_test`.
    - `parameters`: those of the action; `{host}` are the hosts of the step, with commas.
    - `within`: how long that may take. An address is asked again until then, an action is run once.
    """
    if not fields.has("check"):
        fields.raw("check")
        return None
    inner = fields.inside("check")
    by_url = inner.has("url")
    if by_url == inner.has("action"):
        inner.problem("url", "expected either this or action: what says that all is well")
    check = Check(
        url=inner.text("url", "", pattern=_ADDRESS, expected="an http or https address"),
        text=inner.text("text", ""),
        verify=read_verify(inner),
        action=read_action(inner) if inner.has("action") else "",
        parameters=read_template(inner, "parameters", PLACEHOLDERS),
        within=inner.seconds("within", 60.0, minimum=1.0, maximum=3600.0),
    )
    inner.raw("action")
    known = either(f"{{{name}}}" for name in PLACEHOLDERS)
    for key, template in (("url", check.url), ("text", check.text)):
        for name in unknown(template, PLACEHOLDERS):
            inner.problem(key, f"{{{name}}} is not filled in here; known: {known}")
    for key in ("text", "verify"):
        if inner.has(key) and not by_url:
            inner.problem(key, "expected url beside it: an action has none")
    if inner.has("parameters") and by_url:
        inner.problem("parameters", "expected action beside it: an address has none")
    inner.finish()
    return check
