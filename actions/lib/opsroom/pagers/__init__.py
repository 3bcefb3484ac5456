"""Pagers: how the person on call is reached, one module for each kind.

To add a kind: one file in this folder with `read_options`, `read_target` and `make`, one line in
REGISTRY, one contract test. `read_target(fields, key) -> Target` checks what is under
`teams.TEAM.PAGER` in the config: a text such as an address, or a mapping such as `{service: PSVC}`;
problems are noted in `fields`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Mapping, Optional, Sequence, Tuple

from ..config.fields import Fields
from ..errors import Code, Refusal
from ..people import Author
from ..registry import Registry
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..text import shorten


class State(str, Enum):
    """The state of an incident. UNKNOWN: the pager could not say, or never can."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"


class Delivery(str, Enum):
    """The outcome of a page.

    ACCEPTED: the pager took it for delivery. UNCONFIRMED: it was taken, and whether it was
    delivered stayed unknown in time. NOBODY: it was taken and reaches nobody (PagerDuty
    acknowledges an incident for its own author; an empty schedule).
    """

    ACCEPTED = "accepted"
    UNCONFIRMED = "unconfirmed"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Target:
    """The recipient of a page, in one pager's words.

    `kind` is what the pager calls it: service, escalation_policy, schedule, user, team,
    routing_key, address, log. `id` is what its API wants, `name` what people read.
    """

    kind: str
    id: str
    name: str = ""

    @property
    def shown(self) -> str:
        """As a sentence names it."""
        return self.name or self.id


@dataclass(frozen=True)
class OnCall:
    """Someone on call: by a schedule or policy (`through`), until a time (None: without end or
    unknown)."""

    name: str
    until: Optional[datetime] = None
    level: int = 1
    through: str = ""


@dataclass(frozen=True)
class Page:
    """A page to be sent.

    `text` is whole, at most 1,024 characters, without expressions and mentions; the kind cuts a
    title out of it where its vendor wants one and puts the rest into the body. `mark` is a word
    (letters, digits, dashes) that no other page carries: the vendor's key against doubles where it
    has one. `author.email` is the sender for the vendor.
    """

    target: Target
    text: str
    urgent: bool
    mark: str
    author: Author


@dataclass(frozen=True)
class Incident:
    """An incident as it is now. `id` is what the pager's API wants, `number` what people type
    ("1234")."""

    id: str
    number: str = ""
    title: str = ""
    state: State = State.UNKNOWN
    url: str = ""
    target: str = ""
    people: Tuple[str, ...] = ()
    since: Optional[datetime] = None

    @property
    def shown(self) -> str:
        """As a sentence names it."""
        return self.number or self.id


@dataclass(frozen=True)
class Paged:
    """A page that the pager took. `on_call` are those who are reached, as far as it says."""

    incident: Incident
    delivery: Delivery
    on_call: Tuple[OnCall, ...] = ()
    notes: Tuple[str, ...] = field(default=())


