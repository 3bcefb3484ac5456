"""Pages by e-mail, and pagers that send them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opsroom.pagers import Page, Pager, Target
from opsroom.people import Author
from support.servers.mail import Mail, MailServer
from support.troubles.pagers import pager_with
from support.troubles.secrets import PASSWORD

LOGIN = ("opsroom", PASSWORD)
ALICE = Author(
    "alice", "#ops", email="alice@example.com", link="https://st2.example.com/#/history/65f0"
)
WEB = Target("address", "web@example.com", "web@example.com")
BOTH = Target("address", "web@example.com,bob@example.com", "web@example.com and bob@example.com")
PAGE = Page(
    WEB, "checkout is down\nsince 14:02", urgent=False, mark="ops0123456789abc", author=ALICE
)

__all__ = ["ALICE", "BOTH", "LOGIN", "PAGE", "PASSWORD", "WEB", "mail_of", "pager_of"]


def pager_of(port: int, **raw: Any) -> Pager:
    """The pager that sends to a port, unencrypted; None takes a key away."""
    known = {"kind": "email", "host": "127.0.0.1", "port": port, "starttls": False}
    config = {**known, "sender": "opsroom@ops.example.com", **raw}
    return pager_with({key: one for key, one in config.items() if one is not None}, Path())


def mail_of(server: MailServer, page: Page = PAGE, **raw: Any) -> Mail:
    """The mail that arrives."""
    pager_of(server.port, **raw).page(page)
    return server.mails[-1]
