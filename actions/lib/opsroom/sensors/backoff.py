"""How long a source that does not answer is left alone: as long as it asked for, else longer each
time."""

from __future__ import annotations

from typing import ClassVar, Optional

from ..errors import OpsroomError
from .source import retry_after


class BackingOff:
    """Doubles the pause with each failure, up to a quarter of an hour (or the interval, where that
    is longer)."""

    MAX_PAUSE: ClassVar[float] = 900.0

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._failures = 0

    def after(self, error: Optional[OpsroomError]) -> Optional[float]:
        """Seconds until the next look; None for the interval, after a success."""
        if error is None:
            self._failures = 0
            return None
        self._failures += 1
        asked = retry_after(error)
        grown = min(
            self._interval * 2.0 ** min(self._failures, 20), max(self.MAX_PAUSE, self._interval)
        )
        return max(asked, self._interval) if asked is not None else grown
