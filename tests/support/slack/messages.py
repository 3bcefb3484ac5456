"""Messages of Slack that are the same command, whichever relay hears them."""

from __future__ import annotations

from typing import Any, Dict, Tuple

TYPED = 'echo a <b> & &amp; c\n\n  "two"\nhttps://a.example/?x=1&y=2 end'
_THREAD = {"thread_ts": "1796000000.000100"}
# What Slack sends with a message beside its text.
KINDS: Tuple[Dict[str, Any], ...] = (
    {},
    {"subtype": "me_message"},
    {"subtype": "file_share", "files": []},
    {"subtype": "thread_broadcast", **_THREAD},
    _THREAD,
)
