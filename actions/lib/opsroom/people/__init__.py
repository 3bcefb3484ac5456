"""Who is asking: the people of the config, and the speaker behind what a relay or StackStorm
reports."""

from __future__ import annotations

import time
from dataclasses import field
from typing import Iterable, Mapping, Optional, Protocol, Sequence, Tuple

from ..errors import Code, Refusal
from ..structs import dataclass
from ..text import one_line
from .author import Author, read_line
from .identities import is_identity, is_room, nick
from .seals import Voucher, is_sealed, read_seal, recorded_voucher, unsealed

__all__ = [
    "Author",
    "Directory",
    "Person",
    "Speaker",
    "Voucher",
    "identify",
    "is_one_of",
    "read_line",
    "recorded",
    "same_room",
    "speaks_as_room",
    "unproven",
]


@dataclass(frozen=True)
class Person:
    """Someone whom the config knows.

    `chat`: the names that relays report for them, and the identities that relays vouch for, which
    begin with the name of a chat (`slack:T024BE7LD/U2147483697`). `st2`:
    their own users of StackStorm (default: their name). `totp`: the secret of their one-time codes
    (base32); `second_factor`: their approvals always need one. `identities`: their names elsewhere
    (`jira`, `pagerduty`, ...). `shared`: which of `email` and those other people may have too.
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
    def people(self) -> Mapping[str, Person]:
        """Everyone whom the config knows, by their names."""

    @property
    def groups(self) -> Mapping[str, Tuple[str, ...]]:
        """The members of each group."""

    @property
    def relays(self) -> Tuple[str, ...]:
        """The StackStorm users who may name a speaker."""

    @property
    def relay_keys(self) -> Mapping[str, str]:
        """The key with which each of them seals; none where it need not."""

    @property
    def seal_valid_for(self) -> float:
        """How old a seal may be, in seconds."""


@dataclass(frozen=True)
class Speaker:
    """Someone who asks for something.

    `person` is None for a name that the config does not know: nobody in particular, who may do only
    what everyone may. `shown` is how messages and the ledger call them. `chat_name` is the name
    that the relay reports, or the identity that it vouches for; then `voucher` says how.
    """

    shown: str
    person: Optional[Person]
    chat_name: str
    st2_user: str
    room: str
    through_relay: bool
    voucher: Optional[Voucher] = None

    @property
    def key(self) -> str:
        """Who this is, for comparing: two names of one person have one key, two people never do."""
        if self.person is not None:
            return f"person:{self.person.name}"
        if self.voucher is not None:
            return f"identity:{self.voucher.identity}"
        return (
            f"chat:{self.st2_user}:{self.chat_name}"
            if self.through_relay
            else f"st2:{self.st2_user}"
        )

    @property
    def person_name(self) -> str:
        """The name in the config, empty for someone unknown."""
        return self.person.name if self.person else ""

    @property
    def recorded_name(self) -> str:
        """What `recorded` makes this speaker of again: the chat name, and the relay that vouches
        for it."""
        return f"{self.chat_name} {self.voucher.by}" if self.voucher else self.chat_name

    @property
    def written_name(self) -> str:
        """The chat name as the ledger has it: an identity letter by letter, a name that anyone may
        choose on one line and harmless."""
        return self.chat_name if self.voucher else one_line(self.chat_name, 200)

    @property
    def is_vouched(self) -> bool:
        """Whether it is certain who this is: a relay vouches for it, or StackStorm knows its
        user."""
        return self.voucher is not None or not self.through_relay

    @property
    def nick(self) -> str:
        """The name by which the room knows the speaker; empty where that is not known."""
        return nick(self.chat_name) or self.person_name


def identify(
    directory: Directory,
    requester: str,
    st2_user: str,
    room: str,
    now: Optional[float] = None,
) -> Speaker:
    """Identify the speaker.

    `requester` is what StackStorm reports as the chat name (or again the st2 user): a name, or the
    sealed text of a relay. It and `room` count only when the execution was made by a trusted relay:
    anyone who may run the action can claim a chat name and a room through the API, but nobody can
    claim another's st2 user. Names are compared exactly: there are chats where `Alice` and `alice`
    are two people. `now` is when StackStorm got the message, in seconds since 1970; without it,
    this moment.

    Raises Refusal(ambiguous_person) when the name belongs to two people of the config, and
    Refusal(seal_...) where a relay seals it and that cannot be believed.
    """
    if st2_user not in directory.relays:
        person = _only([one for one in directory.people.values() if st2_user in one.st2], st2_user)
        return Speaker(
            person.name if person else st2_user, person, "", st2_user, "", through_relay=False
        )
    if not is_sealed(requester):
        return _relayed(directory, requester, st2_user, room, None)
    key = directory.relay_keys.get(st2_user, "")
    moment = time.time() if now is None else now
    voucher = read_seal(requester, room, key, st2_user, moment, directory.seal_valid_for)
    return _relayed(directory, voucher.identity, st2_user, room, voucher)


def unproven(requester: str, st2_user: str, room: str) -> Speaker:
    """Who it would be, where what the relay hands over is refused: nobody, whom the record names
    without the seal."""
    name = unsealed(requester)
    shown = f"{name or 'someone'} (not proven)"
    return Speaker(shown, None, name, st2_user, room, through_relay=True)


def recorded(directory: Directory, name: str, st2_user: str, room: str) -> Speaker:
    """Who asked for something that is in the database, as today's config knows them.

    `name` is the `recorded_name` of then, empty where it came from outside of the chat. A relay
    that vouched then is not asked again. Raises Refusal(ambiguous_person).
    """
    if st2_user not in directory.relays:
        return identify(directory, name or st2_user, st2_user, room)
    voucher = recorded_voucher(name)
    known = voucher.identity if voucher else name or st2_user
    return _relayed(directory, known, st2_user, room, voucher)


def _relayed(
    directory: Directory, name: str, st2_user: str, room: str, voucher: Optional[Voucher]
) -> Speaker:
    # In many chats anyone can call themselves `slack:T024BE7LD/U2147483697`.
    counts = voucher is not None or not is_identity(name)
    found = [one for one in directory.people.values() if counts and name in one.chat]
    person = _only(found, name)
    shown = person.name if person else f"{name or 'someone'} (unknown here)"
    return Speaker(shown, person, name, st2_user, room, through_relay=True, voucher=voucher)


def speaks_as_room(speaker: Speaker, rooms: Iterable[str] = ()) -> bool:
    """Whether the relay names a room in the place of the speaker. `rooms` are those of the
    config."""
    return speaker.through_relay and speaker.voucher is None and is_room(speaker.chat_name, rooms)


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
