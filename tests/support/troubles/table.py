"""What stands where the answer of a service should be, and what every client has to make of it.

One table for all families that ask over HTTP: trackers, pagers, whatever deploys. A family's suite
adds how its kinds are called and which secrets they send:

    server.reply = trouble.reply_to(secrets)
    error = error_of(lambda: tracker.create(draft), secrets)
    trouble.check(error, server.requests)

`support.troubles.no_api` has what answers where there is no such service at all.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence

import pytest
from hypothesis import strategies as st

from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http.client import HttpClient
from opsroom.http.errors import in_doubt, judge
from opsroom.http.response import Response
from support.servers.http import HttpServer, Reply, Request, Script
from support.troubles.secrets import SECRETS

ECHO = "you sent "
LOGIN = "https://login.example.com/"


class Instead(HttpServer):
    """What stands where a service should be: it answers everything in one way, and keeps what it
    was asked."""

    def __init__(self, reply: Script = Reply(404)) -> None:  # noqa: B008
        super().__init__()
        self.reply = reply

    def _note(self, request: Request) -> Script:
        super()._note(request)
        return self.reply


@dataclass(frozen=True)
class Trouble:
    """`reply` comes instead of an answer; ECHO as its body stands for all that was sent in secret.

    `code` is that of the error, `words` are in its message. `sent`: what was to be changed may have
    been changed. A question changes nothing in any case.
    """

    reply: Reply
    code: Code
    sent: bool = False
    words: str = ""

    @property
    def refused(self) -> bool:
        """Whether a right is missing, which a client may explain for each call in another way."""
        return self.reply.status in (401, 403)

    def reply_to(self, secrets: Sequence[str]) -> Reply:
        """The reply to a client that sent these secrets."""
        echo = ECHO + " ".join(secrets)
        return replace(self.reply, body=echo) if self.reply.body == ECHO else self.reply

    def check(
        self, error: OpsroomError, requests: Sequence[Request], repeatable: bool = False
    ) -> None:
        """That an error says the outcome of a call that sent `requests`.

        `repeatable`: the service knows a change that it has already, so it may be sent again.
        """
        assert error.code is self.code, error
        assert self.words in error.message
        assert error.code is not Code.RATE_LIMITED or error.facts["sent"] is False
        changed = [one.method for one in requests if one.method != "GET"]
        assert in_doubt(error) is (self.sent and requests[-1].method != "GET"), error
        assert repeatable or changed.count("POST") <= 1, changed


TROUBLES: Mapping[str, Trouble] = {
    "401": Trouble(Reply(401, ECHO), Code.UNAUTHORIZED),
    "403": Trouble(Reply(403, ECHO), Code.UNAUTHORIZED),
    "429 for long": Trouble(
        Reply(429, ECHO, {"Retry-After": "3600"}), Code.RATE_LIMITED, words="retry in 60 min"
    ),
    "429 without a time": Trouble(Reply(429, ECHO), Code.RATE_LIMITED),
    "408": Trouble(Reply(408, ECHO), Code.BAD_ANSWER, sent=True),
    "500": Trouble(Reply(500, ECHO), Code.BAD_ANSWER, sent=True),
    "503": Trouble(Reply(503, ECHO), Code.BAD_ANSWER, sent=True),
    "a redirect": Trouble(
        Reply(302, ECHO, {"Location": LOGIN}), Code.BAD_ANSWER, words=f"redirects to {LOGIN} (302)"
    ),
    "no answer": Trouble(Reply(drop="unanswered"), Code.UNREACHABLE, sent=True),
    "half an answer": Trouble(Reply(200, "[1, 2]", drop="half"), Code.UNREACHABLE, sent=True),
    "no HTTP": Trouble(Reply(raw=b"garbage\r\n\r\n"), Code.BAD_ANSWER, sent=True),
}
# A sentence in which something would act: an expression, a mention, a second line, no end.
EVIL = "No way.\n{{ st2kv.system.x }} <!channel> "


def error_of(call: Callable[[], Any], secrets: Sequence[str] = SECRETS) -> OpsroomError:
    """The error of a call: sentences for people, in which nothing acts and no secret shows."""
    with pytest.raises(OpsroomError) as caught:
        call()
    error = caught.value
    shown = f"{error.sentence()} {error!r} {error.facts!r} {error.__cause__!r}"
    assert not [one for one in secrets if one in shown]
    assert error.message.endswith((".", "?")), error.message
    assert not error.hint or error.hint[-1] in ".?!" or ": " in error.hint, error.hint
    assert not [one for one in ("\n", "{{", "<!") if one in error.message], error.message
    assert len(error.message) <= 400
    return error


def raised(call: Callable[..., Any], *arguments: Any, **named: Any) -> OpsroomError:
    """The error of a call with these arguments."""
    return error_of(partial(call, *arguments, **named))


def error_with(code: Code, call: Callable[..., Any], *arguments: Any, **named: Any) -> OpsroomError:
    """The error of a call with these arguments, which has this code."""
    error = raised(call, *arguments, **named)
    assert error.code is code, error
    return error


def refusal(code: Code, call: Callable[..., Any], *arguments: Any, **named: Any) -> Refusal:
    """The refusal of a call, which has this code."""
    error = error_with(code, call, *arguments, **named)
    assert isinstance(error, Refusal)
    return error


def failure(code: Code, call: Callable[..., Any], *arguments: Any, **named: Any) -> Failure:
    """The failure of a call, which has this code."""
    error = error_with(code, call, *arguments, **named)
    assert isinstance(error, Failure)
    return error


def check_quotes(
    call: Callable[[], Any], play: Callable[[str], None], secrets: Sequence[str]
) -> None:
    """That a call that is not accepted quotes why: in short, harmless and without secrets.

    `play(words)` makes the service give these words as the reason of its next refusal.
    """
    play(EVIL + " ".join(secrets) + " x" * 300)
    error = error_of(call, secrets)
    assert error.code is Code.NOT_ACCEPTED
    assert isinstance(error, Refusal) or not in_doubt(error)
    assert "No way. { { st2kv" in error.message
    for length in range(136, 216, 8):
        # Where the words are cut, half of a secret must not stay.
        play("x" * length + f" {secrets[0]}")
        assert secrets[0][:4] not in error_of(call, secrets).message


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """Nobody waits: before the next attempt, or for a rate limit to end. The pauses of the latter,
    in seconds."""
    made: List[float] = []
    monkeypatch.setattr("opsroom.http.attempts.random", SimpleNamespace(uniform=lambda *_: 0.0))
    monkeypatch.setattr("opsroom.http.vendor.sleep", made.append)
    return made


# JSON of any shape, under names that the services use.
_NAMES = (
    *("key", "id", "number", "fields", "issues", "comments", "comment", "transitions", "name"),
    *("to", "status", "author", "errors", "error", "errorMessages", "total", "properties", "value"),
    *("body", "description", "updated", "assignee", "assignees", "items", "state", "user", "title"),
    *("lists", "cards", "members", "actions", "data", "list", "idMembers", "shortLink", "parent"),
    *("incident", "incidents", "incident_key", "assignments", "oncalls", "service", "services"),
    *("users", "policy", "policies", "team", "teams", "teamsOnCall", "schedules", "message"),
    *("result", "results", "requestId", "isSuccess", "alias", "responders", "incidentNumber"),
    *("currentPhase", "routingKeys", "statuses", "escalation_policies", "onCallRecipients"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["OPS-1", "1", "text", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)
STATUSES = st.sampled_from([200, 201, 202, 204, 400, 402, 404, 409, 410, 413, 422])


@contextmanager
def answered_with(status: int, body: bytes) -> Iterator[None]:
    """Whatever is sent is answered so, without a network."""

    def send(self: HttpClient, method: str, url: str, **options: Any) -> Response:
        headers: Dict[str, str] = {"content-type": "application/json"}
        if status < 300 or status in options.get("accept", ()):
            return Response(status, headers, body, "http://played", (), method)
        raise judge(status, headers, "http://played", method).failure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpClient, "send", send)
        yield
