"""Pages for PagerDuty, and pagers that send them."""

from __future__ import annotations

from datetime import datetime, timezone

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import REGISTRY, Page, Target
from opsroom.people import Author

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


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "pagers.duty", problems)
    options = REGISTRY.read_options("pagerduty", fields)
    fields.finish()
    return options, problems.lines


def pager_of(account, **more):
    options, lines = options_of(**account.options(**more))
    assert lines == []
    return REGISTRY.make("pagerduty", options, name="duty", store=None, keep=None)


def page(target=SERVICE, text="checkout is down", urgent=False, author=ALICE, mark=MARK):
    return Page(target, text, urgent, mark, author)


def asked(account):
    return [f"{one.method} {one.path}" for one in account.rest.requests]


def writes(request):
    return request.method in ("POST", "PUT")


def options_target(**raw):
    problems = Problems()
    target = REGISTRY.read(
        "pagerduty", "read_target", Fields({"duty": raw}, "teams.web-team", problems), "duty"
    )
    assert problems.lines == []
    return target
