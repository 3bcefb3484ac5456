"""errbot, its backend for XMPP, err-stackstorm and our plugin on a real server; StackStorm is
played."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.xmpp import HOST, OTHER_HOST, PASSWORD, ROOMS, Prosody, XmppPerson, XmppRoom
from support.stackstorm.chatops import KEY as API_KEY
from support.stackstorm.chatops import Asked, ChatOps
from support.waiting import until

NICK = "opsbot"
HIDDEN = f"hidden@{ROOMS}"


class Played:
    """Two rooms with a relay in them, one that hides who speaks, and StackStorm behind that."""

    def __init__(self, room: XmppRoom, storm: ChatOps, bot: Errbot) -> None:
        self.room, self.storm, self.bot = room, storm, bot

    def ask(self, who: str, text: str) -> Asked:
        """Say something that is handed over; what StackStorm got."""
        count = len(self.storm.asked)
        self.room.say(who, text)
        return self.storm.wait_for(count + 1)

    def nothing_new(self, count: int) -> None:
        assert self.ask("alice", "echo a last word").command == "echo a last word"
        assert len(self.storm.asked) == count + 1

    def read(self, text: str) -> List[str]:
        """What the room read, once that text is in it."""

        def said() -> List[str]:
            return [one.text for one in self.room.heard()]

        until(lambda: any(text in one for one in said()), f"{text!r} in the room", 60)
        return said()


@pytest.fixture(scope="module")
def played(tmp_path_factory: Any) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("errbot")
    with Prosody(folder) as server, ChatOps([], "errbot") as storm:
        for name in (NICK, "owner"):
            server.register(name)
        server.register("alice", OTHER_HOST)
        # Whoever enters first is a moderator; all others see nicks.
        owner = XmppPerson(server, "owner")
        owner.join(HIDDEN)
        bot = Errbot(
            f"{storm.url}/v1",
            API_KEY,
            folder,
            "XMPP",
            BOT_IDENTITY={
                "username": f"{NICK}@{HOST}",
                "password": PASSWORD,
                "server": server.address,
            },
            XMPP_FEATURE_MECHANISMS={"unencrypted_plain": True, "unencrypted_scram": True},
            CHATROOM_PRESENCE=(f"dev@{ROOMS}", f"ops@{ROOMS}", HIDDEN),
            CHATROOM_FN=NICK,
            BOT_ADMINS=(f"owner@{HOST}",),
        )
        room = XmppRoom(server, NICK, bot.restart, lambda text: PREFIX + text)
        with bot:
            room.ready()
            yield Played(room, storm, bot)
            room.close()
            owner.close()


def test_who_speaks_is_the_jid_behind_the_nick(played: Played) -> None:
    asked = played.ask("alice", "create card: down\n\n  <b> &amp; x")
    assert asked.user.startswith("xmpp:alice@localhost errbot/")
    assert asked.source_channel == f"dev@{ROOMS}"
    assert asked.command == "create card: down\n\n  <b> &amp; x"
    alice, mallory = played.room.person("alice"), played.room.person("mallory")
    dev = played.room.source("dev")
    alice.leave(dev)
    mallory.join(dev, "alice")
    assert played.ask("mallory", "echo x").user.startswith("xmpp:mallory@localhost errbot/")
    mallory.join(dev, "mallory")
    alice.join(dev)
    assert played.ask("alice", "echo x").user.startswith("xmpp:alice@localhost errbot/")


def test_in_private_the_domain_counts_and_the_answer_comes_at_once(played: Played) -> None:
    other = XmppPerson(played.room.server, "alice", OTHER_HOST)
    for person in (played.room.person("alice"), other):
        count = len(played.storm.asked)
        person.say(f"{NICK}@{HOST}", f"{PREFIX}echo x", "chat")
        asked = played.storm.wait_for(count + 1)
        assert asked.user.startswith(f"xmpp:{person.jid} errbot/")
        assert asked.source_channel == person.jid
        played.storm.answer(asked, "**nothing** is locked")
        until(
            lambda person=person: "**nothing** is locked" in person.private(f"{NICK}@{HOST}"),
            "the answer in private",
            10,
        )
    other.close()


def test_an_answer_is_read_as_it_was_meant(played: Played) -> None:
    asked = played.ask("bob", "echo x")
    text = "bob: #12 is *done*\n\n  &amp; <b> @here __init__\n- x"
    played.storm.answer(asked, text)
    assert text in played.read("#12")
    played.storm.answer(asked, f"nothing of {asked.user} is locked")
    assert "nothing of bob is locked" in played.read("nothing of")
    assert "errbot/" not in "\n".join(played.read("nothing of"))


def test_corrections_and_hidden_speakers_are_dropped(played: Played) -> None:
    count = len(played.storm.asked)
    message = played.room.say("alice", "echo once")
    played.storm.wait_for(count + 1)
    played.room.edit(message, "echo corrected")
    alice = played.room.person("alice")
    alice.say(f"dev@{ROOMS}/{NICK}", f"{PREFIX}echo through the room", "chat")
    alice.join(HIDDEN)
    alice.say(HIDDEN, f"{PREFIX}echo hidden")
    until(lambda: "hides who" in "".join(alice.heard(f"{HIDDEN}/{NICK}")), "a refusal", 60)
    until(lambda: "through a room" in "".join(alice.heard(f"dev@{ROOMS}/{NICK}")), "another", 60)
    played.bot.wait_for_dropped("an edited message")
    played.nothing_new(count + 1)
    dropped = played.bot.dropped()
    assert dropped.count("an edited message") == 1
    assert dropped.count("of someone whose identity is not known") == 2


def test_after_a_restart_nothing_is_executed_again(played: Played) -> None:
    count = len(played.storm.asked)
    asked = played.ask("alice", "echo before")
    played.room.restart()
    played.nothing_new(count + 1)
    played.storm.answer(asked, "it took a while")
    assert "alice: it took a while" in played.read("it took")


def test_it_comes_back_when_the_server_does(played: Played) -> None:
    played.bot.from_now()
    played.room.server.restart()
    played.room.forget()
    # The relay first: the first to enter may see who is behind a nick.
    played.bot.wait_for(f"Joined room {HIDDEN}")
    played.room.ready()
    asked = played.ask("alice", "echo x")
    assert asked.user.startswith("xmpp:alice@localhost errbot/")
    played.storm.answer(asked, "alice is back")
    assert len([one for one in played.read("alice is back") if one == "alice is back"]) == 1
