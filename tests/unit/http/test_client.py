"""HTTP: what an answer holds, and what each status means."""

from __future__ import annotations

import pytest

from opsroom.errors import Code
from opsroom.http.client import HttpClient, user_agent
from support.errors import failure_of
from support.servers.http import Reply


def test_an_answer_has_status_headers_text_and_json(server):
    server.on("/a", Reply(body='{"n": "ü"}', headers={"X-Thing": "one"}))
    answer = HttpClient().get(server.url("/a"))
    assert (answer.status, answer.headers["x-thing"], answer.text, answer.json()) == (
        200,
        "one",
        '{"n": "ü"}',
        {"n": "ü"},
    )


def test_a_request_carries_headers_params_json_and_the_user_agent(server):
    server.on("/a", Reply(201, "{}"))
    HttpClient(headers={"X-Key": "k"}).send(
        "post", server.url("/a"), headers={"X-More": "m"}, params={"q": "a b"}, json={"x": 1}
    )
    (request,) = server.requests
    assert (request.method, request.query, request.body) == ("POST", {"q": ["a b"]}, b'{"x": 1}')
    assert (request.headers["x-key"], request.headers["x-more"]) == ("k", "m")
    assert request.headers["user-agent"] == user_agent()
    assert user_agent().startswith("opsroom/")
    assert "(+http" in user_agent()


def test_the_charset_of_the_answer_is_used_and_an_unknown_one_does_no_harm(server):
    server.on(
        "/latin",
        Reply(body="é".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"}),
    )
    server.on("/odd", Reply(body="é", headers={"Content-Type": "text/plain; charset=no-such"}))
    assert HttpClient().get(server.url("/latin")).text == "é"
    assert HttpClient().get(server.url("/odd")).text == "é"


@pytest.mark.parametrize("charset", ["idna", "undefined", "hex", "punycode"])
def test_a_charset_that_is_none_for_pages_does_no_harm(server, charset):
    server.on(
        "/odd",
        Reply(body="\u00e9..{", headers={"Content-Type": f"application/json; charset={charset}"}),
    )
    answer = HttpClient().get(server.url("/odd"))
    assert isinstance(answer.text, str)
    caught = failure_of(answer.json)
    assert caught.code is Code.BAD_ANSWER


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.BAD_ANSWER),
        (401, Code.UNAUTHORIZED),
        (403, Code.UNAUTHORIZED),
        (404, Code.BAD_ANSWER),
        (410, Code.BAD_ANSWER),
        (429, Code.RATE_LIMITED),
        (500, Code.BAD_ANSWER),
        (503, Code.BAD_ANSWER),
        (304, Code.BAD_ANSWER),
    ],
)
def test_each_unwanted_status_has_its_code_and_its_number(server, status, code):
    server.on("/a", Reply(status, "no"))
    failure = failure_of(HttpClient(attempts=1).get, server.url("/a"))
    assert failure.code is code
    assert failure.facts["status"] == status
    # Whoever gets too many requests has not carried this one out.
    # A redirect leads elsewhere, before anything is done.
    assert failure.facts["sent"] is (status not in (429, 301, 302, 303, 307, 308))
    assert server.url("/a") in failure.message


def test_a_status_that_the_caller_accepts_is_an_answer(server):
    server.on("/a", Reply(404, "gone"))
    assert HttpClient().get(server.url("/a"), accept=[404]).text == "gone"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "an empty page"),
        ("<html>login</html>", "HTML"),
        ("ready, go", "'ready, go'"),
        ("[" * 100000, "'[["),
    ],
)
def test_an_answer_that_is_not_json_is_named(server, body, words):
    server.on("/a", Reply(body=body))
    failure = failure_of(HttpClient().get(server.url("/a")).json)
    assert failure.code is Code.BAD_ANSWER
    assert words in failure.message
