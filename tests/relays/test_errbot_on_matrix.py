"""errbot, its backend for Matrix, err-stackstorm and our plugin on a real homeserver; StackStorm is
played."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.matrix import PASSWORD, SERVER, MatrixRoom, Synapse
from support.chat.room import Heard
from support.stackstorm.chatops import KEY as API_KEY
from support.stackstorm.chatops import Asked, ChatOps
from support.waiting import until

NAME = "opsbot"
READY = "Initial sync complete"


class Played:
    """Two rooms with a relay in them, and StackStorm behind that."""

    def __init__(self, room: MatrixRoom, storm: ChatOps, bot: Errbot) -> None:
        self.room, self.storm, self.bot = room, storm, bot

    def ask(self, who: str, text: str, thread: str = "") -> Asked:
        """Say something that is handed over; what StackStorm got."""
        count = len(self.storm.asked)
        self.room.say(who, text, thread=thread)
        return self.storm.wait_for(count + 1)

    def nothing_new(self, count: int) -> None:
        assert self.ask("alice", "echo a last word").command == "echo a last word"
        assert len(self.storm.asked) == count + 1

    def read(self, text: str) -> Heard:
        """The first answer in the room with that text in it."""
        until(lambda: self._with(text), f"{text!r} in the room", 60)
        return self._with(text)[0]

    def _with(self, text: str) -> List[Heard]:
        return [one for one in self.room.heard() if text in one.text]


@pytest.fixture(scope="module")
def played(tmp_path_factory: Any) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("errbot")
    with Synapse(folder, install=False) as server, ChatOps([], "errbot") as storm:
        server.register(NAME)
        identity = {"username": f"@{NAME}:{SERVER}", "password": PASSWORD, "homeserver": server.url}
        url = f"{storm.url}/v1"
        bot = Errbot(url, API_KEY, folder, "Matrix", BOT_IDENTITY=identity)

        def restart() -> None:
            bot.stop()
            bot.start(READY)

        room = MatrixRoom(server, NAME, restart, lambda text: PREFIX + text)
        bot.start(READY)
        try:
            room.enter()
            yield Played(room, storm, bot)
        finally:
            bot.stop()


def test_who_speaks_is_the_matrix_id(played: Played) -> None:
    asked = played.ask("alice", "create card: down\n\n  <b> &amp; x")
    assert asked.user.startswith("matrix:@alice:localhost errbot/")
    assert asked.source_channel == played.room.source("dev")
    assert asked.command == "create card: down\n\n  <b> &amp; x"
    for display in ("alice", "@alice:localhost"):
        played.room.person("mallory").call_me(display)
        asked = played.ask("mallory", "echo x")
        assert asked.user.startswith("matrix:@mallory:localhost errbot/")


def test_an_answer_is_read_as_it_was_meant_and_stays_in_its_thread(played: Played) -> None:
    count = len(played.storm.asked)
    first = played.room.say("bob", "echo x")
    played.storm.wait_for(count + 1)
    asked = played.ask("bob", "echo in a thread", thread=first)
    text = "bob: #12 is *done*\n\n  &amp; <b> @room __init__\n- x"
    played.storm.answer(asked, text)
    assert played.read("#12") == Heard(text, thread=first)
    asked = played.ask("bob", "echo y")
    played.storm.answer(asked, "nothing is locked")
    assert played.read("nothing is locked") == Heard("bob: nothing is locked")


def test_in_private_the_room_is_the_person(played: Played) -> None:
    alice = played.room.person("alice")
    private = alice.make_room(played.room.bot, is_direct=True)
    until(lambda: played.room.bot in alice.members(private), "the relay in a private room", 60)
    count = len(played.storm.asked)
    alice.say(private, f"{PREFIX}echo in private")
    asked = played.storm.wait_for(count + 1)
    assert asked.source_channel == alice.id
    played.storm.answer(asked, "only for you")
    until(
        lambda: any(one["content"]["body"] == "only for you" for one in alice.messages(private)),
        "the answer in private",
        60,
    )


def test_edits_and_what_is_older_than_the_relay_are_dropped(played: Played) -> None:
    count = len(played.storm.asked)
    message = played.room.say("alice", "echo once")
    played.storm.wait_for(count + 1)
    played.room.edit(message, "echo edited")
    alice = played.room.person("alice")
    late = alice.make_room(preset="public_chat")
    played.room.person("bob").join(late)
    alice.say(late, f"{PREFIX}echo before the relay was in the room")
    alice.invite(late, played.room.bot)
    played.bot.wait_for_dropped("from before the relay started", "an edited message")
    played.nothing_new(count + 1)


def test_nothing_is_executed_again_after_a_restart(played: Played) -> None:
    asked = played.ask("alice", "echo before")
    count = len(played.storm.asked)
    played.room.restart()
    played.bot.wait_for_dropped("from before the relay started")
    played.nothing_new(count)
    played.storm.answer(asked, "it took a while")
    assert played.read("it took a while").text == "alice: it took a while"
