"""The workspace that relays are tested with refuses what Slack refuses, and reads a message as a
person does."""

from __future__ import annotations

import json
import threading
from typing import Any, Dict, Iterator, List

import pytest
import requests

from support.cases import cases
from support.slack.reading import read_post
from support.slack.workspace import APP_TOKEN, BOT_TOKEN, OTHER_TEAM, Slack, typed

pytest.importorskip("websockets.sync.server", reason="websockets needs Python 3.9")


class Relay:
    """The least that a relay does: it is connected, and acknowledges."""

    def __init__(self, slack: Slack) -> None:
        from websockets.sync.client import connect

        self.events: List[Dict[str, Any]] = []
        self._open = connect(slack.socket.url)
        self._connection = self._open.__enter__()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        slack.connected()

    def _read(self) -> None:
        for frame in self._connection:
            envelope = json.loads(frame)
            if envelope["type"] == "hello":
                continue
            self.events.append(envelope)
            self._connection.send(json.dumps({"envelope_id": envelope["envelope_id"]}))

    def close(self) -> None:
        self._open.__exit__(None, None, None)
        self._thread.join(10)


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as made:
        yield made


@pytest.fixture
def relay(slack: Slack) -> Iterator[Relay]:
    made = Relay(slack)
    yield made
    made.close()


def call(slack: Slack, method: str, token: str = BOT_TOKEN, **given: Any) -> Dict[str, Any]:
    answer = requests.post(
        slack.api_url + method,
        data={
            name: json.dumps(one) if isinstance(one, list) else one for name, one in given.items()
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    if answer.status_code != 200:
        return {"ok": False, "error": answer.text}
    return dict(answer.json())


def refused(slack: Slack, method: str, **given: Any) -> str:
    """What is said against a call that no relay may make."""
    answered = call(slack, method, **given)
    slack.web.violations.clear()
    return str(answered.get("error", ""))


def test_the_two_tokens_are_for_different_things(slack: Slack) -> None:
    assert call(slack, "auth.test")["user"] == "opsbot"
    assert call(slack, "auth.test", APP_TOKEN)["error"] == "invalid_auth"
    assert call(slack, "apps.connections.open")["error"] == "invalid_auth"
    assert call(slack, "apps.connections.open", APP_TOKEN)["url"] == slack.socket.url


@cases(
    ("given", "why"),
    [
        ({"text": "hello"}, "'channel' is a required property"),
        ({"channel": "#dev", "text": "hello"}, "does not match"),
        ({"channel": "C0DEV0001"}, "no_text"),
        ({"channel": "C0NONE001", "text": "hello"}, "channel_not_found"),
        ({"channel": "C0DEV0001", "text": "hello", "thread": "1"}, "thread"),
        ({"channel": "C0DEV0001", "text": "hello", "thread_ts": "1796048341.1"}, "does not match"),
        ({"channel": "C0DEV0001", "blocks": [{"type": "section"}]}, "blocks"),
        (
            {
                "channel": "C0DEV0001",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "a" * 3001}}],
            },
            "blocks",
        ),
        (
            {
                "channel": "C0DEV0001",
                "blocks": [{"type": "markdown", "text": "a" * 9000}] * 2,
            },
            "msg_blocks_too_long",
        ),
        ({"channel": "C0DEV0001", "attachments": [{"colour": "#000000"}]}, "colour"),
        (
            {
                "channel": "C0DEV0001",
                "attachments": [{"blocks": [{"type": "divider"}], "text": "beside blocks"}],
            },
            "beside blocks",
        ),
    ],
)
def test_a_post_that_slack_would_refuse_is_refused(given: Dict[str, Any], why: str) -> None:
    with Slack() as slack:
        assert why in refused(slack, "chat.postMessage", **given)


def test_an_event_is_handed_over_acknowledged_and_handed_over_again(
    slack: Slack, relay: Relay
) -> None:
    ts = slack.say(slack.person("alice"), typed("see https://a.example/?x=1&y=2 <b>"))
    slack.redeliver(ts)
    first, again = relay.events
    assert first["payload"]["event"]["text"] == "see <https://a.example/?x=1&amp;y=2> &lt;b&gt;"
    assert first["payload"] == again["payload"]
    assert (first["retry_attempt"], again["retry_attempt"]) == (0, 1)
    assert len(slack.socket.acknowledged) == 2


def test_an_edit_has_no_speaker_of_its_own(slack: Slack, relay: Relay) -> None:
    ts = slack.say(slack.person("alice"), "depoly")
    slack.edit(ts, "deploy")
    event = relay.events[-1]["payload"]["event"]
    assert (event["subtype"], "user" in event) == ("message_changed", False)
    assert (event["message"]["ts"], event["message"]["text"]) == (ts, "deploy")


def test_a_guest_of_another_workspace_is_marked_as_one(slack: Slack, relay: Relay) -> None:
    guest = slack.person("gina", team=OTHER_TEAM)
    slack.say(guest, "hello")
    event = relay.events[-1]["payload"]["event"]
    assert (event["team"], event["user_team"]) == (OTHER_TEAM, OTHER_TEAM)
    assert call(slack, "users.info", user=guest.id)["user"]["is_stranger"] is True


NAMES = {"U0ALICE02": "Alice"}


@cases(
    ("sent", "text", "pings"),
    [
        ({"text": "<@U0ALICE02>: done"}, "@Alice: done", {"U0ALICE02"}),
        ({"text": "&lt;!channel&gt; &amp;amp; @channel"}, "<!channel> &amp; @channel", set()),
        ({"text": "<!channel> look"}, "@channel look", {"channel"}),
        ({"text": "@Alice @here", "link_names": "1"}, "@Alice @here", {"U0ALICE02", "here"}),
        (
            {
                "text": "fallback",
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "user", "user_id": "U0ALICE02"},
                                    {"type": "text", "text": ": *<!here>* &amp;"},
                                ],
                            }
                        ],
                    }
                ],
            },
            "@Alice: *<!here>* &amp;",
            {"U0ALICE02"},
        ),
        (
            {"attachments": [{"pretext": "<@U0ALICE02>: ", "text": "a\n\nb"}]},
            "@Alice: \na\n\nb",
            {"U0ALICE02"},
        ),
    ],
)
def test_a_message_is_read_as_a_person_reads_it(
    sent: Dict[str, Any], text: str, pings: Any
) -> None:
    found = read_post(sent, NAMES)
    assert (found.text, found.pings) == (text, pings)


def test_what_is_bold_and_where_a_link_leads_is_noted() -> None:
    found = read_post({"text": "*bold* a_b_c _x_ <https://evil.example|https://good.example>"}, {})
    assert found.styled == ["bold", "x"]
    assert found.text == "bold a_b_c x https://good.example"
    assert found.links == [("https://good.example", "https://evil.example")]
