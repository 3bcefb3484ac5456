"""Who is asking: the people of the config, the speaker behind a chat name or StackStorm user, and
the author of a card, comment or page in another system."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Iterable, Mapping, Optional, Protocol, Sequence, Tuple

from .errors import Code, Refusal
from .structs import dataclass


@dataclass(frozen=True)
class Person:
    """Someone whom the config knows.

    `chat`: the names that relays report for them. `st2`: their own users of StackStorm (default:
    their name). `totp`: the secret of their one-time codes (base32); `second_factor`: their
    approvals always need one. `identities`: their names elsewhere (`jira`, `pagerduty`, ...).
    `shared`: which of `email` and those other people may have too.
    """

    name: str
    chat: Tuple[str, ...] = ()
    st2: Tuple[str, ...] = ()
    email: str = ""
    totp: str = field(default="", repr=False)
    second_factor: bool = False
    identities: Mapping[str, str] = field(default_factory=dict)
    shared: Tuple[str, ...] = ()


class Directory(Protocol):
    """What the config says about people: `config.model.Settings` is one."""

    @property
    def people(self) -> Mapping[str, Person]: ...

    @property
    def groups(self) -> Mapping[str, Tuple[str, ...]]: ...

    @property
    def relays(self) -> Tuple[str, ...]: ...


@dataclass(frozen=True)
class Speaker:
    """Someone who asks for something.

    `person` is None for a name that the config does not know: nobody in particular, who may do only
    what everyone may. `shown` is how messages and the ledger call them.
    """

    shown: str
    person: Optional[Person]
    chat_name: str
    st2_user: str
    room: str
    through_relay: bool

    @property
    def key(self) -> str:
        """Who this is, for comparing: two names of one person have one key, two people never do."""
        if self.person is not None:
            return f"person:{self.person.name}"
        return (
            f"chat:{self.st2_user}:{self.chat_name}"
            if self.through_relay
            else f"st2:{self.st2_user}"
        )

    @property
    def person_name(self) -> str:
        """The name in the config, empty for someone unknown."""
        return self.person.name if self.person else ""


def identify(directory: Directory, requester: str, st2_user: str, room: str) -> Speaker:
    """Identify the speaker.

    `requester` is what StackStorm reports as the chat name (or again the st2 user). It and `room`
    count only when the execution was made by a trusted relay: anyone who may run the action can
    claim a chat name and a room through the API, but nobody can claim another's st2 user. Names are
    compared exactly: there are chats where `Alice` and `alice` are two people.

    Raises Refusal(ambiguous_person) when the name belongs to two people of the config.
    """
    if st2_user in directory.relays:
        person = _only(
            [one for one in directory.people.values() if requester in one.chat], requester
        )
        shown = person.name if person else f"{requester or 'someone'} (unknown here)"
        return Speaker(shown, person, requester, st2_user, room, through_relay=True)
    person = _only([one for one in directory.people.values() if st2_user in one.st2], st2_user)
    return Speaker(
        person.name if person else st2_user, person, "", st2_user, "", through_relay=False
    )


def same_room(one: str, other: str) -> bool:
    """Whether two names mean one room: hubot reports some without the leading #, errbot with it;
    both ignore case."""
    return one.lstrip("#").casefold() == other.lstrip("#").casefold()


def is_one_of(directory: Directory, speaker: Speaker, names: Iterable[str]) -> bool:
    """Whether the speaker is one of these people or in one of these groups."""
    if speaker.person is None:
        return False
    return any(
        speaker.person.name == name or speaker.person.name in directory.groups.get(name, ())
        for name in names
    )


def _only(candidates: Sequence[Person], name: str) -> Optional[Person]:
    if len(candidates) > 1:
        both = " and ".join(sorted(one.name for one in candidates))
        raise Refusal(
            Code.AMBIGUOUS_PERSON,
            f"The name '{name}' belongs to {both} in the config of opsroom.",
            "Each chat name and StackStorm user may belong to one person only; an "
            "administrator has to fix that.",
        )
    return candidates[0] if candidates else None


# A link or a room must be there: "we did it via opsroom" is someone's own sentence.
_LINE = re.compile(
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
