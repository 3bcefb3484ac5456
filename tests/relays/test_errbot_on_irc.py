"""errbot, its backend for IRC, err-stackstorm and our plugin on a real server; StackStorm is
played."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.irc_room import IrcRoom, Ngircd
from support.stackstorm.chatops import KEY as API_KEY
from support.stackstorm.chatops import Asked, ChatOps
from support.waiting import until

NICK = "opsbot"


class Played:
    """Two rooms with a relay in them, and StackStorm behind that."""

    def __init__(self, room: IrcRoom, storm: ChatOps, bot: Errbot) -> None:
        self.room, self.storm, self.bot = room, storm, bot

    def ask(self, who: str, text: str) -> Asked:
        """Say something that is handed over; what StackStorm got."""
        count = len(self.storm.asked)
        self.room.say(who, text)
        return self.storm.wait_for(count + 1)

    def read(self, text: str, to: str = "#dev") -> List[str]:
        """What the relay said to a room or nick, once that text is in it."""
        alice = self.room.person("alice")
        until(lambda: any(text in one for one in alice.from_(NICK, to)), f"{text!r} for {to}", 60)
        return alice.from_(NICK, to)


@pytest.fixture(scope="module")
def played(tmp_path_factory: Any) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("errbot")
    with Ngircd(folder) as server, ChatOps([], "errbot") as storm:
        bot = Errbot(
            f"{storm.url}/v1",
            API_KEY,
            folder,
            "IRC",
            BOT_IDENTITY={"nickname": NICK, "server": server.address[0], "port": server.address[1]},
            CHATROOM_PRESENCE=("#dev", "#ops"),
            IRC_CHANNEL_RATE=None,
            IRC_PRIVATE_RATE=None,
        )
        room = IrcRoom(server, NICK, bot.restart, lambda text: PREFIX + text)
        with bot:
            room.ready()
            yield Played(room, storm, bot)
            room.close()


def test_who_speaks_is_the_mask_where_no_account_is_known(played: Played) -> None:
    alice = played.room.person("alice")
    asked = played.ask("alice", "echo x")
    assert asked.user.startswith(f"irc:{alice.mask} errbot/")
    assert asked.source_channel == "#dev"
    assert [one for one in played.read("On it.") if one.startswith("alice: On it.")]
    count = len(played.storm.asked)
    alice.say(NICK, f"{PREFIX}echo in private")
    asked = played.storm.wait_for(count + 1)
    assert (asked.command, asked.source_channel) == ("echo in private", alice.mask)
    played.storm.answer(asked, "only for you")
    assert "only for you" in played.read("only for you", "alice")


def test_an_answer_is_read_as_it_was_meant(played: Played) -> None:
    asked = played.ask("alice", "echo x")
    played.storm.answer(asked, "alice: #12 is *done*\n\n&amp; __init__ <b>\n" + "ж" * 400 + "\nEND")
    lines = played.read("END")
    assert "alice: #12 is *done*" in lines
    assert "&amp; __init__ <b>" in lines
    assert "".join(lines).count("ж") == 400


def test_notices_command_nothing(played: Played) -> None:
    count = len(played.storm.asked)
    alice = played.room.person("alice")
    alice.raw(f"NOTICE #dev :{PREFIX}echo a notice\r\n".encode())
    played.bot.wait_for_dropped("of a bot or webhook")
    assert played.ask("alice", "echo a last word").command == "echo a last word"
    assert len(played.storm.asked) == count + 1
