"""Pages for Splunk On-Call, and pagers that send them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, List

from opsroom.pagers import Page, Pager, Target
from opsroom.people import Author
from support.contracts.vendor import Vendor
from support.servers.http import HttpServer, Request
from support.troubles.pagers import pager_with
from support.vendors.pagers.victorops import API_ID, API_KEY, ENDPOINT_KEY

ALICE = Author("alice", "#ops", "alice", "alice@example.com", "https://st2.example.com/x1")
CAROL = Author("carol", "#ops")
WEB = Target("team", "Web")
BOB = Target("user", "bob", "Bob")
KEY = Target("routing_key", "web")
MARK = "ops0123456789abc"
KEYS = {"api_id": API_ID, "api_key": API_KEY}
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)


def made(keep: Any = None, **raw: Any) -> Pager:
    """The pager of a config."""
    return pager_with({"kind": "victorops", **raw}, keep)


def address(endpoint: Vendor) -> str:
    """That of the REST endpoint, up to its key."""
    return f"{endpoint.url('')}{endpoint.base}/alert/{ENDPOINT_KEY}"


def page(
    text: str = "checkout is down",
    target: Target = BOB,
    urgent: bool = False,
    author: Author = ALICE,
) -> Page:
    return Page(target, text, urgent, MARK, author)


def asked(vendor: HttpServer) -> List[str]:
    """What was asked, by method and path."""
    return [f"{one.method} {one.path.replace('/api-public', '')}" for one in vendor.requests]


def is_write(request: Request) -> bool:
    return request.method != "GET"
