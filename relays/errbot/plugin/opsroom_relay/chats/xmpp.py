"""XMPP: the bare JID, which in a room only its server knows.

A nick belongs to the one who holds it at the moment, so the JID behind it is looked up while the
message arrives, before any later change of nicks is read.
"""

from __future__ import annotations

from typing import Any, Tuple

from ..messages import Heard
from .base import Chat, Place

_REPLACE = "{urn:xmpp:message-correct:0}replace"
_DELAYS = ("{urn:xmpp:delay}delay", "{jabber:x:delay}x")
_STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
_ORIGIN_ID = "{urn:xmpp:sid:0}origin-id"
# A shorter name of a client's is a number or so.
_MIN_UNIQUE = 8
# Before it connects again, in seconds; slixmpp waits longer each time that it fails.
_PAUSE = 2.0
_MUC_USER = "{http://jabber.org/protocol/muc#user}x"
_HIDDEN = (
    "This room hides who is speaking, so no command is passed on. Make the bot a moderator, or the "
    "room non-anonymous."
)
_THROUGH_ROOM = (
    "Private messages through a room are not passed on. Write to the bot directly, or say it in "
    "the room."
)


class XmppChat(Chat):
    def attach(self) -> None:
        # The backend handed its handler to the connection when it was made.
        handler = self.bot.incoming_message
        self.bot.conn.del_event_handler("message", handler)
        self.bot.incoming_message = self._hold(handler, _stanza)
        self.bot.conn.add_event_handler("message", self.bot.incoming_message)
        self.bot.conn.add_event_handler("disconnected", self._connect_again)
        # Its own awaits nothing of what slixmpp answers, and fails. errbot writes to administrators
        # while it starts, and would then leave err-stackstorm out.
        self.bot.build_identifier = self._identifier

    def read(self, message: Any, event: Any) -> Heard:
        sender, kind = event["from"], event["type"]
        bare, nick, own = str(sender.bare).lower(), str(sender.resource), False
        if kind == "groupchat":
            jid, hidden = self._real_jid(str(sender.bare), nick), _HIDDEN
            own = jid == self._own() or nick == self._own_nick(str(sender.bare))
        elif bare in self._rooms() or event.xml.find(_MUC_USER) is not None:
            # Whoever has the nick when the answer is ready would get it.
            jid, hidden = "", _THROUGH_ROOM
        else:
            jid, hidden = bare, ""
            nick = bare.partition("@")[0]
            own = jid == self._own()
        name = _unique(event, str(sender.bare))
        return Heard(
            f"xmpp:{jid}" if jid else "",
            self.shown(nick, f"xmpp:{jid}"),
            name or self._number(),
            key=(str(sender), name) if name else None,
            place=(str(sender.bare if kind == "groupchat" else sender), str(kind or "chat")),
            hidden=hidden,
            edit=event.xml.find(_REPLACE) is not None,
            # errbot looks for a delay in a way that adds one, without a time, where there is none.
            old=any(one.get("stamp") for name in _DELAYS for one in event.xml.findall(name)),
            own=own,
            typed=bool(nick),
        )

    def room(self, message: Any, heard: Heard) -> str:
        # Without the device, which a person has several of.
        return heard.place[0] if message.is_group else heard.place[0].partition("/")[0]

    def place(self, channel: str) -> Tuple[Place, bool]:
        bare = channel.partition("/")[0]
        if "@" not in bare or any(one.isspace() for one in channel):
            raise ValueError(f"{channel!r} is no JID")
        group = channel.lower() in self._rooms()
        return (channel, "groupchat" if group else "chat"), group

    def private(self, identity: str) -> Place:
        return (identity.partition(":")[2], "chat")

    def post(self, place: Place, text: str) -> None:
        to, kind = place[:2]
        client = self.bot.conn.client

        def send() -> None:
            client.send_message(
                mto=to, mbody=text, mtype="groupchat" if kind == "groupchat" else "chat"
            )

        # From another thread it would wait until something else arrives.
        client.loop.call_soon_threadsafe(send)

    def _connect_again(self, _: Any) -> None:
        """errbot would stay away for good."""
        client, server = self.bot.conn.client, self.bot.conn.server
        given = (server,) if server else ()
        client.loop.call_later(_PAUSE, lambda: client.connect(*given))

    def _identifier(self, text: str) -> Any:
        """errbot's room or person of a JID."""
        if text.lower() in self._rooms():
            return self.bot.query_room(text)
        if text.lower().partition("/")[0] in self._rooms():
            return self.bot._build_room_occupant(text)
        return self.bot._build_person(text)

    def _muc(self) -> Any:
        return self.bot.conn.client.plugin["xep_0045"]

    def _rooms(self) -> Tuple[str, ...]:
        return tuple(str(one).lower() for one in self._muc().get_joined_rooms())

    def _real_jid(self, room: str, nick: str) -> str:
        """The bare JID behind a nick; empty where the room hides it."""
        found = self._muc().get_jid_property(room, nick, "jid")
        return str(getattr(found, "bare", found) or "").partition("/")[0].lower()

    def _own(self) -> str:
        return str(self.bot.conn.client.boundjid.bare).lower()

    def _own_nick(self, room: str) -> str:
        return str(self._muc().our_nicks.get(room, ""))


def _unique(event: Any, room: str) -> str:
    """What no other message is called: the name that the room gave it, or the client; empty where
    the client only counts, which it may begin again."""
    for one in event.xml.findall(_STANZA_ID):
        if str(one.get("by", "")).lower() == room.lower() and one.get("id"):
            return str(one.get("id"))
    origin = event.xml.find(_ORIGIN_ID)
    given = (origin.get("id") if origin is not None else "") or event["id"] or ""
    return str(given) if len(str(given)) >= _MIN_UNIQUE else ""


def _stanza(stanza: Any) -> Any:
    return stanza
