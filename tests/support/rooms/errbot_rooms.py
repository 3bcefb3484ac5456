"""Rooms of `support.chat.story` with a real errbot in them, each on a server of its own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Tuple

from support.chat.errbot_bot import PREFIX, Errbot
from support.chat.matrix import PASSWORD as MATRIX_PASSWORD
from support.chat.matrix import SERVER, MatrixRoom, Synapse
from support.chat.xmpp import HOST, PASSWORD, ROOMS, Prosody, XmppPerson, XmppRoom
from support.stackstorm.client import RELAY, StackStorm

NICK = "opsbot"
_SYNCED = "Initial sync complete"


def on_xmpp(
    stack: ExitStack, storm: StackStorm, folder: Path, *more: str
) -> Tuple[XmppRoom, Errbot]:
    """prosody, and errbot in the two rooms; in `more`, too, which someone else owns."""
    server = stack.enter_context(Prosody(folder))
    server.register(NICK)
    bot = Errbot(
        storm.url,
        storm.relay["St2-Api-Key"],
        folder,
        "XMPP",
        BOT_IDENTITY={
            "username": f"{NICK}@{HOST}",
            "password": PASSWORD,
            "server": server.address,
        },
        XMPP_FEATURE_MECHANISMS={"unencrypted_plain": True, "unencrypted_scram": True},
        CHATROOM_PRESENCE=tuple(f"{one}@{ROOMS}" for one in ("dev", "ops", *more)),
        CHATROOM_FN=NICK,
    )
    room = XmppRoom(server, NICK, bot.restart, lambda text: PREFIX + text)
    room.st2_user, room.route = RELAY, "errbot"
    # Whoever enters first is the owner, and may see who is behind a nick.
    for one in more:
        server.register(f"owner-{one}")
        XmppPerson(server, f"owner-{one}").join(f"{one}@{ROOMS}")
    stack.enter_context(bot)
    stack.callback(room.close)
    room.ready()
    return room, bot


def on_matrix(stack: ExitStack, storm: StackStorm, folder: Path) -> Tuple[MatrixRoom, Errbot]:
    """synapse, and errbot in the two rooms."""
    server = stack.enter_context(Synapse(folder))
    server.register(NICK)
    identity = {
        "username": f"@{NICK}:{SERVER}",
        "password": MATRIX_PASSWORD,
        "homeserver": server.url,
    }
    bot = Errbot(storm.url, storm.relay["St2-Api-Key"], folder, "Matrix", BOT_IDENTITY=identity)

    def restart() -> None:
        bot.stop()
        bot.start(_SYNCED)

    room = MatrixRoom(server, NICK, restart, lambda text: PREFIX + text)
    room.st2_user, room.route = RELAY, "errbot"
    stack.callback(bot.stop)
    bot.start(_SYNCED)
    room.enter()
    return room, bot
