"""What the relay makes of IRC, through the code of errbot's backend."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest
from backends import Listening, config
from errbot.backends.irc import IRCBackend
from irc.bot import Channel
from irc.client import Event, NickMask
from opsroom_relay.chats.irc import IrcChat

ALICE = "alice!~alice@client.example.com"


@pytest.fixture
def irc() -> Listening:
    identity = {"nickname": "errbot", "server": "irc.example.com"}
    settings = config(BOT_IDENTITY=identity, IRC_CHANNEL_RATE=None, IRC_PRIVATE_RATE=None)
    bot = IRCBackend(settings)
    made = Listening(bot, IrcChat(bot))
    bot.conn.channels["#ops"] = Channel()
    return made


def hear(irc: Listening, kind: str = "pubmsg", source: str = ALICE, **tags: str) -> Any:
    to = "#ops" if kind.startswith("pub") else "errbot"
    given = [{"key": key, "value": value} for key, value in tags.items()]
    event = Event(kind, NickMask(source), to, ["!deploy web"], given)
    getattr(irc.bot.conn, f"on_{kind}")(None, event)
    return irc.last()


def test_the_speaker_is_the_mask(irc: Listening) -> None:
    message, heard = hear(irc)
    assert (heard.identity, heard.name) == (f"irc:{ALICE}", "alice")
    assert irc.chat.room(message, heard) == "#ops"
    message, heard = hear(irc, "privmsg")
    assert heard.identity == f"irc:{ALICE}"
    assert irc.chat.room(message, heard) == ALICE


def test_the_account_is_better_where_the_server_names_it(irc: Listening) -> None:
    assert hear(irc, account="alice")[1].identity == "irc:alice@services"
    assert hear(irc, "privmsg", account="alice")[1].identity == "irc:alice@services"


def test_the_account_is_read_off_the_line_of_the_server(irc: Listening) -> None:
    line = "@time=2026-11-30T10:00:00Z;account=alice :{} PRIVMSG #ops :!deploy web"
    connection = irc.bot.conn.connection
    connection.real_server_name, connection.real_nickname = "irc.example.com", "errbot"
    connection.handlers = {}
    connection._process_line(line.format(ALICE))
    assert irc.last()[1].identity == "irc:alice@services"
    connection._process_line(line.format(ALICE).partition(" ")[2])
    assert irc.last()[1].identity == f"irc:{ALICE}"


def test_the_server_is_asked_for_accounts(irc: Listening) -> None:
    asked: List[Tuple[str, ...]] = []
    irc.bot.conn.connection.cap = lambda *given: asked.append(given)
    irc.chat.connected()
    assert asked == [("REQ", "account-tag")]


def test_each_message_has_another_name(irc: Listening) -> None:
    names = {hear(irc)[1].message for _ in range(3)}
    assert len(names) == 3
    assert all(one.rpartition("-")[0].count(".") == 1 for one in names)


def test_notices_and_servers_command_nothing(irc: Listening) -> None:
    assert hear(irc, "pubnotice")[1].bot
    assert hear(irc, "privnotice")[1].bot
    assert not hear(irc, source="irc.example.com")[1].typed


def test_answers_keep_within_a_line(irc: Listening) -> None:
    sent: List[Tuple[str, str]] = []
    irc.bot.conn.connection.privmsg = lambda to, text: sent.append((to, text))
    irc.chat.post(hear(irc)[1].place, "#12 *done*\n\n" + "ж" * 400)
    assert [to for to, _ in sent] == ["#ops"] * 4
    assert sent[0][1] == "#12 *done*"
    assert "".join(text for _, text in sent[1:]) == "ж" * 400
    assert all(len(text.encode()) <= 400 for _, text in sent)
    sent.clear()
    irc.chat.post(hear(irc, "privmsg")[1].place, "hello")
    assert sent == [("alice", "hello")]


def test_rooms_and_people(irc: Listening) -> None:
    assert irc.chat.place("#ops") == (("#ops",), True)
    assert irc.chat.place(ALICE) == (("alice",), False)
    assert irc.chat.private(f"irc:{ALICE}") == ("alice",)
    for one in ("", "#a b", "#a\r\nQUIT"):
        with pytest.raises(ValueError, match="no room"):
            irc.chat.place(one)
    assert irc.chat.name_of(f"irc:{ALICE}") == irc.chat.name_of("irc:alice@services") == "alice"
