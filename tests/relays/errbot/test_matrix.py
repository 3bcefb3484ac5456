"""What the relay makes of Matrix' events, through the code of errbot-backend-matrix and nio."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List

import pytest

pytest.importorskip("nio", reason="errbot-backend-matrix needs Python 3.11")
from backends import Listening, config
from err_backend_matrix.matrix import MatrixBackend
from err_backend_matrix.person import MatrixPerson
from nio import AsyncClient, MatrixRoom, RoomMessageText, RoomSendResponse
from opsroom_relay.chats.matrix import MatrixChat

ROOM = "!636q39766251:example.com"
BOT = "@bot:example.com"


@pytest.fixture
def matrix() -> Listening:
    identity = {"username": BOT, "password": "p", "homeserver": "http://127.0.0.1:1"}
    bot = MatrixBackend(config(BOT_IDENTITY=identity))

    async def client() -> Any:
        return AsyncClient("http://127.0.0.1:1", BOT)

    bot.client = asyncio.run(client())
    bot.client.user_id, bot.bot_identifier = BOT, MatrixPerson(BOT)
    made = Listening(bot, MatrixChat(bot))
    made.chat.connected()
    return made


def room(*people: str, invited: bool = False) -> Any:
    made = MatrixRoom(ROOM, BOT)
    for one in (*people, BOT):
        made.add_member(one, "Alice", None, invited=invited and one == BOT)
    return made


def say(matrix: Listening, where: Any = None, sender: str = "@alice:example.com", **content: Any):
    event = RoomMessageText.from_dict(
        {
            "event_id": "$151:example.com",
            "sender": sender,
            "origin_server_ts": 1796048341250,
            "type": "m.room.message",
            "content": {"msgtype": "m.text", "body": "!deploy web\n\n<b>", **content},
        }
    )
    matrix.bot.on_room_message(where or room("@alice:example.com", "@mallory:example.com"), event)
    return matrix.last()


def synced(matrix: Listening) -> None:
    """The homeserver has answered for the first time."""
    (callback,) = matrix.bot.client.response_callbacks
    asyncio.run(callback.func(None))


def test_the_speaker_is_the_mxid_whatever_the_display_name(matrix: Listening) -> None:
    synced(matrix)
    message, heard = say(matrix)
    assert (heard.identity, heard.message) == ("matrix:@alice:example.com", "$151:example.com")
    assert (heard.sent, heard.name) == (1796048341.25, "Alice")
    assert matrix.chat.room(message, heard) == ROOM
    assert (heard.old, heard.edit, heard.own) == (False, False, False)
    assert say(matrix, sender="@mallory:example.com")[1].identity == "matrix:@mallory:example.com"


def test_a_display_name_that_says_something_is_no_name(matrix: Listening) -> None:
    synced(matrix)
    names = {
        "Alice": "Alice",
        "Alice Adams": "Alice Adams",
        "carol deployed web to production. alice": "alice",
        "Done: alice": "alice",
        "a\nb": "alice",
        "x" * 25: "alice",
        "": "alice",
    }
    for display, shown in names.items():
        where = room("@bob:example.com")
        where.add_member("@alice:example.com", display, None)
        assert say(matrix, where)[1].name == shown


def test_in_private_the_room_is_the_person(matrix: Listening) -> None:
    message, heard = say(matrix, room("@alice:example.com"))
    assert message.is_direct
    assert matrix.chat.room(message, heard) == "@alice:example.com"
    assert heard.place[0] == ROOM


def test_what_the_first_answer_brings_is_old(matrix: Listening) -> None:
    assert say(matrix)[1].old
    synced(matrix)
    assert not say(matrix)[1].old
    # And again after a new connection, which is a new client.
    matrix.bot.client = type("Client", (), {"user_id": BOT})()
    assert say(matrix)[1].old


def test_what_was_said_before_the_bot_came_in_is_old(matrix: Listening) -> None:
    synced(matrix)
    here = ("@alice:example.com", "@bob:example.com")
    assert say(matrix, room(*here, invited=True))[1].old
    assert not say(matrix, room(*here))[1].old


def test_edits_are_recognised(matrix: Listening) -> None:
    relates = {"rel_type": "m.replace", "event_id": "$1"}
    assert say(matrix, **{"m.relates_to": relates})[1].edit
    assert say(matrix, **{"m.new_content": {"body": "!x"}})[1].edit
    assert not say(matrix, **{"m.relates_to": {"rel_type": "m.thread", "event_id": "$1"}})[1].edit


def test_answers_are_notices_in_the_thread_and_mention_nobody(matrix: Listening) -> None:
    sent: List[Dict[str, Any]] = []

    async def room_send(room_id: str, kind: str, content: Dict[str, Any]) -> Any:
        sent.append({"room": room_id, **content})
        return RoomSendResponse("$2", room_id)

    matrix.bot.client.room_send = room_send
    heard = say(matrix, **{"m.relates_to": {"rel_type": "m.thread", "event_id": "$root"}})[1]
    text = "#12 <b>x</b> @room\n\n&amp;"
    matrix.chat.post(heard.place, text)
    matrix.chat.post(("!other:example.com", "", "$1"), text)
    first, second = sent
    assert (first["room"], first["body"], first["msgtype"]) == (ROOM, text, "m.notice")
    assert first["m.mentions"] == {}
    assert "formatted_body" not in first
    assert first["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$151:example.com"},
    }
    assert "m.relates_to" not in second


def test_an_answer_that_cannot_be_sent_is_in_the_log(
    matrix: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    async def room_send(*_: Any) -> Any:
        raise OSError("gone")

    matrix.bot.client.room_send = room_send
    matrix.chat.post((ROOM, "", ""), "hello")
    assert f"an answer was not posted in {ROOM}: OSError('gone')" in caplog.messages


def test_rooms_are_ids_aliases_and_people(matrix: Listening) -> None:
    assert matrix.chat.place(ROOM)[1]
    assert matrix.chat.place("#ops:example.com")[1]
    assert not matrix.chat.place("@alice:example.com")[1]
    with pytest.raises(ValueError, match="no room"):
        matrix.chat.place("ops")
