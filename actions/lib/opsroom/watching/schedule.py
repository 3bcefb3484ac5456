"""When each source is looked at next: on its own interval, all of them spread evenly over it."""

from __future__ import annotations

import hashlib
import heapq
from typing import Dict, List, Tuple


def phase(key: str) -> float:
    """Where in its interval a source is looked at: from 0 to below 1, always the same for the same name."""
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:6], "big") / 2**48


class Schedule:
    """Times are seconds of a clock that never goes back. Not for two threads at once."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._due: Dict[str, float] = {}
        self._intervals: Dict[str, float] = {}
        self._heap: List[Tuple[float, str]] = []

    def set(self, intervals: Dict[str, float], now: float) -> None:
        """Watch these and no others. Those that were there already, with the same interval, keep their time."""
        for key, interval in intervals.items():
            if self._intervals.get(key) != interval:
                self._intervals[key] = interval
                self._push(key, self._next(key, now))
        for key in set(self._intervals) - set(intervals):
            del self._intervals[key], self._due[key]

    def due(self, now: float) -> List[str]:
        """The sources to look at, the one that waits longest first. Each is due again one interval later."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            at, key = heapq.heappop(self._heap)
            if self._due.get(key) == at:
                found.append(key)
                self._push(key, self._next(key, now))
        return found

    def put_off(self, key: str, until: float) -> None:
        """Look at it at that time instead, sooner or later than its interval says."""
        if key in self._due:
            self._push(key, until)

    def next(self) -> float:
        """When something is due; infinity when nothing is."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")

    def _push(self, key: str, at: float) -> None:
        self._due[key] = at
        heapq.heappush(self._heap, (at, key))

    def _next(self, key: str, now: float) -> float:
        """The first of its times after now. A machine that slept does not make up for what it missed."""
        interval = self._intervals[key]
        first = self._start + phase(key) * interval
        return first if first > now else first + ((now - first) // interval + 1) * interval
