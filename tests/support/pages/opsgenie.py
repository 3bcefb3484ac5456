"""Pages for Opsgenie, and pagers that send them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

from opsroom.pagers import Page, Pager, Target
from opsroom.people import Author
from support.contracts.vendor import Vendor
from support.servers.http import HttpServer, Request
from support.troubles.pagers import pager_with
from support.vendors.pagers.opsgenie import KEY

ALICE = Author("alice", "#ops", "", "alice@example.com", "https://st2.example.com/x1")
WEB = Target("team", "web")
MARK = "ops0123456789abc"
PAGED = ["POST /v2/alerts", "GET /v2/alerts/requests", "GET /v2/alerts/requests"]


def pager_at(vendor: Vendor, **raw: Any) -> Pager:
    """The pager that asks this vendor."""
    url = vendor.url("") + vendor.base
    return pager_with({"kind": "opsgenie", "api_key": KEY, "url": url, **raw}, Path())


def page(
    text: str = "checkout is down",
    target: Target = WEB,
    urgent: bool = False,
    author: Author = ALICE,
) -> Page:
    return Page(target, text, urgent, MARK, author)


def asked(vendor: HttpServer) -> List[str]:
    """What was asked, without ids that the vendor made up."""
    return [f"{one.method} {'/'.join(one.path.split('/')[:4])}" for one in vendor.requests]


def is_post(request: Request) -> bool:
    return request.method == "POST"


def is_outcome(request: Request) -> bool:
    return "/requests/" in request.path
