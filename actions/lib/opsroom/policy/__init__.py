"""May this happen now? Pure decisions with reason codes; nothing here does input or output."""

from __future__ import annotations

from typing import Optional

from ..errors import Code, Refusal
from ..structs import dataclass


@dataclass(frozen=True)
class Decision:
    """Yes, or no with the reason, what is in the way and what would work."""

    allowed: bool
    code: Optional[Code] = None
    message: str = ""
    hint: str = ""

    def enforce(self) -> None:
        """Raise the refusal when the answer is no."""
        if not self.allowed and self.code is not None:
            raise Refusal(self.code, self.message, self.hint)


YES = Decision(True)


def no(code: Code, message: str, hint: str = "") -> Decision:
    """A refusal as a decision."""
    return Decision(False, code, message, hint)