class Pager(ABC):
    """One pager. Every method sends as few requests as its verb needs, within the kind's own time
    limit.

    A kind overrides what its vendor can do. The rest is refused here with Refusal(not_possible), in
    a sentence that begins with `subject` and ends with `because`.

    Raises Refusal for what people can change (unknown_page, page_closed, not_possible,
    unknown_person) and Failure for what the world did. A Failure of `page` has the fact `sent`:
    true when the page may have gone out anyway.
    """

    # Seconds after which `find` can be relied upon not to miss a page that was taken.
    settles_within: float = 0.0
    # Of the sentence that refuses what this pager cannot do: "mail is e-mail and", and a hint.
    subject: str = "This pager"
    because: str = ""
    instead: str = ""
    # A key of its config with a secret that only a page tries, beside one that can be asked.
    untried: str = ""

    def towards(self, target: Target) -> Pager:
        """The pager as it speaks to a target, where another account or key belongs to that."""
        return self

    def default_target(self) -> Optional[Target]:
        """Where a page goes when the config names nothing for the team; None when there is no such
        place."""
        return None

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        """How to page one person of the config: `identity` is their name in this pager (may be
        empty). Sends no request. None when the pager cannot page people."""
        return None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        """The pager's own names (service, escalation policy, schedule, user) that match, case
        aside: all that equal it, else all that contain it; empty when none does or when the pager
        has no names. Never pages."""
        return ()

    @abstractmethod
    def page(self, page: Page) -> Paged:
        """Send it, and follow it until the pager has taken it for delivery or refused it."""

    def on_call(self, target: Target) -> Tuple[OnCall, ...]:
        """Who is on call there now, the first to be reached first. Never pages."""
        raise self.refusal("say who is on call")

    def find(self, page: Page) -> Optional[Paged]:
        """The outcome of the page with this mark; None when it is certain, once it has settled,
        that there is none.

        Raises Refusal(not_possible) when the pager cannot be asked that."""
        raise self.refusal("say whether a page arrived")

    def incident(self, id: str) -> Incident:
        """An incident by its id or number."""
        raise self.refusal("show an incident")

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        """The open ones, newest first; those of a target only, when one is given."""
        raise self.refusal("list its incidents")

    def acknowledge(self, id: str, author: Author) -> Incident:
        """Acknowledge an incident. Raises Refusal(page_closed) when it is resolved."""
        raise self.refusal("acknowledge an incident")

    def resolve(self, id: str, author: Author) -> Incident:
        """Resolve an incident."""
        raise self.refusal("resolve an incident")

    def escalate(self, id: str, author: Author) -> Incident:
        """Alert the next responders."""
        raise self.refusal("escalate an incident")

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        """Ask one more to respond."""
        raise self.refusal("add a responder to an incident")

    def refusal(self, what: str) -> Refusal:
        """The refusal for what this pager cannot do."""
        because = f": {self.because}" if self.because else ""
        message = f"{self.subject} cannot {what}{because}."
        return Refusal(Code.NOT_POSSIBLE, message, self.instead)


# make(options, *, name, store, keep): as for trackers.
REGISTRY: Registry[Pager] = Registry(
    "pager kind",
    {
        "email": "opsroom.pagers.email",
        "local": "opsroom.pagers.local",
        "opsgenie": "opsroom.pagers.opsgenie",
        "pagerduty": "opsroom.pagers.pagerduty",
        "victorops": "opsroom.pagers.victorops",
        "webhook": "opsroom.pagers.webhook",
    },
)


TITLE = 100

_UNPRINTABLE = lazy_pattern(r"[\x00-\x08\x0b-\x1f\x7f]")


def title_of(text: str, characters: int = TITLE) -> str:
    """The first line that is not empty, cut where it is longer."""
    first = next((line for line in printable(text).splitlines() if line.strip()), "")
    return shorten(" ".join(first.split()), characters)


def printable(text: str) -> str:
    """The text without what mail and JSON cannot carry: control characters and halves of surrogate
    pairs."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub("", lines.encode("utf-8", "replace").decode("utf-8"))


def read_named_target(
    fields: Fields, key: str, kinds: Sequence[str], default: str, what: str, name: str
) -> Target:
    """A target of the config under a key: `what` as a text, which is of the kind `default`, or a
    mapping with one of `kinds`, which holds a `name` ("a name or an id"). Problems are noted in
    `fields`."""
    if not isinstance(fields.raw(key), Mapping):
        expected = f"{what}, or a mapping with one of {', '.join(kinds)}"
        return Target(default, fields.text(key, expected=expected))
    inner = fields.inside(key)
    given = [kind for kind in kinds if inner.has(kind)]
    found = [Target(kind, inner.text(kind, "", expected=name)) for kind in kinds]
    if len(given) != 1:
        inner.problems.add(
            inner.path,
            f"expected one of {', '.join(kinds)}, found {' and '.join(given) or 'none'}",
        )
    inner.finish()
    return next((target for target in found if target.kind in given), found[0])
