"""What comes of a message in the room, as the stories about every kind read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict


@dataclass(frozen=True)
class Answer:
    """What came of a message: did it work, its code, what the room reads, the facts."""

    ok: bool
    code: str
    message: str
    facts: Dict[str, Any]


Say = Callable[[str, str], Answer]


def worked(answer: Answer, code: str) -> Answer:
    """The answer, which worked and had that code."""
    assert (answer.ok, answer.code) == (True, code), answer
    assert len(answer.message) <= 400
    return answer
