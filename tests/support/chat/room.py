"""A chat with a relay in it, as people see it: what each chat and relay has to provide for
`support.chat.story`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Callable, Dict, FrozenSet, List

from console.pictures.transcript import Message
from support.stackstorm.client import wait_for

# What not every chat has: a message of several lines, one of 9,000 characters, threads, messages
# that are edited, events that are handed over twice, a mention of whom an answer is for.
LINES, LONG, THREADS, EDITS, REDELIVERY, MENTIONS = (
    "lines",
    "long",
    "threads",
    "edits",
    "redelivery",
    "mentions",
)


@dataclass(frozen=True)
class Heard:
    """A message of the relay as a person reads it.

    `text` is what is shown, in lines. `pings` are those whom it notifies: names of people, and
    words such as "channel". `thread` is the message that it stands below, empty for none. `styled`
    is what the chat shows as bold, slanted or code, `links` where links lead that show something
    else.
    """

    text: str
    pings: FrozenSet[str] = frozenset()
    thread: str = ""
    styled: FrozenSet[str] = frozenset()
    links: FrozenSet[str] = frozenset()


class Room(ABC):
    """Two rooms, "dev" and "ops", with people and a relay of opsroom in each.

    `can` is what this chat has: LINES, LONG, THREADS, EDITS, REDELIVERY, MENTIONS. `route` is the
    key of opsroom's config. `st2_user` is the user of the relay in StackStorm.
    """

    can: FrozenSet[str] = frozenset()
    route = "chatops"
    st2_user = ""

    @abstractmethod
    def source(self, room: str) -> str:
        """What the relay reports as `source_channel` of "dev" or "ops"."""

    @abstractmethod
    def identity(self, who: str) -> str:
        """The stable identity of someone, as the relay seals it: `slack:T0ACME001/U0ALICE02`."""

    @abstractmethod
    def say(self, who: str, text: str, room: str = "dev", thread: str = "") -> str:
        """Someone types a command to the relay, in a room, below a message where `thread` is
        given; what the chat calls the message."""

    @abstractmethod
    def edit(self, message: str, text: str) -> None:
        """The author of a message replaces it, by a command to the relay."""

    @abstractmethod
    def redeliver(self, message: str) -> None:
        """The chat hands a message over a second time."""

    @abstractmethod
    def restart(self) -> None:
        """Stop the relay, start it again, and wait until it knows its commands."""

    @abstractmethod
    def heard(self, room: str = "dev") -> List[Heard]:
        """All that the relay said in a room, oldest first."""

    @abstractmethod
    def received(self, room: str) -> List[Message]:
        """All that people and the relay said in a room, as the chat's server delivered it to
        someone who is there, oldest first."""

    def names(self) -> Dict[str, str]:
        """The names of people by their ids, where messages have these."""
        return {}

    @abstractmethod
    def shows(self, message: str, who: str) -> List[str]:
        """The lines in which this chat shows an answer for someone: with or without the name in
        front, without what the relay takes for markup or leaves out."""

    def wait(
        self, found: Callable[[List[Heard]], object], what: str, room: str = "dev", since: int = 0
    ) -> List[Heard]:
        """Wait until what was heard since the first so many messages fulfils a condition."""

        def heard() -> List[Heard]:
            return self.heard(room)[since:]

        try:
            wait_for(lambda: found(heard()), what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the room read {heard()[-5:]}") from None
        return heard()
