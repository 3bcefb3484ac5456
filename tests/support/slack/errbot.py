"""errbot in a played Slack workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.chat.errbot_bot import Errbot
from support.slack.workspace import APP_TOKEN, BOT_TOKEN, Slack

# The backend has no setting for Slack's address.
_HEAD = """\
import slack_sdk.web
import slack_sdk.web.client


class WebClient(slack_sdk.web.client.WebClient):
    def __init__(self, *given, **named):
        named.setdefault("base_url", {url!r})
        super().__init__(*given, **named)


slack_sdk.web.WebClient = WebClient
"""


def errbot_in(slack: Slack, url: str, key: str, folder: Path, **settings: Any) -> Errbot:
    """A bot that is not started yet, for the StackStorm of an address and API key; `settings` are
    more of config.py."""
    return Errbot(
        url,
        key,
        folder,
        "SlackV3",
        head=_HEAD.format(url=slack.api_url),
        BOT_IDENTITY={"token": BOT_TOKEN, "app_token": APP_TOKEN},
        **settings,
    )
