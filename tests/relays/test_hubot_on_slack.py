"""hubot, its adapter for Slack, hubot-stackstorm and our script, all real; Slack and StackStorm are
played."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from support.chat.hubot_bot import Bot
from support.slack.hubot import hubot_in
from support.slack.messages import KINDS, TYPED
from support.slack.workspace import BOT, OTHER_TEAM, TEAM, Person, Post, Slack, typed
from support.stackstorm.chatops import KEY as API_KEY
from support.stackstorm.chatops import Asked, ChatOps

pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")

KEY = "a-key-that-only-the-relay-and-opsroom-know"
ALIASES: List[Dict[str, Any]] = [
    # More than StackStorm gives at once; the one that is used is the last.
    *({"name": f"other_{number}", "formats": [f"other {number}"]} for number in range(120)),
    {
        "name": "opsroom_echo",
        "description": "says it again",
        "formats": [{"display": "echo {{ text }}", "representation": ["[Ee]cho\\s+{{text}}"]}],
    },
]


class Played:
    """A workspace with a relay in it, and StackStorm behind that."""

    def __init__(self, slack: Slack, storm: ChatOps, bot: Bot) -> None:
        self.slack, self.storm, self.bot = slack, storm, bot
        self.alice = slack.person("alice", "Alice")
        self.bob = slack.person("bob", "alice", "Alice")

    def say(self, who: Person, text: str, **more: Any) -> str:
        return self.slack.say(who, f"<@{BOT}> {typed(text)}", **more)

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


def environment(storm: ChatOps, **more: str) -> Dict[str, str]:
    return {
        "ST2_API_URL": storm.url,
        "ST2_STREAM_URL": storm.url,
        "ST2_API_KEY": API_KEY,
        "ST2_MAX_MESSAGE_LENGTH": "0",
        "OPSROOM_RELAY_KEY": KEY,
        **more,
    }


@pytest.fixture(scope="module", params=["13", "14"])
def played(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Played]:
    log = tmp_path_factory.mktemp("hubot") / "hubot.log"
    with Slack() as slack, ChatOps(ALIASES) as storm, ExitStack() as stack:
        bot = stack.enter_context(hubot_in(slack, log, environment(storm), request.param))
        yield Played(slack, storm, bot)


def seal_of(user: str, room: str) -> str:
    """The seal that a sealed text must have."""
    *parts, _ = user.split(" ")
    lines = "\n".join(["opsroom-relay-1", *parts, room]).encode()
    return (
        base64.urlsafe_b64encode(hmac.new(KEY.encode(), lines, hashlib.sha256).digest())
        .rstrip(b"=")
        .decode()
    )


def test_who_speaks_is_the_id_sealed_with_the_channel(played: Played) -> None:
    # Both call themselves the same; the handle of either can change.
    for who in (played.alice, played.bob):
        asked = played.ask(who, "echo hello")
        identity, relay, _, _, seal = asked.user.split(" ")
        assert identity == f"slack:{TEAM}/{who.id}"
        assert relay.startswith("hubot/")
        assert seal == seal_of(asked.user, asked.source_channel)
        assert asked.source_channel == played.slack.dev.id
    in_private = played.slack.direct(played.alice)
    played.slack.say(played.alice, "echo in private", in_private)
    played.slack.wait_for(lambda post: post.channel == in_private.id, "an answer in private")
    assert played.storm.asked[-1].source_channel == in_private.id


def test_the_text_is_what_was_typed_whatever_kind_the_message_is(played: Played) -> None:
    for more in KINDS:
        assert played.ask(played.alice, TYPED, **more).command == TYPED


def test_a_link_that_shows_another_address_is_seen_to(played: Played) -> None:
    count = len(played.storm.asked)
    link, mention = "<https://evil.example|https://good.example>", f"<@{played.alice.id}|admin>"
    played.slack.say(played.alice, f"<@{BOT}> echo {link} {mention}")
    assert played.storm.wait_for(count + 1).command == f"echo {link} @alice"


def test_an_answer_is_for_whoever_asked_and_is_read_as_it_was_meant(played: Played) -> None:
    count = len(played.storm.asked)
    ts = played.say(played.alice, "echo x")
    asked = played.storm.wait_for(count + 1)
    acknowledged = played.slack.wait_for(lambda post: post.thread_ts == ts, "On it.")
    since = len(played.slack.posts)
    assert acknowledged.reading.text.startswith("On it.")
    assert acknowledged.reading.pings == set()
    text = (
        "done: <!channel> *x* _y_ `z` &amp; <b> @here <@U0BOB0003>\n\nsee https://st2.example/#/x"
    )
    played.storm.answer(asked, text, color="#2eb886", thread_response=True)
    post = played.read("done:", since)
    assert post.reading.text == f"@Alice:\n{text}"
    assert post.reading.pings == {played.alice.id}
    assert post.reading.links == [("https://st2.example/#/x",) * 2]
    assert (post.reading.styled, post.reading.colors) == ([], ["#2eb886"])
    assert post.thread_ts == ts


def test_the_facts_of_an_answer_stand_below_it_with_a_link_to_the_execution(
    played: Played,
) -> None:
    since = len(played.slack.posts)
    asked = played.ask(played.alice, "echo facts")
    number = f"{len(played.storm.asked):024x}"
    facts = {"Application": "web_1", "Environment": "<!channel>", "Version": "*v1*", "Before": ""}
    fields = [{"title": title, "value": value} for title, value in facts.items()]
    played.storm.answer(asked, "deployed it", fields=fields)
    reading = played.read("deployed it", since).reading
    assert reading.fields == {title: value for title, value in facts.items() if value}
    assert reading.pings == {played.alice.id}
    url = f"https://st2.example.com/#/history/{number}"
    assert reading.links == [("Execution in StackStorm", url)]
    # Of what can be taken for markup nothing is bold.
    assert reading.styled == ["Application", "Environment"]


def test_an_answer_in_a_thread_stays_in_the_thread(played: Played) -> None:
    since = len(played.slack.posts)
    asked = played.ask(played.alice, "echo in a thread", thread_ts="1796000000.000100")
    played.storm.answer(asked, "below", thread_response=True)
    assert played.read("below", since).thread_ts == "1796000000.000100"


def test_a_long_answer_arrives_whole(played: Played) -> None:
    since = len(played.slack.posts)
    asked = played.ask(played.alice, "echo long")
    text = "\n".join(f"line {number} of a long answer" for number in range(700)) + "\nthe END"
    played.storm.answer(asked, text)
    played.read("the END", since)
    parts = [one for one in played.slack.posts[since:] if "line" in one.reading.text]
    whole = "\n".join(one.reading.text for one in parts).replace("@Alice:\n", "")
    assert whole == text
    assert [bool(one.reading.pings) for one in parts] == [True] + [False] * (len(parts) - 1)


def test_edits_repeats_bots_guests_and_itself_are_dropped_and_logged(played: Played) -> None:
    guest = played.slack.person("gina", team=OTHER_TEAM)
    other = played.slack.person("otherbot", is_bot=True)
    count = len(played.storm.asked)
    ts = played.say(played.alice, "echo once")
    played.slack.redeliver(ts)
    played.slack.edit(ts, f"<@{BOT}> echo edited")
    played.say(guest, "echo a guest")
    played.say(other, "echo a bot", bot_id="B0OTHER01")
    played.say(played.alice, "echo a webhook", user=None, subtype="bot_message", bot_id="B0HOOK01")
    played.say(played.slack.people[BOT], "echo itself", bot_id="B0OPSBOT1")
    old = "1700000000.000100"
    played.say(played.alice, "echo of long ago", ts=old, event_ts=old)
    played.nothing_new(count + 1)
    for reason in ("repeat", "guest", "bot", "replay"):
        played.bot.wait_for(f"dropped a command ({reason})")
    log = [line for line in played.bot.log() if "opsroom:" in line]
    assert not [line for line in log if "echo" in line], "what was said is in the log"


def test_what_stackstorm_refuses_is_one_sentence(played: Played) -> None:
    since = len(played.slack.posts)
    played.storm.refuse = "Immutable arguments cannot be overriden: x\n{'type': 'object'}"
    played.say(played.alice, "echo refused")
    post = played.read("StackStorm refused it", since)
    assert post.reading.text.endswith("refused it: Immutable arguments cannot be overriden: x")


def test_nothing_is_executed_again_after_a_restart(played: Played) -> None:
    count = len(played.storm.asked)
    ts = played.say(played.alice, "echo before")
    played.storm.wait_for(count + 1)
    played.bot.stop()
    played.slack.socket.disconnected()
    played.bot.start()
    played.slack.redeliver(ts)
    played.nothing_new(count + 1)


@pytest.mark.parametrize("key", ["", "too-short"])
def test_without_a_key_nothing_is_handed_over_and_it_says_why(key: str, tmp_path: Path) -> None:
    with Slack() as slack, ChatOps(ALIASES) as storm:
        bot = hubot_in(slack, tmp_path / "log", environment(storm, OPSROOM_RELAY_KEY=key))
        with bot:
            slack.say(slack.person("alice"), f"<@{BOT}> echo hello")
            slack.wait_for(lambda post: "Nothing was run" in post.reading.text, "why")
            assert storm.asked == []
            assert [line for line in bot.log() if "nothing is handed over to StackStorm" in line]
