"""What leaves the relay for StackStorm, and what does not, in a running errbot."""

from __future__ import annotations

import time
from typing import Callable

import pytest
from opsroom_relay.forwarding import acknowledgement
from opsroom_relay.seal import Sealer

from conftest import KEY, PlayedBot

Start = Callable[..., PlayedBot]


def test_a_command_goes_out_whole_sealed_and_is_acknowledged(bot: PlayedBot) -> None:
    before = time.time()
    bot.say("!create card: down\n\nsince 10:00\n  &lt;b> see", id="m1")
    asked = bot.asked()
    assert asked["command"] == "create card: down\n\nsince 10:00\n  &lt;b> see"
    assert (asked["source_channel"], asked["notification_channel"]) == ("the room", "the room")
    identity, relay, at, message, _ = asked["user"].split(" ")
    assert (identity, message) == ("test:alice", "m1")
    assert before - 1 < float(at) < time.time() + 1
    assert asked["user"] == Sealer(KEY).seal(identity, at, message, "the room", relay)
    assert bot.read() == (("here",), "On it.")


def test_a_command_is_one_request(bot: PlayedBot) -> None:
    before = list(bot.stackstorm.matched)
    bot.say("!deploy web")
    bot.asked()
    assert bot.read()[1] == "On it."
    assert bot.stackstorm.matched == before


def test_the_acknowledgement_is_as_its_alias_wants_it(bot: PlayedBot) -> None:
    bot.say("!linked")
    assert bot.read()[1] == "On it. https://st2.example.com/#/history/1"
    bot.say("!muted")
    assert bot.settled() == ["linked", "muted"]
    assert bot.posts.empty()


@pytest.mark.parametrize(
    "taken",
    [
        {"results": []},
        {"results": [{}]},
        {"results": [{"message": "said", "actionalias": {"ack": {"enabled": False}}}]},
        {"results": [{"actionalias": {"ack": None}, "execution": None}]},
        {"results": [{"actionalias": {"ack": {"append_url": True}}, "execution": {}}]},
    ],
)
def test_without_an_acknowledgement_the_room_reads_nothing(taken: dict) -> None:
    assert acknowledgement(taken) == ""


