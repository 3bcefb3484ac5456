"""The sealed speaker: who says a command, in a form that only the relay can make.

The form and the seal are described in relays/README.md, with examples in relays/vectors.json.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import Optional

from . import VERSION

PURPOSE = "opsroom-relay-1"
RELAY = f"errbot/{VERSION}"
MIN_KEY = 32
# What a chat calls a message is short. XMPP's clients choose it, and may choose anything.
_MAX_MESSAGE = 200
_ONE_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")
_SEALED = re.compile(r"(\S+) errbot/\S+ \d+\.\d{3} \S+ [\w-]{43}")


class Sealer:
    """Seals speakers with a key of at least 32 characters. Raises ValueError for a shorter one."""

    def __init__(self, key: str) -> None:
        if len(key) < MIN_KEY:
            raise ValueError(f"the key has fewer than {MIN_KEY} characters")
        self._key = key.encode()

    def seal(self, identity: str, at: str, message: str, room: str, relay: str = RELAY) -> str:
        """The text that is handed over as the user.

        `identity` is the stable name with its chat (`xmpp:alice@example.com`), `at` when the relay
        got the message (`time_text`), `message` what the chat calls it, `room` the source_channel
        of the request. Raises ValueError for a part that is empty or has a blank in it.
        """
        parts = (identity, relay, at, message)
        for part in parts:
            if not _ONE_WORD.fullmatch(part):
                raise ValueError("a part of a sealed speaker is empty or has a blank in it")
        sealed = "\n".join((PURPOSE, *parts, room)).encode()
        digest = hmac.new(self._key, sealed, hashlib.sha256).digest()
        return " ".join((*parts, urlsafe_b64encode(digest).decode().rstrip("=")))


def time_text(seconds: float) -> str:
    """Seconds since 1970 as they stand in a sealed speaker."""
    return f"{seconds:.3f}"


def message_text(name: str) -> str:
    """What the chat calls a message, as one word; the hash of it where it is none, or too long."""
    if len(name) <= _MAX_MESSAGE and _ONE_WORD.fullmatch(name):
        return name
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def identity_in(user: object) -> Optional[str]:
    """The identity in a sealed speaker; None for another text."""
    found = _SEALED.fullmatch(user) if isinstance(user, str) else None
    return found.group(1) if found else None


def without_seals(text: str, shown: str) -> str:
    """A text without sealed speakers: each is replaced by its identity, or by `shown`."""
    return _SEALED.sub(lambda one: shown or one.group(1), text)
