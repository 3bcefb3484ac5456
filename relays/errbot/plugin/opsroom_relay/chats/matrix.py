"""Matrix: the MXID, which the homeserver of its owner vouches for."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..messages import Heard
from ..text import pieces
from .base import Chat, Place

# An event has at most 65,536 bytes, with everything.
_MAX_BYTES = 30_000


class MatrixChat(Chat):
    def __init__(self, bot: Any) -> None:
        super().__init__(bot)
        self._synced: Any = None

    def attach(self) -> None:
        # The backend makes a client for each connection, and registers what it finds here.
        self.bot.on_room_message = self._hold(self.bot.on_room_message, _pair)

    def connected(self) -> None:
        from nio import SyncResponse

        client = self.bot.client

        async def synced(_: Any) -> None:
            self._synced = client

        client.add_response_callback(synced, SyncResponse)

    def read(self, message: Any, event: Any) -> Heard:
        room, said = event
        content = said.source.get("content") or {}
        relation = content.get("m.relates_to") or {}
        thread = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
        sender = str(said.sender)
        member = room.users.get(sender)
        name = str(getattr(member, "display_name", None) or "")
        return Heard(
            f"matrix:{sender}",
            self.shown(name, f"matrix:{sender}"),
            str(said.event_id),
            key=str(said.event_id),
            sent=said.server_timestamp / 1000,
            place=(str(room.room_id), str(thread or ""), str(said.event_id)),
            edit=relation.get("rel_type") == "m.replace" or "m.new_content" in content,
            # The first answer of the homeserver has the last messages of each room, and so has the
            # one with which the bot enters a room.
            old=self._synced is not self.bot.client or self._outside(room),
            own=sender == self.bot.client.user_id,
        )

    def _outside(self, room: Any) -> bool:
        own = self.bot.client.user_id
        return own in room.invited_users or own not in room.users

    def place(self, channel: str) -> Tuple[Place, bool]:
        if channel[:1] not in ("!", "#", "@") or any(one.isspace() for one in channel):
            raise ValueError(f"{channel!r} is no room of Matrix")
        return (channel, "", ""), channel[0] != "@"

    def private(self, identity: str) -> Place:
        return (identity.partition(":")[2], "", "")

    def post(self, place: Place, text: str) -> None:
        self.bot.run_async_coroutine(self._send(place, list(pieces(text, _MAX_BYTES))))

    async def _send(self, place: Place, texts: List[str]) -> None:
        try:
            await self._send_all(place, texts)
        except Exception as error:
            # Nobody waits for this, and would hear of it.
            self.log.error("an answer was not posted in %s: %r", place[0], error)

    async def _send_all(self, place: Place, texts: List[str]) -> None:
        from nio import RoomSendResponse

        to, thread, answered = place
        room_id = await self._room_id(to)
        for text in texts:
            # A notice, with nobody mentioned, notifies nobody; and it has no HTML beside it.
            content: Dict[str, Any] = {"msgtype": "m.notice", "body": text, "m.mentions": {}}
            if thread:
                content["m.relates_to"] = {
                    "rel_type": "m.thread",
                    "event_id": thread,
                    "is_falling_back": True,
                    "m.in_reply_to": {"event_id": answered or thread},
                }
            answer = await self.bot.client.room_send(room_id, "m.room.message", content)
            if not isinstance(answer, RoomSendResponse):
                self.log.error("an answer was not posted in %s: %s", room_id, answer)

    async def _room_id(self, to: str) -> str:
        """The id of a room, of its alias, or of the room that is shared with one person alone."""
        client = self.bot.client
        if to.startswith("#"):
            return str((await client.room_resolve_alias(to)).room_id)
        if not to.startswith("@"):
            return to
        shared = self._shared_with(to)
        if shared:
            return shared
        from nio import RoomPreset

        made = await client.room_create(
            is_direct=True, invite=[to], preset=RoomPreset.trusted_private_chat
        )
        return str(made.room_id)

    def _shared_with(self, person: str) -> Optional[str]:
        for room_id, room in self.bot.client.rooms.items():
            if len(room.users) <= 2 and person in room.users and not room.canonical_alias:
                return str(room_id)
        return None


def _pair(room: Any, event: Any) -> Any:
    return room, event
