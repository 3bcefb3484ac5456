"""Who is asking: chat name, StackStorm user, and the person of the config behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from .errors import Code, Refusal
from .settings.model import Person, Settings


@dataclass(frozen=True)
class Speaker:
    """Somebody who asks for something.

    `person` is None for a name that the config does not know: nobody in particular, who may do only what everybody may.
    `shown` is how messages and the ledger call them.
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
        return f"chat:{self.st2_user}:{self.chat_name}" if self.through_relay else f"st2:{self.st2_user}"

    @property
    def person_name(self) -> str:
        """The name in the config, empty for somebody unknown."""
        return self.person.name if self.person else ""


def identify(settings: Settings, requester: str, st2_user: str, room: str) -> Speaker:
    """Tell who is asking.

    `requester` is what StackStorm reports as the chat name (or again the st2 user). It and `room` count only when the
    execution was made by a trusted relay: anybody who may run the action can claim a chat name and a room through the
    API, but nobody can claim another's st2 user. Names are compared exactly: there are chats where `Alice` and `alice`
    are two people.

    Raises Refusal(ambiguous_person) when the name belongs to two people of the config.
    """
    if st2_user in settings.relays:
        person = _only([one for one in settings.people.values() if requester in one.chat], requester)
        shown = person.name if person else f"{requester or 'somebody'} (unknown here)"
        return Speaker(shown, person, requester, st2_user, room, through_relay=True)
    person = _only([one for one in settings.people.values() if st2_user in one.st2], st2_user)
    return Speaker(person.name if person else st2_user, person, "", st2_user, "", through_relay=False)


def same_room(one: str, other: str) -> bool:
    """Whether two names mean one room: hubot reports some without the leading #, errbot with it; both ignore case."""
    return one.lstrip("#").casefold() == other.lstrip("#").casefold()


def is_one_of(settings: Settings, speaker: Speaker, names: Iterable[str]) -> bool:
    """Whether the speaker is one of these people or in one of these groups."""
    if speaker.person is None:
        return False
    return any(speaker.person.name == name or speaker.person.name in settings.groups.get(name, ()) for name in names)


def _only(candidates: Sequence[Person], name: str) -> Optional[Person]:
    if len(candidates) > 1:
        both = " and ".join(sorted(one.name for one in candidates))
        raise Refusal(
            Code.AMBIGUOUS_PERSON,
            f"The name '{name}' belongs to {both} in the config of opsroom.",
            "Each chat name and StackStorm user may stand under one person only; an administrator has to mend that.",
        )
    return candidates[0] if candidates else None
