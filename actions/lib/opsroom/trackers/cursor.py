"""What a watched tracker remembers between two looks: a JSON text of any shape."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Mapping, Optional

# What happened at one moment may show a little later, and clocks differ: each look begins so much
# before the last end.
OVERLAP = timedelta(seconds=120)
# After a longer absence, what happened before that is no longer reported: the ids of what was
# reported are kept for a month.
MAX_ABSENCE = timedelta(days=7)


def recall(since: str) -> Dict[str, Any]:
    """What was remembered; empty for the first look, and for what nobody can read."""
    try:
        found = json.loads(since) if since else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and moment_in(found, "begun") else {}


def remember(**values: Any) -> str:
    """The text to remember. Moments are written as ISO 8601."""
    plain = {
        key: one.isoformat() if isinstance(one, datetime) else one for key, one in values.items()
    }
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def moment_in(found: Mapping[str, Any], key: str) -> Optional[datetime]:
    """A moment that was remembered; None when there is none."""
    try:
        at = datetime.fromisoformat(str(found.get(key)))
    except ValueError:
        return None
    return at if at.tzinfo else None


def now() -> datetime:
    """This machine's time."""
    return datetime.now(timezone.utc)


def start(last: datetime) -> datetime:
    """From when on to look: a little before the end of the last look, and not too far back."""
    return max(last - OVERLAP, now() - MAX_ABSENCE)
