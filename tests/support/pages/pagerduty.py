"""Pages for PagerDuty, and pagers that send them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, List

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import REGISTRY, Page, Pager, Target
from opsroom.people import Author
from support.servers.http import Request
from support.troubles.pagers import pager_with
from support.vendors.pagers.pagerduty import FakePagerDuty

ALICE = Author(
    "alice", "#ops", "PALICE", "alice@example.com", "https://st2.example.com/#/history/1"
)
DAVE = Author("dave", "#ops", link="execution 77")
SERVICE = Target("service", "PWEB", "Web")
POLICY = Target("escalation_policy", "PPOL", "Web team")
SCHEDULE = Target("schedule", "PSCH", "Web rota")
BOB = Target("user", "PBOB", "bob")
MARK = "ops0123456789abc"
SIX = datetime(2026, 11, 23, 18, tzinfo=timezone.utc)


def pager_of(account: FakePagerDuty, **more: Any) -> Pager:
    """The pager that asks this account; None takes a key of its config away."""
    return pager_with({"kind": "pagerduty", **account.options(**more)}, Path())


def page(
    target: Target = SERVICE,
    text: str = "checkout is down",
    urgent: bool = False,
    author: Author = ALICE,
    mark: str = MARK,
) -> Page:
    return Page(target, text, urgent, mark, author)


def asked(account: FakePagerDuty) -> List[str]:
    """What the REST API was asked, by method and path."""
    return [f"{one.method} {one.path}" for one in account.rest.requests]


def writes(request: Request) -> bool:
    return request.method in ("POST", "PUT")


def routed(key: str) -> Target:
    """A target with a routing key of its own, as the config has it."""
    fields = Fields({"duty": {"routing_key": key}}, "teams.web-team", Problems())
    return REGISTRY.read("pagerduty", "read_target", fields, "duty")
