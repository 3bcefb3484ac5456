"""What every pager that is asked by HTTP must survive: refusals, rate limits, lost answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom import pagers
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.pagers import Page
from opsroom.people import Author
from support.http_server import Reply
from support.pager_kinds import ADDRESSES, TARGETS, pager_at
from support.troubles import Instead
from support.vendors import opsgenie, pagerduty, victorops

SECRETS = (
    pagerduty.TOKEN, pagerduty.ROUTING_KEY, opsgenie.KEY, opsgenie.READ_KEY, victorops.API_KEY,
    victorops.ENDPOINT_KEY, "sign-5ecret-value",
)  # fmt: skip
ECHO = "you sent "

# The reply to a page, the reason code, whether the page may have gone out.
TROUBLES: Dict[str, Any] = {
    "401": (Reply(401, ECHO), Code.UNAUTHORIZED, False),
    "403": (Reply(403, ECHO), Code.UNAUTHORIZED, False),
    "429 for long": (Reply(429, ECHO, {"Retry-After": "3600"}), Code.RATE_LIMITED, False),
    "429 without a time": (Reply(429, ECHO), Code.RATE_LIMITED, False),
    "500": (Reply(500, ECHO), Code.BAD_ANSWER, True),
    "no answer": (Reply(drop="unanswered"), Code.UNREACHABLE, True),
    "half an answer": (Reply(200, "[1, 2]", drop="half"), Code.UNREACHABLE, True),
}


def pager_of(name: str, server: Instead, tmp_path: Path) -> Any:
    config = {**pager_at(name, server.url("").rstrip("/")), "time_limit": "5s"}
    kind = config.pop("kind")
    problems = Problems()
    options = pagers.REGISTRY.read_options(kind, Fields(config, "pagers.duty", problems))
    assert problems.lines == []
    return pagers.REGISTRY.make(kind, options, name="duty", store=None, keep=tmp_path)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ADDRESSES)
def test_a_trouble_has_its_code_and_says_whether_the_page_went_out(
    name: str, trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    reply, code, sent = TROUBLES[trouble]
    config = pager_at(name, "http://127.0.0.1")
    secrets = [one for one in SECRETS if one in repr(config)]
    assert secrets
    if reply.body == ECHO:
        reply = replace(reply, body=ECHO + " ".join(secrets))
    problems = Problems()
    kind = config["kind"]
    fields = Fields({"duty": TARGETS[name]}, "teams.web", problems)
    target = pagers.REGISTRY.read(kind, "read_target", fields, "duty")
    page = Page(target, "checkout is down", False, "ops0123456789abc", Author("alice", "#ops"))
    with Instead(reply) as server, pytest.raises(OpsroomError) as caught:
        pager_of(name, server, tmp_path).page(page)
    error = caught.value
    assert error.code is code
    assert in_doubt(error) is sent
    told = f"{error} {error.message} {error.hint} {error.facts!r}"
    assert not [one for one in secrets if one in told]
