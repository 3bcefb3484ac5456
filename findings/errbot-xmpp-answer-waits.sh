#!/usr/bin/env bash
# Behaviour: the answer to a command on XMPP stays in errbot until something else arrives from the server: errbot hands it to slixmpp from
#   a thread of its own, which does not wake slixmpp up. Asked in private, in a quiet moment, the bot seems not to answer at all.
# One would guess: that it is sent when it is ready.
# Seen: errbot 6.2.1 with slixmpp 1.8.6, Python 3.11, a server of a few lines, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 slixmpp==1.8.6
mkdir plugin data
printf '[Core]\nName = Hello\nModule = hello\n' >plugin/hello.plug
cat >plugin/hello.py <<'PY'
from errbot import BotPlugin, botcmd


class Hello(BotPlugin):
    @botcmd
    def hello(self, msg, args):
        return "here is the answer"
PY
cat >config.py <<'PY'
import logging
import os

BACKEND, BOT_IDENTITY = "XMPP", {"username": "bot@localhost", "password": "p", "server": ("127.0.0.1", int(os.environ["PORT"]))}
XMPP_FEATURE_MECHANISMS = {"unencrypted_plain": True}
BOT_DATA_DIR, BOT_EXTRA_PLUGIN_DIR = os.path.abspath("data"), os.path.abspath("plugin")
BOT_LOG_FILE, BOT_LOG_LEVEL, BOT_ADMINS, CORE_PLUGINS = None, logging.ERROR, (), ("ACLs",)
PY
python - <<'PY'
import os
import re
import socket
import subprocess
import time

from expect import expect

listening = socket.create_server(("127.0.0.1", 0))
errbot = subprocess.Popen(
    ["errbot", "-c", "config.py"],
    env={**os.environ, "PORT": str(listening.getsockname()[1])},
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    listening.settimeout(60)
    bot, _ = listening.accept()
    got = ""

    def read(until, seconds):
        """Whether the bot sends this within so many seconds. Its pings and queries get no answer."""
        global got
        end = time.monotonic() + seconds
        while not re.search(until, got):
            left = end - time.monotonic()
            if left <= 0:
                return False
            bot.settimeout(left)
            try:
                got += bot.recv(65536).decode()
            except TimeoutError:
                return False
        got = got[re.search(until, got).end() :]
        return True

    def say(text):
        bot.sendall(text.encode())

    def stream(features):
        assert read("<stream:stream[^>]*>", 60)
        namespaces = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        say(f"<stream:stream id='1' from='localhost' version='1.0' {namespaces}>")
        say(f"<stream:features>{features}</stream:features>")

    sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
    stream(f"<mechanisms xmlns='{sasl}'><mechanism>PLAIN</mechanism></mechanisms>")
    assert read("</auth>", 30)
    say(f"<success xmlns='{sasl}'/>")
    stream("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>")
    assert read("<iq", 30)
    bound = re.search("id=[\"']([^\"']+)", got).group(1)
    bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>bot@localhost/x</jid></bind>"
    say(f"<iq type='result' id='{bound}'>{bind}</iq>")
    assert read("<presence", 30)
    time.sleep(5)  # its plugins are loaded by then, and all that it sends at first is sent
    read("never", 1)
    got = ""
    to = "to='bot@localhost' from='alice@localhost/pc'"
    say(f"<message {to} type='chat' id='1'><body>!hello</body></message>")
    expect("the answer came within 15 seconds", read("here is the answer", 15), False)
    say(f"<presence {to}/>")
    expect("it came when something else arrived", read("here is the answer", 5), True)
finally:
    errbot.kill()
PY
