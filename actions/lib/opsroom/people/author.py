"""The author of a card, comment or page in another system, and the line that names them there."""

from __future__ import annotations

import re
from typing import Tuple

from ..structs import dataclass
from ..structs.patterns import lazy_pattern

# A link or a room must be there: "we did it via opsroom" is someone's own sentence.
_LINE = lazy_pattern(
    r"(?P<name>\S.{0,200}?)(?P<room> \(in [^()\n]{1,100}\))? via opsroom"
    r"(?(room)(?:, (?:https?://\S+|execution [\w-]+))?|, "
    r"(?:https?://\S+/#/history/[\w-]+|execution [\w-]+))[ \t]*\Z"
)
# A longer first line is none of ours.
_MAX_LINE = 600


@dataclass(frozen=True)
class Author:
    """Who asked, for another system.

    - `shown`: the name that people read; `room`: where they asked, empty from CLI and web.
    - `identity`: their name in that system, from `people.NAME` of the config; empty when it maps
      none.
    - `email`: their e-mail address, empty when the config has none.
    - `link`: where the execution can be seen: an address, or "execution ID" where the config has no
      `web`.
    """

    shown: str
    room: str = ""
    identity: str = ""
    email: str = ""
    link: str = ""

    @property
    def line(self) -> str:
        """The first line of what cannot be made in their own name: `alice (in #ops) via opsroom,
        LINK`."""
        place = f" (in {self.room})" if self.room else ""
        link = f", {self.link}" if self.link else ""
        return f"{self.shown}{place} via opsroom{link}"


def read_line(text: str) -> Tuple[str, str]:
    """Who asked for a text that begins with an author's line, and the text without it; ("", text)
    where none does.

    Anyone can write such a line by hand: the author there has to be shown as well.
    """
    first, _, rest = text.strip().partition("\n")
    found = _LINE.match(first) if len(first) <= _MAX_LINE else None
    return (_plain(found["name"]), rest.strip("\n")) if found else ("", text)


def _plain(name: str) -> str:
    """A name without the marks of code around it, with which GitHub is kept from notifying it."""
    ticks = re.match(r"(`+)( ?)(.+)\2\1(?P<more> \(unknown here\))?\Z", name)
    return f"{ticks[3]}{ticks['more'] or ''}" if ticks else name
