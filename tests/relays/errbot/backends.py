"""errbot's real backends, without a server: what they make of an event, and how it is read."""

from __future__ import annotations

import importlib
from typing import Any, List, Tuple

from opsroom_relay.chats import Chat
from opsroom_relay.messages import Heard


def config(**settings: Any) -> Any:
    """errbot's config with its defaults."""
    from errbot.backends.test import ShallowConfig
    from errbot.bootstrap import bot_config_defaults

    made = ShallowConfig()
    made.__dict__.update(importlib.import_module("errbot.config-template").__dict__)
    made.__dict__.update(settings)
    bot_config_defaults(made)
    return made


class Listening:
    """A chat at its backend. `got` are the messages that errbot would handle, with what the relay
    read of each."""

    def __init__(self, bot: Any, chat: Chat) -> None:
        self.bot, self.chat = bot, chat
        self.got: List[Tuple[Any, Heard]] = []
        bot.callback_message = self._take
        bot.callback_mention = lambda *_: None
        chat.attach()

    def _take(self, message: Any) -> None:
        heard = self.chat.heard(message)
        self.got.append((message, heard))

    def last(self) -> Tuple[Any, Heard]:
        assert self.got, "the backend made no message of it"
        return self.got[-1]
