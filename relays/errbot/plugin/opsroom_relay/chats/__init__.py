"""The chats that the relay knows, by errbot's name for the backend (`mode`)."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Dict, Tuple

from ..settings import Misconfigured
from .base import Chat

# mode -> the module here, its class, and the package and version of the backend that it is made
# for; errbot's own backends have errbot's version, which is checked in any case.
KINDS: Dict[str, Tuple[str, str, str, str]] = {
    "irc": ("irc", "IrcChat", "", ""),
    "matrix": ("matrix", "MatrixChat", "errbot-backend-matrix", "0.0.1"),
    "slackv3": ("slack", "SlackChat", "errbot-backend-slackv3", "0.3.2"),
    "xmpp": ("xmpp", "XmppChat", "", ""),
}


def make_chat(bot: Any) -> Chat:
    """The chat of a bot. Raises Misconfigured for a backend, or a version of it, that is not known
    here: its messages may carry other names than expected."""
    from importlib.metadata import PackageNotFoundError, version

    mode = str(bot.mode)
    if mode not in KINDS:
        raise Misconfigured(
            f"it knows the backends {', '.join(sorted(KINDS))}, and errbot's is {mode}"
        )
    module, name, package, known = KINDS[mode]
    if package:
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "not installed"
        if found != known:
            raise Misconfigured(f"it knows {package} {known}, and this is {found}")
    made: Chat = getattr(import_module(f".{module}", __package__), name)(bot)
    return made


__all__ = ["KINDS", "Chat", "make_chat"]
