"""Rooms of `support.chat.story` with a real hubot in them, each on a server of its own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Dict, Mapping, Tuple, Union

from support.chat.hubot_bot import Bot, adapter_of_docs, installed
from support.chat.irc_room import IrcRoom, Ngircd
from support.chat.room import Room
from support.chat.xmpp import HOST, PASSWORD, ROOMS, Prosody, XmppRoom
from support.slack.hubot import hubot_in
from support.slack.room import SlackRoom
from support.slack.workspace import Slack
from support.stackstorm.client import StackStorm
from support.stackstorm.console import ConsoleStorm

Settings = Mapping[str, str]


def settings_of(
    storm: Union[StackStorm, ConsoleStorm], key: str, route: str = "opsroom_hubot"
) -> Dict[str, str]:
    """The settings of a relay, as docs/chat.md has them."""
    stream = os.environ.get("ST2_STREAM_URL", "") if isinstance(storm, StackStorm) else ""
    return {
        "ST2_API_URL": storm.url,
        "ST2_STREAM_URL": stream or storm.url,
        "ST2_API_KEY": storm.relay["St2-Api-Key"],
        "ST2_ROUTE": route,
        "ST2_MAX_MESSAGE_LENGTH": "0",
        "OPSROOM_RELAY_KEY": key,
    }


def restart_of(bot: Bot) -> Callable[[], None]:
    """Stops and starts a bot, and waits until it knows its commands."""

    def restart() -> None:
        bot.stop()
        bot.start()

    return restart


def on_slack(stack: ExitStack, settings: Settings, folder: Path) -> Tuple[Room, Bot]:
    """A played workspace, hubot 14."""
    slack = stack.enter_context(Slack())
    bot = stack.enter_context(hubot_in(slack, folder / "log", settings))
    return SlackRoom(slack, restart_of(bot)), bot


def on_irc(stack: ExitStack, settings: Settings, folder: Path) -> Tuple[Room, Bot]:
    """ngircd, hubot 11.6, and the adapter as docs/chat.md has it."""
    bots = installed("hubot@11.6", "hubot-irc@0.2.9", "coffeescript@2")
    (bots / "irc.mjs").write_text(adapter_of_docs("irc.mjs"))
    server = stack.enter_context(Ngircd(folder))
    given = {
        "HUBOT_IRC_SERVER": server.address[0],
        "HUBOT_IRC_PORT": str(server.address[1]),
        "HUBOT_IRC_NICK": "hubot",
        "HUBOT_IRC_ROOMS": "#dev,#ops",
        "HUBOT_IRC_PRIVATE": "true",
        "HUBOT_IRC_UNFLOOD": "false",
        **settings,
    }
    bot = _bot(stack, bots, "irc.mjs", given, folder)
    room = IrcRoom(server, "hubot", restart_of(bot), lambda text: f"hubot: {text}")
    stack.callback(room.close)
    room.ready()
    return room, bot


def on_xmpp(stack: ExitStack, settings: Settings, folder: Path) -> Tuple[XmppRoom, Bot]:
    """prosody, hubot 13, and the adapter as docs/chat.md has it."""
    server = stack.enter_context(Prosody(folder))
    return in_rooms_of(stack, server, settings, folder, "dev", "ops")


def in_rooms_of(
    stack: ExitStack, server: Prosody, settings: Settings, folder: Path, *rooms: str
) -> Tuple[XmppRoom, Bot]:
    """The same on a server that is there, in these rooms."""
    archive = os.environ.get("OPSROOM_TEST_RECONNECT_CORE", "")
    overrides = {"reconnect-core": f"file:{archive}"} if archive else {}
    bots = installed("hubot@13", "hubot-xmpp@0.3.0", overrides=overrides)
    (bots / "xmpp.mjs").write_text(adapter_of_docs("xmpp.mjs"))
    server.register("hubot")
    given = {
        "HUBOT_XMPP_USERNAME": f"hubot@{HOST}",
        "HUBOT_XMPP_PASSWORD": PASSWORD,
        "HUBOT_XMPP_HOST": server.address[0],
        "HUBOT_XMPP_PORT": str(server.address[1]),
        "HUBOT_XMPP_ROOMS": ",".join(f"{one}@{ROOMS}" for one in rooms),
        "HUBOT_XMPP_PREFERRED_SASL_MECHANISM": "PLAIN",
        "HUBOT_XMPP_DISALLOW_TLS": "true",
        **settings,
    }
    bot = _bot(stack, bots, "xmpp.mjs", given, folder)
    room = XmppRoom(server, "hubot", restart_of(bot), lambda text: f"hubot: {text}")
    stack.callback(room.close)
    room.ready()
    return room, bot


def _bot(stack: ExitStack, bots: Path, adapter: str, settings: Dict[str, str], folder: Path) -> Bot:
    return stack.enter_context(Bot(bots, ("-f", adapter), settings, folder / "log", name="hubot"))
