"""Ids of changes: short, readable aloud, without letters that look alike and without vowels, hence without words."""

from __future__ import annotations

import re
import secrets

from .names import tidied

# Not among them: 0 O, 1 I L, 5 S, 2 Z, 8 B, U V, and A E.
LETTERS = "CDFGHJKMNPQRTWXY"
ALPHABET = LETTERS + "34679"
SHORTEST = 4
_AROUND = re.compile(r"[\s'\"#@.,!?:]+")


def new_id(length: int = SHORTEST) -> str:
    """An id at random. It begins with a letter, so that nothing takes it for a number."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(ALPHABET) for _ in range(length - 1))


def typed_id(text: str) -> str:
    """The id that someone typed: without blanks, quotes and marks around, in capitals. It need not exist."""
    return _AROUND.sub("", tidied(text)).upper()
