"""The two things that are made exactly once at a tracker: a card and a comment."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from ...errors import Code
from ...records.model import Event
from ...trackers import Draft, Made, Remark
from ..external_action import ExternalAction, Facts
from . import Found


class CardCreation(ExternalAction):
    """A card from a draft. A subclass sets `key`, `what` and `limits`, and implements `facts` and
    `sentence`."""

    done = Event.CARD_CREATED
    code = Code.CARD_CREATED
    repeated_code = Code.CARD_THERE

    def __init__(self, found: Found, draft: Draft) -> None:
        self.found = found
        self.draft = draft
        self.settles_within = found.tracker.settles_within

    def make(self, mark: str) -> Facts:
        """Create it."""
        return self.facts(self.found.tracker.create(replace(self.draft, mark=mark)))

    def find(self, mark: str) -> Optional[Facts]:
        """The card that carries the mark."""
        made = self.found.tracker.find_created(replace(self.draft, mark=mark))
        return self.facts(made) if made else None

    def facts(self, made: Made) -> Facts:
        """The card as it is recorded and answered."""
        raise NotImplementedError


class CardComment(ExternalAction):
    """A comment on a card. A subclass sets `key` and `limits`, and implements `facts` and
    `sentence`."""

    done = Event.CARD_COMMENTED
    code = Code.CARD_COMMENTED
    repeated_code = Code.CARD_THERE

    def __init__(self, found: Found, remark: Remark) -> None:
        self.found = found
        self.remark = remark
        self.what = f"The comment on {remark.card}"
        self.settles_within = found.tracker.settles_within

    def make(self, mark: str) -> Facts:
        """Write it."""
        return self.facts(self.found.tracker.comment(replace(self.remark, mark=mark)))

    def find(self, mark: str) -> Optional[Facts]:
        """The comment that carries the mark."""
        made = self.found.tracker.find_comment(replace(self.remark, mark=mark))
        return self.facts(made) if made else None

    def facts(self, made: Made) -> Facts:
        """The comment as it is recorded and answered."""
        raise NotImplementedError
