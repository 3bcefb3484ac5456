"""The version kind http, against a real server."""

from __future__ import annotations

import threading

import pytest

from opsroom.deploys import Target
from opsroom.errors import Code, Failure
from opsroom.versions import REGISTRY, Running
from support.cases import cases
from support.options import read_options
from support.servers.http import HttpServer, Reply, free_port

TARGET = Target("web+x", "uat")
SECRET = "tok-5ecret-value"
LONG = "123456789012345678901234567890"


@pytest.fixture
def server():
    with HttpServer() as running:
        yield running


def options_of(**raw):
    return read_options(REGISTRY, "http", raw, "apps.web.version")


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
        (Reply(body='{"version": 1.10}'), {"json": "version"}, "1.10"),
        (Reply(body='{"version": 10.0}'), {"json": "version"}, "10.0"),
        (Reply(body='{"version": 1e3}'), {"json": "version"}, "1e3"),
        (Reply(body='{"version": 1E400}'), {"json": "version"}, "1E400"),
        (Reply(body='{"version": 0.10}'), {"json": "version"}, "0.10"),
        (
            Reply(body='{"version": 20261130123456789012345678901234567890}'),
            {"json": "version"},
            f"20261130{LONG}",
        ),
        (Reply(body='{"a": {"b": [1.0, 1.10]}}'), {"json": "max(a.b)"}, "1.10"),
        (Reply(body='[{"n": 1.90}, {"n": 2.10}]'), {"json": "max_by(@, &n).n"}, "2.10"),
        (Reply(body='[{"n": 1.90}, {"n": 2.10}]'), {"json": "[?n > `2`] | [0].n"}, "2.10"),
        (
            Reply(body='{"major": 1.10, "build": 7}'),
            {"json": "join('+', [to_string(major), to_string(build)])"},
            "1.10+7",
        ),
        (Reply(body='{"version": "1.10"}'), {"json": "to_number(version)"}, "1.10"),
        (Reply(body='{"version": "007"}'), {"json": "to_number(version)"}, "7"),
        (Reply(body='{"version": 1.10, "load": NaN}'), {"json": "version"}, "1.10"),
        (Reply(body="\x1b[32mv1.2.0\x1b[0m\n"), {}, "v1.2.0"),
        (Reply(body='{"version": "\\u001b[1mv1.2.0\\u001b[0m"}'), {"json": "version"}, "v1.2.0"),
        (
            Reply(body="web \x1b]8;;http://x/\x07v1.2.0\x1b]8;;\x07"),
            {"regex": "web (.*)"},
            "v1.2.0",
        ),
        (Reply(headers={"X-App-Version": " v1.2.0 "}), {"header": "x-app-VERSION"}, "v1.2.0"),
        (Reply(body="<p>x</p>\n<b>Version: v1.2.0</b>"), {"regex": "Version: ([^<]+)"}, "v1.2.0"),
        (Reply(body="a=1 b=2"), {"regex": "a=(.) b=(?P<version>.)"}, "2"),
    ],
)
def test_each_way_finds_the_version(server, reply, raw, version):
    server.on("/version", reply)
    assert ask(server.url("/version"), **raw) == Running(version)


MARKS = [
    ("utf-8", b"\xef\xbb\xbf"),
    ("utf-16-le", b"\xff\xfe"),
    ("utf-16-be", b"\xfe\xff"),
    ("utf-32-le", b"\xff\xfe\0\0"),
    ("utf-32-be", b"\0\0\xfe\xff"),
]


@pytest.mark.parametrize(("encoding", "mark"), [*MARKS, *((name, b"") for name, _ in MARKS)])
@pytest.mark.parametrize(
    ("body", "raw"),
    [
        ('{"version": "v1.2.0", "by": "J\u00f6"}', {"json": "version"}),
        ("v1.2.0\r\n", {}),
        ("x\nv=v1.2.0", {"regex": "^v=(.*)$"}),
    ],
)
def test_byte_order_marks_and_wide_characters_are_read(server, encoding, mark, body, raw):
    for charset in (
        "",
        "utf-8",
        "iso-8859-1",
        "no-such-charset",
        *(["utf-16"] if mark or encoding != "utf-8" else []),
    ):
        named = {"Content-Type": f"application/json; charset={charset}"} if charset else {}
        server.on("/v", Reply(body=mark + body.encode(encoding), headers=named))
        assert ask(server.url("/v"), **raw) == Running("v1.2.0")


@pytest.mark.parametrize(
    ("body", "raw"),
    [
        ('{"version": "\\ufeffv1.2.0"}', {"json": "version"}),
        ('\ufeff\ufeff{"version": "v1.2.0"}', {"json": "version"}),
        ("\ufeff v1.2.0 \ufeff", {}),
        ("version=\ufeffv1.2.0", {"regex": "version=(.*)"}),
    ],
)
def test_a_mark_that_the_application_passed_on_is_taken_off(server, body, raw):
    server.on("/v", Reply(body=body.encode()))
    assert ask(server.url("/v"), **raw) == Running("v1.2.0")


