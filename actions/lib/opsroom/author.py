"""In whose name something is made elsewhere: a card, a comment, a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Author:
    """Who asked, as another system may be told.

    - `shown`: the name that people read; `room`: where they asked, empty from CLI and web.
    - `identity`: their name in that system, from `people.NAME` of the config; empty when it maps none.
    - `email`: their e-mail address, empty when the config has none.
    - `link`: where the execution can be seen: an address, or "execution ID" where the config has no `web`.
    """

    shown: str
    room: str = ""
    identity: str = ""
    email: str = ""
    link: str = ""

    @property
    def line(self) -> str:
        """The first line of what cannot be made in their own name: `alice (in #ops) via opsroom, LINK`."""
        place = f" (in {self.room})" if self.room else ""
        link = f", {self.link}" if self.link else ""
        return f"{self.shown}{place} via opsroom{link}"
