"""IRC: the account that services vouch for where the server says it, else the whole mask."""

from __future__ import annotations

from typing import Any, Tuple

from ..messages import Heard
from ..text import pieces
from .base import Chat, Place

# A line has 512 bytes, with everything that the server puts before the text.
_MAX_BYTES = 380
_ROOMS = "#&+!$"


class IrcChat(Chat):
    def attach(self) -> None:
        connection = self.bot.conn
        for name in ("_pubmsg", "_privmsg"):
            setattr(connection, name, self._hold(getattr(connection, name), _event))

    def connected(self) -> None:
        # A server that does not know it refuses, and then masks are what there is.
        self.bot.conn.connection.cap("REQ", "account-tag")

    def read(self, message: Any, event: Any) -> Heard:
        source = str(event.source or "")
        nick, _, rest = source.partition("!")
        account = next(
            (str(one["value"]) for one in event.tags or () if one.get("key") == "account"), ""
        )
        identity = f"irc:{account}@services" if account else f"irc:{source}"
        typed = bool(rest) and "@" in rest
        name = self._number()
        room = str(event.target)
        return Heard(
            identity if typed else "",
            nick,
            name,
            place=(room if message.is_group else nick,),
            # Programs answer with notices, and nobody may answer to one (RFC 2812, 3.3.2).
            bot=bool(message.extras.get("notice")),
            typed=typed,
        )

    def room(self, message: Any, heard: Heard) -> str:
        return heard.place[0] if message.is_group else str(message.frm)

    def place(self, channel: str) -> Tuple[Place, bool]:
        if not channel or any(one in channel for one in " ,\r\n"):
            raise ValueError(f"{channel!r} is no room of IRC")
        return (channel.partition("!")[0] or channel,), channel[0] in _ROOMS

    def private(self, identity: str) -> Place:
        nick, mark, _ = identity.partition(":")[2].partition("!")
        if not mark:
            raise ValueError("an account has no nick to write to")
        return (nick,)

    def post(self, place: Place, text: str) -> None:
        to = place[0]
        connection = self.bot.conn
        send = (
            connection.send_public_message if to[0] in _ROOMS else connection.send_private_message
        )
        for line in text.split("\n"):
            for piece in pieces(line, _MAX_BYTES):
                # There are no blank lines on IRC: a message has to have a text.
                if piece.strip():
                    send(to, piece)


def _event(event: Any, notice: bool = False) -> Any:
    return event