def test_names_are_quoted_where_they_stand_in_the_address(server):
    server.on("/uat/web%2Bx", Reply(body="v1"))
    assert ask(server.url("/{environment}/{app}?q={app}")) == Running("v1")
    assert server.requests[0].query == {"q": ["web+x"]}


def test_the_configured_headers_are_sent(server):
    server.on("/v", Reply(body="v1"))
    ask(server.url("/v"), headers={"Authorization": f"Bearer {SECRET}", "accept": "text/x"})
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"


def test_caches_on_the_way_are_asked_for_what_is_so_now(server):
    server.on("/v", Reply(302, headers={"Location": "/w"}))
    server.on("/w", Reply(body="v1"))
    ask(server.url("/v"))
    assert [one.headers["cache-control"] for one in server.requests] == ["no-cache", "no-cache"]
    assert all("pragma" not in one.headers for one in server.requests)
    ask(server.url("/w"), headers={"cache-control": "max-age=5"})
    assert server.requests[-1].headers["cache-control"] == "max-age=5"


@pytest.mark.parametrize(
    ("headers", "cached"),
    [
        ({}, ""),
        ({"Age": "0"}, ""),
        ({"Age": "soon"}, ""),
        ({"Age": "120"}, "Age: 120"),
        ({"X-Cache": "MISS, MISS"}, ""),
        ({"X-Cache": "Hit from cloudfront", "Age": "7"}, "Age: 7, X-Cache: Hit from cloudfront"),
        ({"CF-Cache-Status": "HIT"}, "Cf-Cache-Status: HIT"),
        ({"CF-Cache-Status": "DYNAMIC"}, ""),
        ({"Cache-Status": "ExampleCache; hit; ttl=30"}, "Cache-Status: ExampleCache; hit; ttl=30"),
        ({"X-Cache-Status": "STALE"}, "X-Cache-Status: STALE"),
        ({"X-Cache": f"HIT {SECRET}"}, "X-Cache: HIT ***"),
    ],
)
def test_an_answer_from_a_cache_is_known_by_its_headers(server, headers, cached):
    server.on("/v", Reply(body="v1", headers=headers))
    assert ask(server.url("/v"), headers={"X-Token": SECRET}).cached == cached


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
        (Reply(body='{"version": null}'), {"json": "version"}, "it is missing, or null"),
        (
            Reply(body='{"version": {"a": 1}}'),
            {"json": "version"},
            "'version' is an object with a: neither a text nor a",
        ),
        (
            Reply(body='{"version": true}'),
            {"json": "version"},
            "'version' is true: neither a text nor a number",
        ),
        (Reply(body='{"version": false}'), {"json": "version"}, "'version' is false: neither"),
        (Reply(body='{"version": []}'), {"json": "version"}, "'version' is an empty list: neither"),
        (
            Reply(body='{"version": ["v1", "v2"]}'),
            {"json": "version"},
            "'version' is a list of 2: neither",
        ),
        (Reply(body='{"version": NaN}'), {"json": "version"}, "'version' is NaN: neither"),
        (
            Reply(body='{"version": -Infinity}'),
            {"json": "version"},
            "'version' is -Infinity: neither",
        ),
        (
            Reply(body='{"version": -1.10}'),
            {"json": "version"},
            "answered '-1.10' where a version was expected",
        ),
        (
            Reply(body='{"version": ' + "9" * 5000 + "}"),
            {"json": "version"},
            "answered '9999999999",
        ),
        (Reply(body='{"version": ""}'), {"json": "version"}, "answered nothing where a version"),
        (Reply(body="{}"), {"json": "a..b"}, "The expression 'a..b'"),
        (Reply(body="{}"), {"json": "no_such_function(@)"}, "does not work"),
        (Reply(), {"header": "X-Version"}, "without the header X-Version"),
        (Reply(body="abc"), {"regex": "version (.)"}, "nothing that the regular expression finds"),
        (Reply(body="ac"), {"regex": "a(b)?c"}, "nothing that the regular expression finds"),
        (Reply(404), {}, "404 Not Found"),
    ],
)
def test_an_answer_without_a_version_is_a_bad_answer_that_names_the_address(
    server, reply, raw, words
):
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


@cases(
    ("raw", "complaint"),
    [
        ({}, "url: expected an http or https address, found nothing"),
        ({"url": "file:///etc/passwd"}, "url: expected an http or https address"),
        ({"url": "http://{env}/x"}, "url: {env} is not filled in here"),
        ({"url": "http://h/{version}"}, "url: {version} is not filled in here"),
        (
            {"url": "http://h", "json": "a", "header": "b"},
            "header: only one of json, header and regex",
        ),
        ({"url": "http://h", "json": ["a"]}, "json: expected a JMESPath expression"),
        (
            {"url": "http://h", "regex": "[("},
            "regex: expected a regular expression, and this is none",
        ),
        ({"url": "http://h", "regex": "v1"}, "regex: expected brackets"),
        (
            {"url": "http://h", "verify": False},
            "verify: expected the full path of a CA file (checking cannot be",
        ),
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
