"""What the relay makes of Slack's events, through the code of errbot-backend-slackv3."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from backends import Listening, config
from opsroom_relay.chats.slack import SlackChat
from opsroom_relay.slack_text import escape, typed_text
from slackv3.person import SlackPerson
from slackv3.slackv3 import SlackBackend

TEAM, ALICE, BOT = "T024BE7LD", "U2147483697", "U0BOT0001"
NAMES = {ALICE: "alice", "U2147483698": "bob", BOT: "opsbot"}


class Web:
    """Slack's web API, as far as the backend asks."""

    def __init__(self) -> None:
        self.posted: List[Dict[str, Any]] = []

    def users_info(self, user: str) -> Any:
        # Everyone gave themselves the same display name.
        profile = {"real_name": "Alice Adams", "display_name": "alice"}
        found = {"id": user, "team_id": TEAM, "name": NAMES[user], "profile": profile}
        return {"ok": True, "user": found}

    def team_info(self, team: str) -> Any:
        return {"ok": True, "team": {"domain": "example"}}

    def bots_info(self, bot: str) -> Any:
        return {"ok": True, "bot": {"name": "hook"}}

    def conversations_info(self, channel: str) -> Any:
        about = {"topic": {"value": ""}, "purpose": {"value": ""}, "is_im": channel[0] == "D"}
        return {"ok": True, "channel": {"id": channel, "name": "ops", "user": ALICE, **about}}

    def conversations_open(self, users: str) -> Any:
        return {"channel": {"id": "D0" + users[-7:]}}

    def chat_postMessage(self, **given: Any) -> None:
        self.posted.append(given)


@pytest.fixture
def slack() -> Listening:
    bot = SlackBackend(config(BOT_IDENTITY={"token": "xoxb-1"}))
    bot.slack_web, bot.auth = Web(), {"team_id": TEAM, "user": "opsbot"}
    bot.bot_identifier = SlackPerson(bot.slack_web, BOT)
    return Listening(bot, SlackChat(bot))


def say(slack: Listening, text: str = "!deploy web", **more: Any) -> None:
    event = {
        "type": "message",
        "user": ALICE,
        "text": text,
        "ts": "1796048341.000100",
        "channel": "C2147483705",
        "team": TEAM,
        **more,
    }
    slack.bot._handle_message(
        slack.bot.slack_web, {key: value for key, value in event.items() if value is not None}
    )


def test_the_speaker_is_the_workspace_and_the_id(slack: Listening) -> None:
    say(slack)
    message, heard = slack.last()
    assert heard.identity == f"slack:{TEAM}/{ALICE}"
    assert (heard.message, heard.sent, heard.name) == (
        "1796048341.000100",
        1796048341.0001,
        "alice",
    )
    assert slack.chat.room(message, heard) == "C2147483705"
    assert (heard.edit, heard.bot, heard.own, heard.old) == (False, False, False, False)
    assert heard.workspace == slack.chat.workspace() == TEAM
    say(slack, channel="D0ALICE01")
    message, heard = slack.last()
    assert message.is_direct
    assert slack.chat.room(message, heard) == "D0ALICE01"


def test_edits_bots_webhooks_and_guests_are_recognised(slack: Listening) -> None:
    new = {"user": ALICE, "text": "!deploy api", "ts": "1796048341.000100", "team": TEAM}
    say(slack, user=None, text=None, subtype="message_changed", message=new, ts="1796048342.1")
    message, heard = slack.last()
    assert heard.edit
    assert (heard.identity, message.body) == (f"slack:{TEAM}/{ALICE}", "!deploy api")
    say(slack, user=None, subtype="bot_message", bot_id="B0HOOK001", username="alice")
    assert slack.last()[1].bot
    assert slack.last()[1].identity == ""
    say(slack, bot_id="B0OTHER01", app_id="A1")
    assert slack.last()[1].bot
    say(slack, user_team="T0AWAY001", source_team="T0AWAY001")
    assert slack.last()[1].workspace == "T0AWAY001"
    assert slack.last()[1].identity == f"slack:T0AWAY001/{ALICE}"
    say(slack, user=BOT)
    assert slack.last()[1].own
    say(slack, subtype="channel_join")
    assert not slack.last()[1].typed


