"""opsroom's plugin for errbot: it stands between errbot, err-stackstorm and the chat.

It is in its place from the moment when errbot loads it, before any plugin is active: until all is
known to be well, and for good where it is not, nothing is passed on to StackStorm.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from typing import Any, Optional

from errbot import BotPlugin
from errbot.version import VERSION as ERRBOT
from opsroom_relay.chats import Chat, make_chat
from opsroom_relay.forwarding import CLOSED, HEARD, Forwarding, check_versions, log_dropped
from opsroom_relay.messages import Reason, Recent, why_no_new_message
from opsroom_relay.seal import RELAY, Sealer
from opsroom_relay.settings import Misconfigured, Settings, read_key, read_settings
from opsroom_relay.stackstorm import EVERY

STACKSTORM = "St2"
# Until the aliases are read a second time, and so on, where they were not. In seconds.
_PAUSES = (1.0, 5.0, 20.0)


class OpsroomRelay(BotPlugin):
    """Seals who speaks before a command leaves for StackStorm, and drops what is no new command."""

    def __init__(self, bot: Any, name: Optional[str] = None) -> None:
        super().__init__(bot, name)
        self._started = time.time()
        self._closed = "errbot has not connected since the relay was loaded; restart errbot"
        self._settings = Settings()
        self._chat: Optional[Chat] = None
        try:
            self._settings = read_settings(bot.bot_config)
            self._chat = make_chat(bot)
            self._chat.attach()
        except Misconfigured as problem:
            self._closed = str(problem)
        self._seen: Recent[None] = Recent(self._settings.memory)
        self._connect, bot.connect_callback = bot.connect_callback, self._connecting
        self._disconnect, bot.disconnect_callback = bot.disconnect_callback, self._disconnected
        self._handle, bot.callback_message = bot.callback_message, self._incoming
        # A number as the first word would repeat an earlier command of errbot's.
        bot.cmd_history = defaultdict(lambda: deque(maxlen=0))
        self._opened = False
        self._in_place: Any = None
        self._forwarding: Optional[Forwarding] = None

    def activate(self) -> None:
        """Called by errbot. What the plugin does it does already; it says here whether it does."""
        super().activate()
        if self._closed:
            self.log.critical(CLOSED.format(self._closed))
        else:
            self.log.info("speakers are sealed, as relay %s", RELAY)
        if self._forwarding is not None:
            # Not in the way of errbot, which starts its plugins one after the other.
            first = self._forwarding.read_aliases
            threading.Thread(target=first, args=(_PAUSES,), daemon=True).start()
            self.start_poller(EVERY, self._forwarding.read_aliases)

    def _connecting(self) -> None:
        """The bot has connected, and is about to activate its plugins, of which all are loaded."""
        if not self._opened:
            try:
                self._open()
            except Misconfigured as problem:
                self._closed = str(problem)
            self._opened = True
        if self._closed:
            self._shut()
        if self._chat is not None:
            self._chat.connected()
        self._connect()

    def _disconnected(self) -> None:
        """The connection is lost, and errbot stops its plugins until it is back. err-stackstorm is
        passed over: it fails when it is stopped, and again when it is started after that."""
        plugin = self._bot.plugin_manager.get_plugin_obj_by_name(STACKSTORM)
        active = plugin is not None and plugin.is_activated
        if active:
            plugin.is_activated = False
        try:
            self._disconnect()
        finally:
            if active:
                plugin.is_activated = True

    def _open(self) -> None:
        if self._chat is None:
            return
        plugin = self._bot.plugin_manager.get_plugin_obj_by_name(STACKSTORM)
        if plugin is None:
            raise Misconfigured("err-stackstorm is not loaded; put it into BOT_EXTRA_PLUGIN_DIR")
        from errst2lib.version import ERR_STACKSTORM_VERSION

        check_versions(ERRBOT, ERR_STACKSTORM_VERSION)
        sealer = Sealer(read_key(self._bot.bot_config))
        self._forwarding = Forwarding(plugin, self._chat, sealer, self._settings)
        self._forwarding.open()
        self._in_place, self._closed = plugin, ""

    def _shut(self) -> None:
        """Let err-stackstorm answer every command with why nothing is passed on."""
        plugin = self._bot.plugin_manager.get_plugin_obj_by_name(STACKSTORM)
        if plugin is None:
            return

        def refused(message: Any, match: Any) -> str:
            self.log.warning(CLOSED.format(self._closed))
            return CLOSED.format(self._closed)

        plugin.execute_actionalias = refused
        self._in_place = plugin

    def _keep_shut(self) -> None:
        """An err-stackstorm that was loaded while the bot runs is shut: it seals nobody."""
        found = self._bot.plugin_manager.get_plugin_obj_by_name(STACKSTORM)
        if self._opened and found is not self._in_place:
            self._closed = "err-stackstorm was loaded after the relay had started; restart errbot"
            self._shut()

    def _incoming(self, message: Any) -> None:
        """A message of the chat, before errbot looks into it."""
        self._keep_shut()
        if self._chat is not None:
            try:
                heard = self._chat.heard(message)
            except Exception as error:
                # Whatever it is, it cannot be judged.
                self.log.error("dropped a message that is not understood: %r", error)
                return
            reason = why_no_new_message(heard, self._settings, self._started, time.time())
            if reason is None and heard.key is not None and not self._settings.repeated:
                reason = None if self._seen.add(heard.key, None) else Reason.REPEATED
            if reason is not None:
                log_dropped(heard, reason)
                return
            message.extras[HEARD] = heard
            setattr(message.frm, HEARD, heard.identity)
        self._handle(message)
