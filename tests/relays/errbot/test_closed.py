"""Where something is not as it has to be, nothing is forwarded, and the room reads why."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import errst2lib.version
import pytest
from opsroom_relay.settings import Misconfigured, read_key, read_settings

from conftest import KEY, PLUGIN, PlayedBot

Start = Callable[..., PlayedBot]


def refused(bot: PlayedBot) -> str:
    """Type a command, and return what is said to it; StackStorm hears nothing of it."""
    bot.say("!deploy web")
    said = str(bot.test.pop_message(timeout=20))
    assert bot.stackstorm.asked.empty()
    assert bot.stackstorm.matched == []
    return said


SETTINGS = [
    ({"OPSROOM_RELAY_KEY": None}, "OPSROOM_RELAY_KEY is not set"),
    ({"OPSROOM_RELAY_KEY": ""}, "OPSROOM_RELAY_KEY is not set"),
    ({"OPSROOM_RELAY_KEY": "k" * 31}, "at least 32 characters"),
    ({"OPSROOM_RELAY_KEY": 7 * 10**40}, "at least 32 characters"),
    ({"OPSROOM_RELAY_KEY_FILE": "/nowhere"}, "both set"),
    (
        {"OPSROOM_RELAY_KEY": None, "OPSROOM_RELAY_KEY_FILE": "/nowhere"},
        "cannot be read (FileNotFoundError)",
    ),
    ({"OPSROOM_RELAY": {"edit": True}}, "no setting 'edit'"),
    ({"OPSROOM_RELAY": {"edits": 1}}, "True or False"),
    ({"OPSROOM_RELAY": {"max_age": 0}}, "above 0"),
    ({"OPSROOM_RELAY": {"max_age": True}}, "above 0"),
    ({"OPSROOM_RELAY": {"workspaces": "T1"}}, "list of texts"),
    ({"OPSROOM_RELAY": ["edits"]}, "has to be a dict"),
]


@pytest.mark.parametrize(("settings", "why"), SETTINGS)
def test_a_bad_setting_is_named(settings: dict, why: str) -> None:
    config = SimpleNamespace(**{"OPSROOM_RELAY_KEY": KEY, **settings})
    with pytest.raises(Misconfigured) as raised:
        assert (read_settings(config), read_key(config)) == ()
    assert why in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(("settings", "why"), [SETTINGS[0], SETTINGS[6]])
def test_a_bad_setting_closes(start: Start, settings: dict, why: str) -> None:
    said = refused(start(**settings))
    assert said.startswith("Nothing is passed on to StackStorm: ")
    assert why in said


def test_the_key_may_be_in_a_file(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    bot = start(OPSROOM_RELAY_KEY=None, OPSROOM_RELAY_KEY_FILE=str(file))
    bot.say("!deploy web")
    assert bot.asked()["command"] == "deploy web"


def test_a_chat_that_is_not_known_closes(start: Start) -> None:
    assert "knows the backends irc, matrix, slackv3, xmpp" in refused(start(chat=False))


def test_another_version_of_err_stackstorm_closes(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errst2lib.version, "ERR_STACKSTORM_VERSION", "2.3.3")
    assert "knows err-stackstorm 2.3.2, and this is 2.3.3" in refused(start())


def test_another_version_of_a_backend_closes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    chats = importlib.import_module("opsroom_relay.chats")
    monkeypatch.setitem(chats.KINDS, "test", ("irc", "IrcChat", "requests", "0.0.1"))
    assert "knows requests 0.0.1, and this is " in refused(start(chat=False))


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_the_plugins_does_not_matter(start: Start, first: bool) -> None:
    stock = str(Path(errst2lib.__file__ or "").parents[1])
    places = [str(PLUGIN), stock] if first else [stock, str(PLUGIN)]
    bot = start(plugins=places)
    bot.say("!deploy web")
    user = bot.asked()["user"]
    assert user.startswith("test:alice errbot/")
    bot.read()
    bot.stackstorm.say("a **b**", user, "the room")
    assert bot.read()[1] == "a **b**"


def test_an_err_stackstorm_that_comes_later_stays_shut(start: Start) -> None:
    bot = start()
    manager = bot.test.bot.plugin_manager
    bot.say("!deploy web")
    bot.asked()
    bot.read()
    # As after `!repos install`: another object, in which nothing is replaced.
    stock = manager.plugins["St2"]
    later = type(stock).__new__(type(stock))
    later.__dict__.update(stock.__dict__)
    del later.__dict__["execute_actionalias"]
    manager.plugins["St2"] = later
    bot.say("!deploy api")
    assert bot.asked()["command"] == "deploy api"
    assert "restart errbot" in later.execute_actionalias(None, None)
    manager.plugins["St2"] = stock


def test_a_message_that_cannot_be_judged_is_dropped(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = start()
    plugin: Any = bot.test.bot.plugin_manager.get_plugin_obj_by_name("OpsroomRelay")
    heard = plugin._chat.heard

    def fails(message: Any) -> Any:
        if message.body == "!deploy web":
            raise KeyError("ts")
        return heard(message)

    plugin._chat.heard = fails
    bot.say("!deploy web")
    assert bot.settled() == []
