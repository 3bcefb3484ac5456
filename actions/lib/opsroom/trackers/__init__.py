"""Trackers: where cards live, one module for each kind.

To add a kind: one file in this folder with `read_options` and `make`, one line in REGISTRY, one
contract test.

The options of every kind are frozen dataclasses with two methods, which decide whose a card or a
project is without asking anyone (see `Reading`): `reads_card(text)` and `reads_project(text)`.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Mapping, Optional, Protocol, Sequence, Tuple, runtime_checkable

from ..errors import Code, Refusal
from ..names import available_text, comparable, shown
from ..people import Author
from ..registry import Registry
from ..structs import dataclass


@dataclass(frozen=True)
class Reading:
    """What a tracker makes of a text that someone typed: the id in its own spelling, empty when it
    is not its own.

    `sure` is for what can be no other tracker's: an address below its own, a project that its
    config names. A text that merely has the right form is not sure; where two trackers are as sure
    as each other, the person is asked.
    """

    id: str = ""
    sure: bool = False


@dataclass(frozen=True)
class Draft:
    """A card to be made.

    `project` as `reads_project` spelt it, empty for the tracker's own. `summary` is one line,
    `description` plain text with line breaks, perhaps with fenced blocks of code and addresses in
    it. `mark` is a short word (letters, digits, dashes) that no other card carries: the card
    carries it where people are disturbed by it least, so that `find_created` finds it.
    """

    project: str
    summary: str
    description: str
    mark: str
    author: Author


@dataclass(frozen=True)
class Remark:
    """A comment to be made on a card (its id as `reads_card` spelt it). `mark` as that of a
    Draft."""

    card: str
    text: str
    mark: str
    author: Author


@dataclass(frozen=True)
class Assignee:
    """Whom a card is assigned to: `name` in the tracker's own words, empty for nobody.

    `mapped`: the name comes from the config's people. Otherwise someone typed it, and the tracker
    must know it.
    """

    shown: str
    name: str = ""
    mapped: bool = False


@dataclass(frozen=True)
class Query:
    """Which cards: `text` is anywhere in them, `assignee` is a name of the tracker; empty parts do
    not narrow.

    Open ones first, the most recently changed first, at most `limit`.
    """

    text: str = ""
    assignee: str = ""
    project: str = ""
    limit: int = 10


@dataclass(frozen=True)
class Made:
    """A card or comment that is there now: its id as people type it, where to see it.

    `notes` are sentences about what could not be done as asked: "The reporter is the bot: ...",
    "cut after 16384 ...".
    """

    id: str
    url: str = ""
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Comment:
    """What someone said on a card, as plain text. `via`: the tracker's user who wrote it in the
    author's name, where that is someone else; a kind leaves it empty."""

    author: str
    text: str
    at: Optional[datetime] = None
    via: str = ""


@dataclass(frozen=True)
class Card:
    """A card as it is now. Texts are plain; what a tracker does not have or did not send is empty.

    `via`: the tracker's user who made it in the reporter's name, where that is someone else; a
    kind leaves it empty. `archived`: in a few words, why it is out of sight or takes no changes
    ("archived", "on a closed board", "locked"): as in "the card is archived"; empty for a card like
    any other.
    """

    id: str
    summary: str
    status: str = ""
    assignee: str = ""
    reporter: str = ""
    description: str = ""
    project: str = ""
    url: str = ""
    closed: bool = False
    changed_at: Optional[datetime] = None
    comments: Tuple[Comment, ...] = ()
    via: str = ""
    archived: str = ""


@dataclass(frozen=True)
class Moved:
    """A card after a move. `before` equals `after` when it was there already, and nothing was
    done."""

    before: str
    after: str
    url: str = ""
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Assigned:
    """A card after it was assigned: to whom, by the name that people read."""

    to: str
    url: str = ""
    notes: Tuple[str, ...] = ()


def archived_notes(archived: str) -> Tuple[str, ...]:
    """The sentence about a card that is archived, closed or locked, for the notes of what was done
    to it."""
    return (f"The card is {archived}.",) if archived else ()


