"""What an examination found: a sentence about one part of the installation, and its cure. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, Iterable, List, Sequence

from ...errors import Code, OpsroomError
from ...structs import dataclass
from ...text import MESSAGE_CHARACTERS, one_line


class State(str, Enum):
    """How a part is. UNKNOWN: it cannot be asked without doing something, or not by this user."""

    WRONG = "wrong"
    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"
    FINE = "fine"


@dataclass(frozen=True)
class Finding:
    """One part of the installation (`tracker jira`), how it is, in a sentence, and what to do."""

    part: str
    state: State
    text: str
    cure: str = ""

    def facts(self) -> Dict[str, Any]:
        """As the execution's result has it."""
        return {
            "part": self.part,
            "state": self.state.value,
            "text": self.text,
            "cure": self.cure,
        }


# Of a part that refuses what nobody asked of it.
_NOT_ASKED = (Code.NOT_POSSIBLE, Code.CANNOT_TELL_VERSION, Code.CANNOT_DEPLOY)


def of_error(part: str, error: OpsroomError) -> Finding:
    """What the error of a provider says of it."""
    state = State.UNKNOWN if error.code in _NOT_ASKED else State.WRONG
    return Finding(part, state, one_line(error.message, 300), one_line(error.hint, 300))


def in_order(findings: Iterable[Finding]) -> List[Finding]:
    """What is wrong first, then what is doubtful; each as they came."""
    rank = {state: number for number, state in enumerate(State)}
    return sorted(findings, key=lambda one: rank[one.state])


def lines(findings: Sequence[Finding]) -> List[str]:
    """All of them for a terminal: one line each, with its cure below."""
    width = max((len(one.part) for one in findings), default=0)
    found: List[str] = []
    for one in in_order(findings):
        found.append(f"{one.state.value:<8}  {one.part:<{width}}  {one.text}")
        if one.cure:
            found.append(f"{'':<8}  {'':<{width}}  -> {one.cure}")
    return found


# Lines of an answer in a room beside its first.
_MAX_LINES = 6


def message(findings: Sequence[Finding], place: str) -> str:
    """What a room reads: how many parts are well, then those that are not, as many as fit.
    `place` is where all of them can be seen."""
    troubles = [one for one in in_order(findings) if one.state in (State.WRONG, State.DOUBTFUL)]
    fine = sum(one.state is State.FINE for one in findings)
    unknown = sum(one.state is State.UNKNOWN for one in findings)
    first = f"{fine} of {len(findings)} parts are fine"
    first += f", {unknown} cannot be asked." if unknown else "."
    if not troubles:
        return first
    shown: List[str] = []
    for count in range(min(len(troubles), _MAX_LINES), 0, -1):
        left = len(troubles) - count
        rest = [f"and {left} more: {place}"] if left else []
        room = (MESSAGE_CHARACTERS - len(first) - sum(map(len, rest)) - 10) // count - 4
        shown = [
            first,
            *(one_line(_sentence(one), room) for one in troubles[:count]),
            *rest,
        ]
        # Less than this says nothing of a fault.
        if room >= _MIN_ROOM:
            break
    return "\n".join(shown)


_MIN_ROOM = 90


def _sentence(finding: Finding) -> str:
    return f"{finding.state.value}: {finding.part}: {finding.text} {finding.cure}".strip()
