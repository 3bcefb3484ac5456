"""Pages for Splunk On-Call, and pagers that send them."""

from __future__ import annotations

from datetime import datetime, timezone

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import REGISTRY, Page, Target
from opsroom.people import Author
from support.vendors.victorops import API_ID, API_KEY, ENDPOINT_KEY

ALICE = Author("alice", "#ops", "alice", "alice@example.com", "https://st2.example.com/x1")
CAROL = Author("carol", "#ops")
WEB = Target("team", "Web")
BOB = Target("user", "bob", "Bob")
KEY = Target("routing_key", "web")
MARK = "ops0123456789abc"
KEYS = {"api_id": API_ID, "api_key": API_KEY}
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=timezone.utc)


class Time:
    """A clock that only moves when someone waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wall = 1_000_000.0
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "pagers.vo", problems)
    options = REGISTRY.read_options("victorops", fields)
    fields.finish()
    return options, problems.lines


def made(keep=None, **raw):
    options, lines = options_of(**raw)
    assert lines == []
    return REGISTRY.make("victorops", options, name="vo", store=None, keep=keep)


def address(endpoint, key=ENDPOINT_KEY):
    return f"{endpoint.url('')}{endpoint.base}/alert/{key}"


def page(text="checkout is down", target=BOB, urgent=False, author=ALICE):
    return Page(target, text, urgent, MARK, author)


def asked(vendor):
    return [f"{one.method} {one.path.replace('/api-public', '')}" for one in vendor.requests]


def is_write(request):
    return request.method != "GET"


def org_team():
    return {"name": "Web", "slug": "team-aaaa1111"}
