"""Whom a page is for, and the pagers to try in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ...config.model import Team
from ...pagers import Target
from ...text import one_line

# Ends the refusals of what would have paged someone.
UNPAGED = "; nobody was paged"


@dataclass(frozen=True)
class Route:
    """One pager of a chain, and whom to page there; without a target, `name` is looked up when its
    turn comes."""

    pager: str
    name: str
    target: Optional[Target] = None


@dataclass(frozen=True)
class Recipient:
    """Who was meant: as messages call them, what they are, and the pagers to try in turn.

    `phone` is whom to call when all of them fail. `notes` are sentences about what could not be
    looked up.
    """

    name: str
    kind: str
    routes: Tuple[Route, ...]
    team: Optional[Team] = None
    person: str = ""
    phone: str = ""
    notes: Tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """Whom to call when no pager works."""
        if self.phone:
            return f"Phone: {one_line(self.phone, 100)}"
        if self.team is not None:
            key = f"teams.{self.team.name}.phone"
            return (
                f"Phone someone of {one_line(self.name, 60)}; an administrator can write "
                f"down whom under {key}."
            )
        return (
            f"Phone {one_line(self.name, 60)}."
            if self.person
            else "Phone the person in charge of it."
        )
