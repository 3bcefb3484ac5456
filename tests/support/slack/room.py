"""A played Slack workspace as a room of `support.chat.story`, with any relay in it."""

from __future__ import annotations

from typing import Callable, Dict, List

from console.pictures.transcript import Message
from support.chat.room import EDITS, LINES, LONG, MENTIONS, REDELIVERY, THREADS, Heard, Room
from support.slack.reading import read_post
from support.slack.workspace import BOT, TEAM, Person, Slack, typed


class SlackRoom(Room):
    """`restart` stops and starts the relay and waits until it knows its commands; `addressed` is
    what someone types for a command; by default it begins with a mention of the bot. `shows` gives
    the lines of an answer where the relay changes them."""

    can = frozenset({LINES, LONG, THREADS, EDITS, REDELIVERY, MENTIONS})

    def __init__(
        self,
        slack: Slack,
        restart: Callable[[], None],
        addressed: Callable[[str], str] = lambda text: f"<@{BOT}> {typed(text)}",
        shows: Callable[[str, str], List[str]] = lambda message, who: message.split("\n"),
    ) -> None:
        self.slack = slack
        self._restart = restart
        self._addressed = addressed
        self._shows = shows
        self._rooms: Dict[str, str] = {"dev": slack.dev.id, "ops": slack.ops.id}

    def source(self, room: str) -> str:
        return self._rooms[room]

    def identity(self, who: str) -> str:
        return f"slack:{TEAM}/{self._person(who).id}"

    def say(self, who: str, text: str, room: str = "dev", thread: str = "") -> str:
        channel = self.slack.channels[self._rooms[room]]
        more = {"thread_ts": thread} if thread else {}
        return self.slack.say(self._person(who), self._addressed(text), channel, **more)

    def edit(self, message: str, text: str) -> None:
        self.slack.edit(message, self._addressed(text))

    def redeliver(self, message: str) -> None:
        self.slack.redeliver(message)

    def restart(self) -> None:
        self._restart()

    def heard(self, room: str = "dev") -> List[Heard]:
        names = self.names()
        return [
            Heard(
                post.reading.text,
                frozenset(names.get(one, one) for one in post.reading.pings),
                post.thread_ts,
                frozenset(post.reading.styled),
                frozenset(target for shown, target in post.reading.links if shown != target),
            )
            for post in list(self.slack.posts)
            if post.channel == self._rooms[room]
        ]

    def received(self, room: str) -> List[Message]:
        names = self.names()
        channel = self._rooms[room]
        said = [
            Message(
                one["ts"],
                names[one["user"]],
                read_post({"text": one["text"]}, names).text,
                one.get("thread_ts", ""),
                {key: one[key] for key in ("user", "text", "ts", "thread_ts") if key in one},
            )
            for one in self.slack.events()
            if one["channel"] == channel
        ]
        posted = [
            Message(
                post.ts,
                names[BOT],
                read_post(post.sent, names).text,
                post.thread_ts,
                {**post.sent},
            )
            for post in list(self.slack.posts)
            if post.channel == channel
        ]
        return sorted(said + posted, key=lambda one: float(one.id))

    def names(self) -> Dict[str, str]:
        return {one.id: one.name for one in self.slack.people.values()}

    def shows(self, message: str, who: str) -> List[str]:
        return self._shows(message, who)

    def _person(self, who: str) -> Person:
        # Nobody's display name is their handle, and two have the same.
        return self.slack.person(who, display={"bob": "Alice"}.get(who, who.title()))
