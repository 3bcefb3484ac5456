"""The version kind http, against a real server."""

from __future__ import annotations

import threading

import pytest

from opsroom.deploys import Target
from opsroom.errors import Code, Failure
from opsroom.settings.fields import Fields, Problems
from opsroom.versions import REGISTRY, Running
from support.http_server import HttpServer, Reply, free_port

TARGET = Target("web+x", "uat")
SECRET = "tok-5ecret-value"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with HttpServer() as running:
        yield running


def options_of(**raw):
    problems = Problems()
    fields = Fields(raw, "apps.web.version", problems)
    options = REGISTRY.read_options("http", fields)
    fields.finish()
    return options, problems.lines


def ask(url, **raw):
    options, lines = options_of(url=url, **raw)
    assert lines == []
    return REGISTRY.make("http", options, target=TARGET).ask()


def failure_of(*arguments, **raw) -> Failure:
    with pytest.raises(Failure) as caught:
        ask(*arguments, **raw)
    return caught.value


@pytest.mark.parametrize(
    ("reply", "raw", "version"),
    [
        (Reply(body=" v1.2.0\n"), {}, "v1.2.0"),
        (Reply(body='{"version": "v1.2.0"}'), {"json": "version"}, "v1.2.0"),
        (Reply(body='{"a": [{"b": "1"}, {"b": "2"}]}'), {"json": "a[-1].b"}, "2"),
        (Reply(body='{"build": 42}'), {"json": "build"}, "42"),
        (Reply(headers={"X-App-Version": " v1.2.0 "}), {"header": "x-app-VERSION"}, "v1.2.0"),
        (Reply(body="<p>x</p>\n<b>Version: v1.2.0</b>"), {"regex": "Version: ([^<]+)"}, "v1.2.0"),
        (Reply(body="a=1 b=2"), {"regex": "a=(.) b=(?P<version>.)"}, "2"),
    ],
)
def test_each_way_finds_the_version(server, reply, raw, version):
    server.on("/version", reply)
    assert ask(server.url("/version"), **raw) == Running(version)


def test_names_are_quoted_where_they_stand_in_the_address(server):
    server.on("/uat/web%2Bx", Reply(body="v1"))
    assert ask(server.url("/{environment}/{app}?q={app}")) == Running("v1")
    assert server.requests[0].query == {"q": ["web+x"]}


def test_the_configured_headers_are_sent(server):
    server.on("/v", Reply(body="v1"))
    ask(server.url("/v"), headers={"Authorization": f"Bearer {SECRET}", "accept": "text/x"})
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("reply", "raw", "words"),
    [
        (Reply(body=""), {}, "answered nothing where a version was expected"),
        (Reply(body="<html>login</html>"), {}, "answered '<html>login</html>' where a version"),
        (Reply(body="-v1"), {}, "answered '-v1'"),
        (Reply(body="{{ st2kv }}"), {}, "where a version was expected"),
        (Reply(body="<html>"), {"json": "version"}, "HTML"),
        (Reply(body=""), {"json": "version"}, "empty page"),
        (Reply(body="{}"), {"json": "version"}, "there is no 'version'"),
        (Reply(body='{"version": null}'), {"json": "version"}, "there is no 'version'"),
        (Reply(body='{"version": {"a": 1}}'), {"json": "version"}, "neither a text nor a number"),
        (Reply(body='{"version": true}'), {"json": "version"}, "neither a text nor a number"),
        (Reply(body='{"version": ""}'), {"json": "version"}, "answered nothing where a version"),
        (Reply(body="{}"), {"json": "a..b"}, "The expression 'a..b'"),
        (Reply(body="{}"), {"json": "no_such_function(@)"}, "does not work"),
        (Reply(), {"header": "X-Version"}, "without the header X-Version"),
        (Reply(body="abc"), {"regex": "version (.)"}, "nothing that the regular expression finds"),
        (Reply(body="ac"), {"regex": "a(b)?c"}, "nothing that the regular expression finds"),
        (Reply(404), {}, "404 Not Found"),
    ],
)
def test_an_answer_without_a_version_is_a_bad_answer_that_names_the_address(server, reply, raw, words):
    server.on("/version", reply)
    failure = failure_of(server.url("/version?token=abc"), **raw)
    assert failure.code is Code.BAD_ANSWER
    assert words in failure.message
    assert server.url("/version") in failure.message
    assert "abc" not in failure.message.replace("'abc'", "")


def test_an_answer_that_echoes_the_token_does_not_show_it(server):
    server.on("/v", Reply(body=f"bad token {SECRET}"))
    url = server.url("/v").replace("//", f"//bot:{SECRET}@")
    for failure in (
        failure_of(server.url("/v"), headers={"X-Token": SECRET}),
        failure_of(url),
        failure_of(url, json="version"),
    ):
        assert SECRET not in failure.message + repr(failure.facts)


def test_the_time_limit_counts_for_all_of_it(server):
    never = threading.Event()
    server.on("/v", Reply(until=never))
    failure = failure_of(server.url("/v"), time_limit=0.3)
    never.set()
    assert failure.code is Code.TIMED_OUT


def test_a_server_that_is_down_is_unreachable():
    assert failure_of(f"http://127.0.0.1:{free_port()}/v").code is Code.UNREACHABLE


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "url: expected an http or https address, found nothing"),
        ({"url": "file:///etc/passwd"}, "url: expected an http or https address"),
        ({"url": "http://{env}/x"}, "url: {env} is not filled in here"),
        ({"url": "http://h/{version}"}, "url: {version} is not filled in here"),
        ({"url": "http://h", "json": "a", "header": "b"}, "header: only one of json, header and regex"),
        ({"url": "http://h", "json": ["a"]}, "json: expected a JMESPath expression"),
        ({"url": "http://h", "regex": "[("}, "regex: expected a regular expression, and this is none"),
        ({"url": "http://h", "regex": "v1"}, "regex: expected brackets"),
        ({"url": "http://h", "verify": False}, "verify: expected the full path of a CA file (checking cannot be"),
        ({"url": "http://h", "verify": "false"}, "verify: expected the full path of a CA file"),
        ({"url": "http://h", "time_limit": 0}, "time_limit: expected a length of time"),
        ({"url": "http://h", "headers": ["a"]}, "headers: expected a mapping"),
    ],
)
def test_wrong_options_are_told(raw, complaint):
    (line,) = options_of(**raw)[1]
    assert line.startswith(f"apps.web.version.{complaint}")


def test_secrets_do_not_show_in_the_options():
    options = options_of(url=f"https://u:{SECRET}@h/", headers={"X-Token": SECRET})[0]
    assert SECRET not in repr(options)
