"""errbot, its backend for Slack, err-stackstorm and our plugin, all real; Slack and StackStorm are
played."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.story import KEY
from support.slack.errbot import errbot_in
from support.slack.messages import KINDS, TYPED
from support.slack.workspace import BOT, OTHER_TEAM, TEAM, Person, Post, Slack, typed
from support.stackstorm.chatops import KEY as API_KEY
from support.stackstorm.chatops import Asked, ChatOps

pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")


class Played:
    """A workspace with a relay in it, and StackStorm behind that."""

    def __init__(self, slack: Slack, storm: ChatOps, bot: Errbot) -> None:
        self.slack, self.storm, self.bot = slack, storm, bot
        self.alice = slack.person("alice", "Alice")
        self.bob = slack.person("bob", "alice", "Alice")

    def say(self, who: Person, text: str, **more: Any) -> str:
        return self.slack.say(who, PREFIX + typed(text), **more)

    def ask(self, who: Person, text: str, **more: Any) -> Asked:
        """Say something that is handed over; what StackStorm got."""
        count = len(self.storm.asked)
        self.say(who, text, **more)
        return self.storm.wait_for(count + 1)

    def nothing_new(self, count: int) -> None:
        """Since then only what is said now has been handed over."""
        assert self.ask(self.alice, "echo a last word").command == "echo a last word"
        assert len(self.storm.asked) == count + 1

    def read(self, text: str, since: int = 0) -> Post:
        return self.slack.wait_for(lambda post: text in post.reading.text, text, since)


@pytest.fixture(scope="module")
def played(tmp_path_factory: Any) -> Iterator[Played]:
    with Slack() as slack, ChatOps([], "errbot") as storm:
        folder = tmp_path_factory.mktemp("errbot")
        # The backend turns its own name into a mention.
        more = {"BOT_ALT_PREFIXES": ("@opsbot",)}
        with errbot_in(slack, f"{storm.url}/v1", API_KEY, folder, **more) as bot:
            slack.connected()
            yield Played(slack, storm, bot)


def test_who_speaks_is_the_id_and_the_room_is_the_channels(played: Played) -> None:
    # Both call themselves the same.
    for who in (played.alice, played.bob):
        asked = played.ask(who, "echo hello")
        identity, relay, *_ = asked.user.split(" ")
        assert identity == f"slack:{TEAM}/{who.id}"
        assert relay.startswith("errbot/")
        assert asked.source_channel == played.slack.dev.id
    in_private = played.slack.direct(played.alice)
    asked = played.ask(played.alice, "echo in private", channel=in_private)
    played.slack.wait_for(lambda post: post.channel == in_private.id, "an answer in private")
    assert asked.source_channel == in_private.id


def test_the_text_is_what_was_typed_whatever_kind_the_message_is(played: Played) -> None:
    for more in KINDS:
        assert played.ask(played.alice, TYPED, **more).command == TYPED


def test_a_link_that_shows_another_address_shows_both(played: Played) -> None:
    count = len(played.storm.asked)
    link, mention = "<https://evil.example|https://good.example>", f"<@{played.alice.id}|admin>"
    played.slack.say(played.alice, f"{PREFIX}echo {link} {mention}")
    command = played.storm.wait_for(count + 1).command
    assert command == "echo https://good.example (https://evil.example) @alice"


def test_a_mention_of_the_bot_is_a_prefix_as_well(played: Played) -> None:
    count = len(played.storm.asked)
    played.slack.say(played.alice, f"<@{BOT}> echo hello")
    assert played.storm.wait_for(count + 1).command == "echo hello"


def test_an_answer_is_read_as_it_was_meant(played: Played) -> None:
    since = len(played.slack.posts)
    asked = played.ask(played.alice, "echo x")
    assert played.read("On it.", since).reading.pings == set()
    text = "alice: <!channel> *x* _y_ `z` &amp; <b> @here @alice <@U0BOB0003>\n\n#12 done\n- x"
    played.storm.answer(asked, text, color="#2eb886", thread_response=True)
    post = played.read("#12", since)
    assert post.reading.text == text
    assert (post.reading.pings, post.reading.styled, post.reading.links) == (set(), [], [])
    played.storm.answer(asked, "nothing is locked")
    assert played.read("nothing", since).reading.text == "alice: nothing is locked"
    assert not [one for one in played.slack.posts if "errbot/" in one.reading.text]


def test_an_answer_in_a_thread_stays_in_the_thread(played: Played) -> None:
    since = len(played.slack.posts)
    asked = played.ask(played.alice, "echo in a thread", thread_ts="1796000000.000100")
    played.storm.answer(asked, "below", thread_response=True)
    assert played.read("below", since).thread_ts == "1796000000.000100"


def test_a_long_answer_arrives_whole(played: Played) -> None:
    since = len(played.slack.posts)
    asked = played.ask(played.alice, "echo long")
    text = "alice\n" + "\n".join(f"line {number} of it" for number in range(700)) + "\nthe END"
    played.storm.answer(asked, text)
    played.read("the END", since)
    parts = [one.reading.text for one in played.slack.posts[since:]]
    assert "\n".join(one for one in parts if "line" in one) == text


def test_an_announcement_reaches_its_channel(played: Played) -> None:
    for name in (played.slack.ops.id, "#ops", "ops", f"<#{played.slack.ops.id}|ops>"):
        since = len(played.slack.posts)
        played.storm.post("deployed", channel=name, user=None)
        assert played.read("deployed", since).channel == played.slack.ops.id


def test_edits_repeats_bots_guests_and_itself_are_dropped_and_logged(played: Played) -> None:
    guest = played.slack.person("gina", team=OTHER_TEAM)
    other = played.slack.person("otherbot", is_bot=True)
    count = len(played.storm.asked)
    ts = played.say(played.alice, "echo once")
    played.storm.wait_for(count + 1)
    played.slack.redeliver(ts)
    played.slack.edit(ts, f"{PREFIX}echo edited")
    played.say(guest, "echo a guest")
    played.say(other, "echo a bot", bot_id="B0OTHER01")
    played.say(played.alice, "echo a webhook", user=None, subtype="bot_message", bot_id="B0HOOK01",
               username="alice")  # fmt: skip
    played.say(played.slack.people[BOT], "echo itself", bot_id="B0OPSBOT1")
    old = "1700000000.000100"
    played.say(played.alice, "echo of long ago", ts=old, event_ts=old)
    played.bot.wait_for_dropped(
        "delivered before",
        "an edited message",
        "of a guest",
        "of a bot",
        "relay's own",
        "before the",
    )
    played.nothing_new(count + 1)


def test_nothing_is_executed_again_after_a_restart(played: Played) -> None:
    count = len(played.storm.asked)
    ts = played.say(played.alice, "echo before")
    asked = played.storm.wait_for(count + 1)
    played.bot.stop()
    played.slack.socket.disconnected()
    played.bot.start()
    played.slack.connected()
    played.slack.redeliver(ts)
    played.nothing_new(count + 1)
    # Who asked before the restart is known from the seal; in which thread is forgotten.
    since = len(played.slack.posts)
    played.storm.answer(asked, "it took a while")
    assert played.read("it took", since).reading.text == "alice: it took a while"


def test_without_a_key_nothing_is_handed_over_and_it_says_why(tmp_path: Path) -> None:
    with Slack() as slack, ChatOps([], "errbot") as storm:
        bot = errbot_in(slack, f"{storm.url}/v1", API_KEY, tmp_path, OPSROOM_RELAY_KEY="")
        bot.start(sealing=False)
        try:
            slack.connected()
            slack.say(slack.person("alice"), f"{PREFIX}echo hello")
            post = slack.wait_for(lambda post: "Nothing is passed on" in post.reading.text, "why")
        finally:
            bot.stop()
        assert "OPSROOM_RELAY_KEY is not set" in post.reading.text
        assert storm.asked == []
        assert KEY not in bot.log()
