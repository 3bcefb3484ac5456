"""The secrets of the played services and of the configs that name them: no sentence shows one."""

from __future__ import annotations

import base64
from typing import Any, Tuple

from support.vendors import basecamp, github, jira, trello
from support.vendors.pagers import opsgenie, pagerduty, victorops

BASECAMP_TOKEN = "BAhbB0kiT0ken"
SIGNING = "sign-5ecret-value"
WEBHOOK_TOKEN = "tok-5ecret-value"
PASSWORD = "mail-5ecret-value"
SECRETS = (
    jira.TOKEN, trello.KEY, trello.TOKEN, github.TOKEN, basecamp.SECRET, basecamp.REFRESH,
    BASECAMP_TOKEN, "t0ken-of-the-config", pagerduty.TOKEN, pagerduty.ROUTING_KEY,
    opsgenie.KEY, opsgenie.READ_KEY,
    victorops.API_ID, victorops.API_KEY, victorops.ENDPOINT_KEY, SIGNING, WEBHOOK_TOKEN,
    PASSWORD, base64.b64encode(f"\0opsroom\0{PASSWORD}".encode()).decode(),
)  # fmt: skip


def secrets_in(config: Any) -> Tuple[str, ...]:
    """Those that a config has, also in the form in which Jira Cloud is sent two of them."""
    shown = repr(config)
    pair = base64.b64encode(f"{jira.USER}:{jira.TOKEN}".encode()).decode()
    return (
        *(one for one in SECRETS if one in shown),
        *([pair] if jira.USER in shown else []),
    )
