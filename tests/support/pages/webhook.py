"""Pages for webhooks, and pagers that send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from opsroom.pagers import Page, Pager, Target
from opsroom.people import Author
from support.servers.http import HttpServer
from support.troubles.pagers import pager_with
from support.troubles.secrets import SIGNING as SECRET
from support.troubles.secrets import WEBHOOK_TOKEN as TOKEN

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEB = Target("target", "web-team", "web-team")
ALICE = Author(
    "alice", "#ops", email="alice@example.com", link="https://st2.example.com/#/history/65f0"
)
PAGE = Page(
    WEB, "checkout is down\nsince 14:02", urgent=True, mark="ops0123456789abc", author=ALICE
)

__all__ = ["ALICE", "PAGE", "SECRET", "TOKEN", "WEB", "WHSEC", "pager_of", "sent_to"]


def pager_of(server: HttpServer, path: str = "/hook", **raw: Any) -> Pager:
    """The pager that sends to a path of a server."""
    return pager_with({"kind": "webhook", "url": server.url(path), **raw}, Path())


def sent_to(server: HttpServer, page: Page = PAGE, **raw: Any) -> Any:
    """The JSON that arrives."""
    pager_of(server, **raw).page(page)
    return json.loads(server.requests[-1].body)