def shut(message: str, hint: str, facts: Optional[Mapping[str, Any]] = None) -> Refusal:
    """The refusal of what an archived card, a closed board or a full one does not take."""
    return Refusal(Code.NOT_POSSIBLE, message, hint, {**(facts or {}), "sent": False})


class EventKind(str, Enum):
    """What happened to a card. MOVED is into another column or state."""

    CREATED = "created"
    MOVED = "moved"
    COMMENTED = "commented"


@dataclass(frozen=True)
class CardEvent:
    """Something that happened to a card (its id as `reads_card` spells it), without any text
    of people.

    `id` is the same whenever the tracker reports the same thing, and differs from that of all
    other things. `before` and `after` are names of columns or states, empty where they mean nothing
    or the tracker does not say.
    """

    id: str
    kind: EventKind
    card: str
    at: datetime
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class CardEvents:
    """What happened, oldest first, and where the next look continues: a text that only the kind
    understands."""

    events: Tuple[CardEvent, ...]
    since: str


@runtime_checkable
class Watchable(Protocol):
    """A tracker that reports what happened since the last look. Not every kind can."""

    def events_since(self, since: str) -> CardEvents:
        """What happened since `since` of the look before; for the first look it is empty, and
        nothing has happened.

        What was reported before may be reported again, under the same id. Raises what the methods
        of a Tracker raise.
        """


class Tracker(Protocol):
    """One tracker. Every method sends as few requests as its verb needs, within the kind's own time
    limit.

    Raises Refusal for what the person can change (unknown_card, unknown_project, unknown_column,
    unknown_person, fields_missing, not_possible) and Failure for what the world did (unauthorized,
    rate_limited, timed_out, ...). A Failure of a request that makes something has the fact `sent`:
    true when it may have been made anyway.
    """

    # Seconds after which `find_created` and `find_comment` can be relied upon not to miss what is
    # there.
    settles_within: float

    def create(self, draft: Draft) -> Made:
        """Make the card."""

    def find_created(self, draft: Draft) -> Optional[Made]:
        """The card that carries the draft's mark, if there is one."""

    def comment(self, remark: Remark) -> Made:
        """Say it on the card."""

    def find_comment(self, remark: Remark) -> Optional[Made]:
        """The comment that carries the remark's mark, if there is one."""

    def show(self, card: str) -> Card:
        """The card, with its latest comments (oldest of them first, five at most)."""

    def move(self, card: str, to: str) -> Moved:
        """Put it into another column or state, by its name (case aside). Raises
        Refusal(unknown_column) with the names that would work."""

    def assign(self, card: str, to: Assignee) -> Assigned:
        """Give it to someone, or to nobody. Raises Refusal(unknown_person) when the tracker does
        not know them."""

    def find(self, query: Query) -> Tuple[Card, ...]:
        """Cards, without descriptions and comments."""


# make(options, *, name, store, keep): `name` is the tracker's in the config; `store()` opens
# opsroom's own database; `keep` is a private folder (a Path, perhaps not made yet) for what a kind
# must remember.
REGISTRY: Registry[Tracker] = Registry(
    "tracker kind",
    {
        "basecamp": "opsroom.trackers.basecamp",
        "github": "opsroom.trackers.github",
        "jira": "opsroom.trackers.jira",
        "local": "opsroom.trackers.local",
        "trello": "opsroom.trackers.trello",
    },
)


def pick_column(titles: Sequence[str], name: str, where: str, what: str) -> int:
    """The index of the column of that title, case aside. `where` and `what` name the place and the
    columns in sentences: "board", "list".

    Raises Refusal(unknown_column) with the titles that there are.
    """
    same = [number for number, one in enumerate(titles) if one == name.strip()]
    same = same or [
        number for number, one in enumerate(titles) if comparable(one) == comparable(name)
    ]
    if len(same) == 1:
        return same[0]
    facts = {"columns": list(titles)}
    if same:
        message = f"The {where} has {len(same)} {what}s {shown(name)}, so it is ambiguous."
        raise Refusal(Code.UNKNOWN_COLUMN, message, "Rename one of them.", facts)
    message = f"The {where} has no {what} {shown(name)}."
    hint = available_text(titles) if titles else "It has none."
    raise Refusal(Code.UNKNOWN_COLUMN, message, hint, facts)
