"""Moments as services write them: ISO 8601, with or without a fraction, a zone, and a colon in the
zone."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Optional

from ..structs.patterns import lazy_pattern

_MOMENT = lazy_pattern(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?"
    r"(?: ?(?:(Z|UTC)|([+-]\d\d):?(\d\d)))?",
    re.ASCII,
)


def moment_of(value: Any) -> Optional[datetime]:
    """A moment such as 2026-11-23T10:00:00.000+0000, in UTC; None when it is none.

    Without a zone it is taken for UTC. Python reads all of these forms only since 3.11.
    """
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    day, clock, fraction, _, hours, minutes = found.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    zone = f"{hours}:{minutes}" if hours else "+00:00"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{micros}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
