"""The base of the vendors' clients: one deadline, rate limits, doubt, errors, shapes of JSON."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

import pytest

from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http import vendor
from opsroom.http.content import an_object
from opsroom.http.errors import in_doubt
from opsroom.http.response import Response
from opsroom.http.vendor import NOTHING, Client, Subject
from support.servers.http import HttpServer, Reply

SECRET = "s3cret-of-the-config"


class Acme(Client):
    service = "Acme"

    def __init__(self, url: str, time_limit: float = 5.0) -> None:
        super().__init__("trackers.acme", url, time_limit=time_limit, secrets=(SECRET, ""))
        self.token = "old"

    def authorization(self) -> Mapping[str, str]:
        return {"X-Token": self.token}

    def renew(self, response: Response) -> bool:
        if response.status != 401 or self.token != "old":
            return False
        self.token = "new"
        return True


class Time:
    """A clock that only waiting moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: List[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(vendor, "clock", lambda: made.now)
    monkeypatch.setattr(vendor, "sleep", made.sleep)
    return made


@pytest.fixture
def acme(server: HttpServer, time: Time) -> Acme:
    return Acme(server.url("").rstrip("/"))


def caught(call: Any, *arguments: Any, **options: Any) -> OpsroomError:
    with pytest.raises(OpsroomError) as raised:
        call(*arguments, **options)
    return raised.value


def limited(seconds: Optional[str] = None) -> Reply:
    headers: Dict[str, str] = {} if seconds is None else {"Retry-After": seconds}
    return Reply(429, "", headers)


def test_all_requests_of_a_command_share_its_time(
    server: HttpServer, acme: Acme, time: Time
) -> None:
    server.on("/a", Reply(200, "{}"))
    time.now += 4.96
    assert acme.time_left() == 0.1
    assert acme.time_left(at_most=0.05) == 0.05
    time.now += 0.1
    failure = caught(acme.send, "POST", "/a")
    assert failure.code is Code.TIMED_OUT
    assert failure.message == "Acme did not answer all that was asked within 5 s."
    assert not in_doubt(failure)
    assert server.requests == []
    acme.begin()
    assert acme.send("POST", "/a").ok


def test_a_rate_limit_that_ends_in_time_is_waited_for_twice(
    server: HttpServer, acme: Acme, time: Time
) -> None:
    server.on("/a", limited("1"), limited("0"), Reply(200, "{}"))
    assert acme.send("POST", "/a").ok
    assert time.waits == [1.0, 0.1]


@pytest.mark.parametrize(
    ("replies", "waits", "message"),
    [
        ([limited("5")], [], "Acme is rate-limiting opsroom; retry in 5 s."),
        ([limited()], [], "Acme is rate-limiting opsroom without saying for how long."),
        ([limited("1")] * 3, [1.0, 1.0], "Acme is rate-limiting opsroom; retry in 1 s."),
    ],
)
def test_a_rate_limit_that_does_not_end_in_time_is_a_failure_without_doubt(
    server: HttpServer, acme: Acme, time: Time, replies: Any, waits: Any, message: str
) -> None:
    server.on("/a", *replies)
    failure = caught(acme.send, "POST", "/a")
    assert (failure.code, failure.message) == (Code.RATE_LIMITED, message)
    assert time.waits == waits
    assert not in_doubt(failure)


def test_time_for_an_answer_is_kept_after_a_wait(
    server: HttpServer, acme: Acme, time: Time
) -> None:
    acme.reserve = 1.0
    server.on("/a", limited("4.2"))
    assert caught(acme.send, "GET", "/a").code is Code.RATE_LIMITED
    assert time.waits == []


def test_credentials_are_renewed_once_and_the_request_is_sent_again(
    server: HttpServer, acme: Acme
) -> None:
    server.on("/a", Reply(401), Reply(200, "{}"))
    assert acme.send("POST", "/a").ok
    assert [one.headers["x-token"] for one in server.requests] == ["old", "new"]
    server.on("/b", Reply(401))
    assert caught(acme.send, "POST", "/b").code is Code.UNAUTHORIZED


def test_credentials_do_not_go_where_they_do_not_belong(server: HttpServer, acme: Acme) -> None:
    server.on("/elsewhere", Reply(200, "{}"))
    acme.request("POST", "", address=server.url("/elsewhere"), authorized=False)
    assert "x-token" not in server.requests[0].headers


@pytest.mark.parametrize(
    "reply", [Reply(drop="unanswered"), Reply(500), Reply(200, "nonsense"), Reply(200, "[]")]
)
def test_a_lost_answer_leaves_a_change_in_doubt_and_never_a_question(
    server: HttpServer, acme: Acme, reply: Reply
) -> None:
    server.on("/a", reply)

    def ask(method: str) -> Any:
        return acme.read(acme.send(method, "/a"), lambda content: an_object(content, "card"))

    assert in_doubt(caught(ask, "POST"))
    assert not in_doubt(caught(ask, "GET"))


@pytest.mark.parametrize(
    ("status", "kind", "code", "message"),
    [
        (401, Failure, Code.UNAUTHORIZED, "Acme does not accept the credentials (401): no ***."),
        (402, Refusal, Code.NOT_POSSIBLE, "The Acme account does not include this (402): no ***."),
        (403, Failure, Code.UNAUTHORIZED,
         "Acme does not allow this with these credentials (403): no ***."),
        (410, Failure, Code.GONE, "Acme no longer has this part of its API (410): no ***."),
        (422, Refusal, Code.NOT_ACCEPTED, "Acme rejected the request (422): no ***."),
    ],
)  # fmt: skip
def test_each_error_is_a_sentence_with_the_vendors_words_and_no_secret(
    server: HttpServer, acme: Acme, status: int, kind: type, code: Code, message: str
) -> None:
    acme.token = "new"
    server.on("/a", Reply(status, f'{{"message": "no {SECRET}."}}'))
    error = caught(acme.send, "POST", "/a", Subject("card", "1"))
    assert isinstance(error, kind)
    assert (error.code, error.message) == (code, message)


def test_what_is_not_the_api_names_the_key_of_its_address(server: HttpServer, acme: Acme) -> None:
    server.on("/a", Reply(404, "<html>"))
    error = caught(acme.send, "GET", "/a", NOTHING)
    assert error.code is Code.BAD_ANSWER
    assert "trackers.acme.url" in error.hint


def test_a_status_that_is_expected_is_no_error(server: HttpServer, acme: Acme) -> None:
    server.on("/a", Reply(404, "{}"))
    assert acme.send("GET", "/a", accept=(404,)).status == 404


def test_what_only_makes_an_answer_fuller_never_fails(server: HttpServer, acme: Acme) -> None:
    server.on("/a", Reply(200, '{"a": 1}'), Reply(200, "nonsense"), Reply(404), Reply(500))
    assert [acme.quietly("/a") for _ in range(4)] == [{"a": 1}, None, None, None]


def test_json_of_another_shape_is_told_by_what_is_wrong(server: HttpServer, acme: Acme) -> None:
    server.on("/a", Reply(200, "[]"))
    response = acme.send("GET", "/a")
    failure = caught(acme.read, response, lambda content: an_object(content, "card"))
    assert failure.code is Code.BAD_ANSWER
    assert failure.message == f"{response.url} answered JSON in which there is no card."
