#!/usr/bin/env bash
# Behaviour: errbot's XMPP backend fails for every text that it is to make a person or room of: `build_identifier("alice@example.com")`
#   raises a TypeError, since it indexes a coroutine. A plugin that writes to a room by its name (err-stackstorm does so with every
#   answer) cannot write at all; with a slixmpp that is not 1.8 the backend does not start.
# One would guess: a person, or a room.
# Seen: errbot 6.2.1 with slixmpp 1.8.6, Python 3.11, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install errbot==6.2.1 slixmpp==1.8.6 pytest==9.0.1
python - <<'PY'
import importlib
import warnings

from errbot.backends.test import ShallowConfig
from errbot.backends.xmpp import XMPPBackend
from errbot.bootstrap import bot_config_defaults
from expect import expect

warnings.simplefilter("ignore")
config = ShallowConfig()
config.__dict__.update(importlib.import_module("errbot.config-template").__dict__)
config.BOT_IDENTITY = {"username": "bot@example.com", "password": "password"}
bot_config_defaults(config)
bot = XMPPBackend(config)
for jid in ("alice@example.com", "ops@conference.example.com"):
    try:
        seen = str(bot.build_identifier(jid))
    except TypeError as error:
        seen = f"TypeError: {error}"
    expect(jid, seen, "TypeError: 'coroutine' object is not subscriptable")
PY
