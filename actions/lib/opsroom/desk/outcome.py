"""What a use case hands back: whether it worked, a code, the message for the room, and the facts as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from ..errors import Code


@dataclass(frozen=True)
class Outcome:
    """The answer to one message. `facts` may hold anything that JSON can; it is neutralised on the way out."""

    ok: bool
    code: Code
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
