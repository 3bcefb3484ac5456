"""Pages for Opsgenie, and pagers that send them."""

from __future__ import annotations

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import REGISTRY, Page, Target
from opsroom.people import Author
from support.vendors.opsgenie import KEY

ALICE = Author("alice", "#ops", "", "alice@example.com", "https://st2.example.com/x1")
WEB = Target("team", "web")
MARK = "ops0123456789abc"
PAGED = ["POST /v2/alerts", "GET /v2/alerts/requests", "GET /v2/alerts/requests"]


class Time:
    """A clock that only moves when someone waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "pagers.opsgenie", problems)
    options = REGISTRY.read_options("opsgenie", fields)
    fields.finish()
    return options, problems.lines


def pager_at(vendor, **raw):
    options, lines = options_of(**{"api_key": KEY, "url": vendor.url("") + vendor.base, **raw})
    assert lines == []
    return REGISTRY.make("opsgenie", options, name="opsgenie", store=None, keep=None)


def page(text="checkout is down", target=WEB, urgent=False, author=ALICE):
    return Page(target, text, urgent, MARK, author)


def asked(vendor):
    """What was asked, without ids that the vendor made up."""
    return [f"{one.method} {'/'.join(one.path.split('/')[:4])}" for one in vendor.requests]


def is_post(request):
    return request.method == "POST"


def is_outcome(request):
    return "/requests/" in request.path
