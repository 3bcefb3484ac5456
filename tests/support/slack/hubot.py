"""hubot in a played Slack workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping

from support.chat.hubot_bot import SLACK, Bot, installed
from support.slack.workspace import APP_TOKEN, BOT_TOKEN, Slack

_ELSEWHERE = Path(__file__).with_name("elsewhere.cjs")


def hubot_in(slack: Slack, log: Path, environment: Mapping[str, str], version: str = "14") -> Bot:
    """A bot that is not started yet; `environment` has the settings of hubot-stackstorm and of our
    script."""
    socket = {"clientOptions": {"slackApiUrl": slack.api_url}}
    return Bot(
        installed(f"hubot@{version}", SLACK),
        ("-a", "@hubot-friends/hubot-slack"),
        {
            "SLACK_API_URL": slack.api_url,
            "HUBOT_SLACK_SOCKET_MODE_OPTS": json.dumps(socket),
            "HUBOT_SLACK_APP_TOKEN": APP_TOKEN,
            "HUBOT_SLACK_BOT_TOKEN": BOT_TOKEN,
            **environment,
        },
        log,
        ("--require", str(_ELSEWHERE)),
    )