def test_without_a_session_nothing_is_asked(
    bot: PlayedBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = bot.test.bot.plugin_manager.get_plugin_obj_by_name("St2")
    monkeypatch.setattr(plugin, "get_token", lambda _: (False, "no session"))
    bot.say("!deploy web")
    assert "'no session'.  Action-Alias execution is not allowed" in bot.read()[1]
    assert bot.stackstorm.asked.empty()


def test_an_answer_is_posted_as_it_is_where_it_was_asked(bot: PlayedBot) -> None:
    bot.say("!versions")
    user = bot.asked()["user"]
    assert bot.read()[1] == "On it."
    text = "#12 is **done**\n\n  &amp; __init__\x07 <b>x</b>"
    bot.stackstorm.say(text, user, "the room")
    assert bot.read() == (("here",), "#12 is **done**\n\n  &amp; __init__ <b>x</b>")
    bot.stackstorm.say(f"{user} is unknown", user, "the room")
    assert bot.read() == (("here",), "alice is unknown")


def test_an_announcement_goes_to_its_room_and_a_whisper_to_the_person(bot: PlayedBot) -> None:
    bot.stackstorm.say("deployed", None, "#ops")
    assert bot.read() == (("#ops",), "deployed")
    bot.say("!x")
    user = bot.asked()["user"]
    bot.read()
    bot.stackstorm.say("secret", user, "the room", whisper=True)
    assert bot.read() == (("private", "test:alice"), "secret")
    # Asked through a relay that was restarted since: it still knows whom, not where exactly.
    older = Sealer(KEY).seal("test:bob", "1.000", "m", "#ops")
    bot.stackstorm.say("done", older, "#ops")
    assert bot.read() == (("#ops",), "bob: done")


def test_an_answer_that_cannot_be_posted_does_not_stop_the_next(bot: PlayedBot) -> None:
    bot.stackstorm.say("lost", None, "no room")
    bot.stackstorm.say("lost", None, None)
    bot.stackstorm.say("deployed", None, "#ops")
    assert bot.read() == (("#ops",), "deployed")


def test_what_stackstorm_says_at_once_is_posted_as_it_is(bot: PlayedBot) -> None:
    bot.say("!refuse this")
    assert bot.read()[1] == "# first\n\n**bold** &amp; <b>third</b>"
    bot.say("!nonsense **x**")
    assert "'nonsense **x**' not found" in bot.read()[1]
    bot.say("!forbidden")
    assert bot.read()[1] == "Unauthorized"


@pytest.mark.parametrize(
    "extras",
    [
        {"edit": True},
        {"old": True},
        {"sent": 1.0},
        {"own": True},
        {"typed": False},
        {"bot": True},
        {"workspace": "AWAY"},
        {"identity": "", "hidden": "This room hides you."},
        {"identity": ""},
    ],
    ids=lambda one: next(iter(one)),
)
def test_what_is_no_new_command_of_a_person_is_dropped(bot: PlayedBot, extras: dict) -> None:
    bot.say("!deploy web", **extras)
    assert bot.settled() == []


def test_a_person_who_is_refused_reads_why_and_a_bot_does_not(bot: PlayedBot) -> None:
    bot.say("!a", bot=True)
    bot.say("!b", identity="", hidden="This room hides you.")
    assert bot.read()[1] == "This room hides you."
    bot.say("!c", workspace="AWAY")
    assert bot.read()[1] == "Commands from other workspaces are not passed on."
    bot.say("!d", identity="")
    assert bot.read()[1].startswith("The chat does not say who you are")


def test_a_message_that_is_delivered_again_is_one_command(bot: PlayedBot) -> None:
    for _ in range(3):
        bot.say("!deploy web", id="r1")
    bot.say("!deploy api", id="r2")
    assert bot.settled() == ["deploy web", "deploy api"]


@pytest.mark.parametrize(
    ("setting", "extras"),
    [
        ({"edits": True}, {"edit": True}),
        ({"old": True}, {"old": True, "sent": 1.0}),
        ({"bots": True}, {"bot": True}),
        ({"guests": True}, {"workspace": "AWAY"}),
        ({"workspaces": ["AWAY"]}, {"workspace": "AWAY"}),
    ],
)
def test_each_rule_can_be_switched_off(start: Start, setting: dict, extras: dict) -> None:
    bot = start(OPSROOM_RELAY=setting)
    bot.say("!deploy web", **extras)
    assert bot.settled() == ["deploy web"]


def test_repeated_messages_can_be_let_through(start: Start) -> None:
    bot = start(OPSROOM_RELAY={"repeated": True})
    bot.say("!deploy web", id="m1")
    bot.say("!deploy web", id="m1")
    assert bot.settled() == ["deploy web"] * 2


def test_it_is_back_after_the_connection_was_lost(start: Start) -> None:
    bot = start()
    for _ in range(2):
        bot.test.bot.disconnect_callback()
        bot.test.bot.connect_callback()
        bot.say("!deploy web")
        user = bot.asked()["user"]
        assert bot.read()[1] == "On it."
        bot.stackstorm.say("deployed", user, "the room")
        assert bot.read()[1] == "deployed"
        assert bot.posts.empty()


def test_a_number_repeats_no_command(bot: PlayedBot) -> None:
    for text in ("!echo hello", "!1", "!!", "!1 more"):
        bot.say(text)
    assert bot.test.pop_message(timeout=20) == "hello"
    assert bot.settled() == []
    assert bot.test.bot.outgoing_message_queue.empty()


def test_the_log_has_the_reason_and_not_the_text(
    bot: PlayedBot, caplog: pytest.LogCaptureFixture
) -> None:
    bot.say("!deploy hush", edit=True, id="m7")
    bot.settled()
    dropped = [one for one in caplog.messages if one.startswith("dropped message")]
    assert dropped == ["dropped message m7 of test:alice: an edited message"]


def test_the_relay_adds_less_than_two_milliseconds(bot: PlayedBot) -> None:
    plugin = bot.test.bot.plugin_manager.get_plugin_obj_by_name("OpsroomRelay")
    from errbot.backends.base import Message
    from opsroom_relay.forwarding import HEARD

    passed = []
    plugin._handle = passed.append
    sender = bot.test.bot.sender
    number = 500
    began = time.process_time()
    for at in range(number):
        extras = {"identity": "test:alice", "name": "alice", "id": f"p{at}"}
        plugin._incoming(Message("!deploy web", frm=sender, to=sender, extras=extras))
        sealed = bot.test.bot.plugin_manager.get_plugin_obj_by_name("St2").chatbackend.get_username(
            passed[-1]
        )
        assert passed[-1].extras[HEARD].message in sealed
    each = (time.process_time() - began) / number
    assert len(passed) == number
    assert each < 0.002, f"{each * 1000:.2f} ms a message"