@pytest.mark.parametrize("subtype", ["me_message", "file_share", "thread_broadcast"])
def test_other_ways_of_typing_are_typed(slack: Listening, subtype: str) -> None:
    say(slack, subtype=subtype)
    assert slack.last()[1].typed


def test_the_same_event_has_the_same_key(slack: Listening) -> None:
    for _ in range(2):
        say(slack)
    say(slack, channel="C2147483706")
    keys = [heard.key for _, heard in slack.got]
    assert keys[0] == keys[1] != keys[2]


def test_text_arrives_as_it_was_typed(slack: Listening) -> None:
    say(slack, "!x &lt;b&gt; &amp;amp; <@U2147483698|carol>\n\n<https://a.example/?x=1&amp;y=2>")
    assert slack.last()[0].body == "!x <b> &amp; @bob\n\nhttps://a.example/?x=1&y=2"


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        (
            "<https://evil.example/x|https://good.example>",
            "https://good.example (https://evil.example/x)",
        ),
        ("<http://example.com|example.com>", "example.com"),
        ("<https://example.com/|example.com>", "example.com"),
        ("<https://a.example/1|the ticket>", "the ticket (https://a.example/1)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<mailto:evil@b.example|a@b.example>", "a@b.example (mailto:evil@b.example)"),
        ("<#C1|ops> <#C2>", "#ops #C2"),
        ("<!channel> <!here|here> <!subteam^S1|@devs>", "@channel @here @devs"),
        ("<!date^1392734382^{date}|18 February>", "18 February"),
        ("<@U404>", "@U404"),
        ("&amp;lt;b&amp;gt; &copy; &lt;!here&gt;", "&lt;b&gt; &copy; <!here>"),
        ("a < b <unfinished", "a < b <unfinished"),
        ("<@UBOT> deploy <@UBOT>", "<@UBOT> deploy @UBOT"),
    ],
)  # fmt: skip
def test_what_slack_marks_is_read_back(sent: str, typed: str) -> None:
    assert typed_text(sent, lambda _: "", "UBOT") == typed


def test_answers_neither_format_nor_notify(slack: Listening) -> None:
    say(slack, thread_ts="1796048000.000100")
    slack.chat.post(slack.last()[1].place, "*a* <!channel> @alice &amp;\n\n#12")
    (posted,) = slack.bot.slack_web.posted
    assert posted["text"] == "*a* &lt;!channel&gt; @alice &amp;amp;\n\n#12"
    assert (posted["channel"], posted["thread_ts"]) == ("C2147483705", "1796048000.000100")
    assert (posted["mrkdwn"], posted["link_names"], posted["parse"]) == (False, False, "none")
    assert typed_text(escape("<a> & b"), str) == "<a> & b"


def test_long_answers_are_cut_at_line_breaks(slack: Listening) -> None:
    text = "\n".join(["x" * 99] * 91)
    slack.chat.post(("C1", ""), text)
    parts = [one["text"] for one in slack.bot.slack_web.posted]
    assert len(parts) == 3
    assert "\n".join(parts) == text


def test_rooms_are_found_by_id_or_mention(slack: Listening) -> None:
    assert slack.chat.place("C2147483705") == (("C2147483705", ""), True)
    assert slack.chat.place("<#C2147483705|ops>") == (("C2147483705", ""), True)
    assert slack.chat.place(ALICE) == (("D07483697", ""), False)
    with pytest.raises(ValueError, match="channel"):
        slack.chat.place("no room")
    assert slack.chat.private(f"slack:{TEAM}/{ALICE}") == ("D07483697", "")
