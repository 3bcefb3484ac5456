"""Talking HTTP, against a real server."""

from __future__ import annotations

import gzip
import logging
import shutil
import socket
import subprocess
import threading
import time
from email.utils import formatdate

import pytest

from opsroom.errors import Code, Failure
from opsroom.http.client import HttpClient, user_agent
from opsroom.http.errors import in_doubt, redirect_target, retry_after
from opsroom.secrets import redact, shown_url, without_credentials
from support.http_server import HttpServer, Reply, free_port

SECRET = "tok-5ecret-value"


@pytest.fixture(autouse=True)
def _no_certificates_of_the_machine(monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


@pytest.fixture
def server():
    with HttpServer() as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                str(key),
                "-out",
                str(cert),
            ),
            *(
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ),
        ],
        check=True,
        capture_output=True,
    )
    return str(cert), str(key)


def failure_of(call, *arguments, **options) -> Failure:
    with pytest.raises(Failure) as caught:
        call(*arguments, **options)
    return caught.value


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
    with pytest.raises(Failure) as caught:
        answer.json()
    assert caught.value.code is Code.BAD_ANSWER


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


# Retries


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_get_is_tried_again_after_a_gateway_error(server, status):
    server.on("/a", Reply(status), Reply(status), Reply(body="up"))
    assert HttpClient().get(server.url("/a")).text == "up"
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_no_other_error_is_tried_again(server, status):
    server.on("/a", Reply(status))
    failure_of(HttpClient().get, server.url("/a"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [Reply(503), Reply(502), Reply(drop="unanswered")])
def test_a_post_is_sent_once_unless_it_is_said_to_be_idempotent(server, reply):
    server.on("/a", reply, Reply(body="done"))
    failure = failure_of(HttpClient().send, "POST", server.url("/a"), json={})
    assert failure.facts["sent"] is True
    assert len(server.requests) == 1
    server.on("/a", reply, Reply(body="done"))
    assert HttpClient().send("POST", server.url("/a"), json={}, idempotent=True).text == "done"


def test_a_post_that_was_refused_for_coming_too_often_is_sent_again_since_nothing_was_done(server):
    server.on("/a", Reply(429, headers={"Retry-After": "0"}), Reply(201, body="done"))
    assert HttpClient().send("POST", server.url("/a"), json={}).text == "done"
    assert len(server.requests) == 2


def test_a_post_that_comes_too_often_for_long_says_so_and_that_nothing_was_done(server):
    server.on("/a", Reply(429, headers={"Retry-After": "3600"}))
    failure = failure_of(HttpClient().send, "POST", server.url("/a"), json={})
    assert (failure.code, failure.facts["sent"], failure.facts["retry_after"]) == (
        Code.RATE_LIMITED,
        False,
        3600,
    )
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "doubt"),
    [(400, False), (404, False), (408, True), (422, False), (500, True), (502, True), (429, False)],
)
def test_an_error_of_the_server_leaves_in_doubt_whether_it_was_done_and_one_of_ours_does_not(
    server, status, doubt
):
    server.on("/a", Reply(status))
    assert in_doubt(failure_of(HttpClient().send, "POST", server.url("/a"), json={})) is doubt


def test_a_lost_answer_leaves_in_doubt_whether_it_was_done_and_a_closed_door_does_not(server):
    server.on("/a", Reply(drop="unanswered"))
    assert in_doubt(failure_of(HttpClient().send, "POST", server.url("/a"), json={}))
    assert not in_doubt(
        failure_of(HttpClient().send, "POST", f"http://127.0.0.1:{free_port()}/", json={})
    )


@pytest.mark.parametrize("drop", ["unread", "unanswered", "half"])
def test_a_connection_that_breaks_is_tried_again_for_a_get_and_then_told(server, drop):
    server.on("/a", Reply(body="0123456789", drop=drop), Reply(body="whole"))
    assert HttpClient().get(server.url("/a")).text == "whole"
    server.on("/b", Reply(body="0123456789", drop=drop))
    failure = failure_of(HttpClient(attempts=2).get, server.url("/b"))
    assert failure.code is Code.UNREACHABLE
    assert "closed the connection" in failure.message
    assert failure.facts["sent"] is True
    assert server.paths().count("/b") == 2


def test_a_short_retry_after_is_waited_for(server):
    server.on("/a", Reply(429, headers={"Retry-After": "1"}), Reply(body="ok"))
    begun = time.monotonic()
    assert HttpClient().get(server.url("/a")).text == "ok"
    assert time.monotonic() - begun >= 1.0


def test_a_retry_after_that_is_a_date_is_understood(server):
    server.on(
        "/a",
        Reply(429, headers={"Retry-After": formatdate(time.time() - 5, usegmt=True)}),
        Reply(body="ok"),
    )
    assert HttpClient().get(server.url("/a")).text == "ok"
    assert 50 < (retry_after(formatdate(time.time() + 60, usegmt=True)) or 0) <= 61
    assert retry_after("soon") is None


def test_a_long_retry_after_is_told_and_not_waited_for(server):
    server.on("/a", Reply(429, headers={"Retry-After": "300"}))
    begun = time.monotonic()
    failure = failure_of(HttpClient(time_limit=3).get, server.url("/a"))
    assert time.monotonic() - begun < 2
    assert failure.code is Code.RATE_LIMITED
    assert "5 min" in failure.message
    assert failure.facts["retry_after"] == 300
    assert len(server.requests) == 1


def test_a_429_that_does_not_say_how_long_is_not_tried_again(server):
    server.on("/a", Reply(429))
    failure = failure_of(HttpClient().get, server.url("/a"))
    assert failure.code is Code.RATE_LIMITED
    assert "does not say" in failure.message
    assert len(server.requests) == 1


def test_a_403_with_retry_after_is_a_rate_limit(server):
    server.on("/a", Reply(403, headers={"Retry-After": "600"}))
    assert failure_of(HttpClient().get, server.url("/a")).code is Code.RATE_LIMITED


# Time and size


def test_a_server_that_does_not_answer_ends_at_the_time_limit(server):
    never = threading.Event()
    server.on("/a", Reply(until=never))
    begun = time.monotonic()
    failure = failure_of(HttpClient(time_limit=0.5).get, server.url("/a"))
    assert time.monotonic() - begun < 3
    never.set()
    assert failure.code is Code.TIMED_OUT
    assert failure.facts["sent"] is True
    assert "0.5 s" in failure.message


@pytest.mark.parametrize("drip", [{"drip": 0.05}, {"drip_head": 0.05}])
def test_a_body_or_head_that_drips_ends_at_the_total_time_limit(server, drip):
    server.on("/a", Reply(body="x" * 400, **drip))
    begun = time.monotonic()
    failure = failure_of(HttpClient(time_limit=0.6).get, server.url("/a"))
    assert time.monotonic() - begun < 3
    assert failure.code is Code.TIMED_OUT


def test_a_client_still_works_after_a_time_out(server):
    never = threading.Event()
    server.on("/slow", Reply(until=never))
    server.on("/fast", Reply(body="here"))
    http = HttpClient(time_limit=0.4)
    failure_of(http.get, server.url("/slow"))
    assert http.get(server.url("/fast"), time_limit=10).text == "here"
    never.set()


def test_retries_share_one_time_limit(server):
    server.on("/a", Reply(503))
    begun = time.monotonic()
    failure_of(HttpClient(time_limit=1.0, attempts=100).get, server.url("/a"))
    assert time.monotonic() - begun < 3
    assert len(server.requests) > 1


def test_a_body_that_is_too_large_is_not_read_to_the_end(server):
    server.on("/a", Reply(body=b"x" * 300_000))
    failure = failure_of(HttpClient(max_bytes=100_000).get, server.url("/a"))
    assert failure.code is Code.BAD_ANSWER
    assert "more than 0.1 MB" in failure.message


def test_a_compressed_body_counts_as_large_as_it_unpacks(server):
    server.on(
        "/a", Reply(body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"})
    )
    assert "more than" in failure_of(HttpClient(max_bytes=1_000_000).get, server.url("/a")).message


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(raw=b"\x16\x03\x01 nonsense\r\n\r\n"), "not HTTP"),
        (Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}), "decompressed"),
    ],
)
def test_garbage_is_a_bad_answer(server, reply, words):
    server.on("/a", reply)
    failure = failure_of(HttpClient().get, server.url("/a"))
    assert failure.code is Code.BAD_ANSWER
    assert words in failure.message


# Not reached


def test_a_refused_connection_was_not_sent():
    failure = failure_of(
        HttpClient(attempts=2).send, "POST", f"http://127.0.0.1:{free_port()}/a", json={}
    )
    assert failure.code is Code.UNREACHABLE
    assert "refused" in failure.message
    assert failure.facts["sent"] is False


def test_an_unknown_name_was_not_sent(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure = failure_of(HttpClient(attempts=1).get, "http://no-such-host.invalid/a")
    assert failure.code is Code.UNREACHABLE
    assert "DNS" in failure.message
    assert failure.facts["sent"] is False


def test_a_connection_that_does_not_come_about_in_time_was_not_sent():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        full = []
        try:
            for _ in range(8):  # fill the queue, so that the next one hangs
                full.append(socket.socket())
                full[-1].setblocking(False)
                full[-1].connect_ex(("127.0.0.1", port))
            failure = failure_of(
                HttpClient(attempts=1, connect_limit=0.5).get, f"http://127.0.0.1:{port}/a"
            )
        finally:
            for one in full:
                one.close()
    assert failure.code is Code.TIMED_OUT
    assert "no connection within 0.5 s" in failure.message
    assert failure.facts["sent"] is False


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1/x", "ftp://127.0.0.1/x", "nonsense", "http://a b/"]
)
def test_an_address_that_is_none_gets_a_sentence(url):
    failure = failure_of(HttpClient(attempts=1).get, url)
    assert failure.code is Code.UNREACHABLE
    assert failure.facts["sent"] is False


def test_a_header_that_cannot_be_sent_gets_a_sentence(server):
    failure = failure_of(
        HttpClient(headers={"X-Key": f"{SECRET}\r\nX-Evil: 1"}).get, server.url("/a")
    )
    assert "malformed" in failure.message
    assert server.requests == []


# TLS


def test_an_untrusted_certificate_is_refused_and_a_ca_file_makes_it_trusted(certificate):
    with HttpServer(certificate) as server:
        server.on("/a", Reply(body="safe"))
        failure = failure_of(HttpClient().get, server.url("/a"))
        assert failure.code is Code.UNREACHABLE
        assert "certificate" in failure.message
        assert "self" in failure.message
        assert failure.facts["sent"] is False
        assert server.requests == []
        assert HttpClient(verify=certificate[0]).get(server.url("/a")).text == "safe"


def test_a_ca_file_that_is_missing_is_named(server):
    failure = failure_of(HttpClient(verify="/no/such/ca.pem").get, server.url("/a"))
    assert "/no/such/ca.pem" in failure.message
    assert server.requests == []


def test_a_server_without_tls_behind_https_is_told(server):
    failure = failure_of(HttpClient().get, server.url("/a").replace("http:", "https:"))
    assert failure.code is Code.UNREACHABLE
    assert "TLS" in failure.message


def test_a_redirect_from_https_to_http_is_not_followed(certificate, server):
    server.on("/plain", Reply(body="readable by all"))
    with HttpServer(certificate) as safe:
        safe.on("/a", Reply(302, headers={"Location": server.url("/plain")}))
        failure = failure_of(HttpClient(verify=certificate[0], follow=True).get, safe.url("/a"))
    assert failure.code is Code.BAD_ANSWER
    assert "not encrypted" in failure.message
    assert server.requests == []


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_for_get_where_that_is_wanted(server, status):
    server.on("/a", Reply(status, headers={"Location": "/b?x=1"}))
    server.on("/b", Reply(body="there"))
    http = HttpClient(headers={"Authorization": "Bearer t"}, follow=True)
    assert http.get(server.url("/a"), params={"q": "1"}).text == "there"
    assert server.requests[1].headers["authorization"] == "Bearer t"
    assert server.requests[1].query == {"x": ["1"]}


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
def test_a_redirect_means_that_nothing_was_done(server, status, method):
    server.on("/a", Reply(status, headers={"Location": "/b?token=x"}))
    http = HttpClient(follow=method != "GET", address_key="trackers.desk.url")
    failure = failure_of(http.send, method, server.url("/a"), json={}, idempotent=True)
    new, old = server.url("/b"), server.url("").rstrip("/")
    assert failure.message == (
        f"{old} redirects to {new} ({status}), so nothing was done. Put the new address into "
        "trackers.desk.url."
    )
    assert not in_doubt(failure)
    assert failure.facts == {
        "url": server.url("/a"),
        "status": status,
        "sent": False,
        "redirect": new,
    }
    assert server.paths() == ["/a"]


def test_the_key_of_the_address_may_be_another_for_one_request(server):
    server.on("/a", Reply(302))
    failure = failure_of(
        HttpClient(address_key="one").send, "POST", server.url("/a"), address_key="other"
    )
    assert failure.message.endswith(
        "redirects without naming a new address (302), so nothing was done. Check other."
    )


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://new.example.com/rest", "https://new.example.com/rest"),
        ("https://new.example.com:8443/rest/", "https://new.example.com:8443/rest/"),
        ("//new.example.com/rest", "https://new.example.com/rest"),
        ("https://operations.of-the-company.example.com/a",
         "https://operations.of-the-company.example.com/a"),
        ("https://web-2024-operations.example.com:8443/a",
         "https://web-2024-operations.example.com:8443/a"),
        ("/rest?token=s3cret#x", "https://old.example.com/rest"),
        ("rest", "https://old.example.com/v1/rest"),
        ("https://user:pass@new.example.com/x", "https://new.example.com/x"),
        ("https://new.example.com/s3cret-of-ours/x", "https://new.example.com/***/x"),
        ("https://new.example.com/S3CRET-of-ours/x", "https://new.example.com/***/x"),
        ("https://new.example.com/%733cret%2Dof-ours/x", "https://new.example.com/***/x"),
        ("https://new.example.com/0123456789abcdef0123456789abcdef", "https://new.example.com/***"),
        ("https://new.example.com/bot123456:AAFabcdefgh/send", "https://new.example.com/***/send"),
        ("https://new.example.com/secure/login-for-everyone",
         "https://new.example.com/secure/login-for-everyone"),
        ("https://new.example.com/{{ st2kv.system.x }}", "https://new.example.com/"),
        ("https://new.example.com/a<!channel>", "https://new.example.com/a"),
        ("https://new.example.com/@here", "https://new.example.com/"),
        ("https://new.example.com/a\u2028b", "https://new.example.com/a"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://new.example.com/" + "long/" * 50,
         "https://new.example.com/" + "long/" * 13 + "…"),
        ("https://{{ 1 }}.example.com/", ""),
        ("https://new.example.com@evil<b>", ""),
        ("https://[", ""), ("http://", ""), ("file:///etc/passwd", ""), ("javascript:alert(1)", ""),
        ("gopher://h/x", ""),
        ("", ""), ("   ", ""),
    ],
)  # fmt: skip
def test_the_address_of_a_redirect_is_shown_without_what_could_harm(location, shown):
    found = redirect_target(
        "https://old.example.com/v1/alerts", {"location": location}, ["s3cret-of-ours"]
    )
    assert found == shown


@pytest.mark.parametrize("location", ["/a", "?token=s3cret", "#top"])
def test_a_redirect_to_the_same_address_names_no_new_one(server, location):
    server.on("/a", Reply(302, "", {"Location": location}))
    failure = failure_of(HttpClient(address_key="trackers.desk.url").send, "POST", server.url("/a"))
    asked = server.url("").rstrip("/")
    assert (
        failure.message
        == f"{asked} redirects to itself (302), so nothing was done. Check trackers.desk.url."
    )
    assert "redirect" not in failure.facts


@pytest.mark.parametrize(
    ("status", "doubt"), [(500, True), (501, False), (502, True), (505, False), (511, False)]
)
def test_what_a_server_cannot_do_at_all_is_not_in_doubt(server, status, doubt):
    server.on("/a", Reply(status))
    assert in_doubt(failure_of(HttpClient(attempts=1).send, "POST", server.url("/a"))) is doubt


def test_a_version_is_not_asked_for_by_following_a_redirect_unless_that_is_wanted(server):
    server.on("/a", Reply(302, headers={"Location": "/b"}))
    assert "redirects to" in failure_of(HttpClient().get, server.url("/a")).message
    assert server.paths() == ["/a"]


def test_a_redirect_to_another_host_carries_no_secret(server):
    with HttpServer() as other:
        other.on("/b", Reply(body="there"))
        server.on("/a", Reply(302, headers={"Location": other.url("/b")}))
        http = HttpClient(
            headers={"Authorization": "Bearer t", "X-Api-Key": "k", "Accept": "text/plain"},
            follow=True,
        )
        assert http.get(server.url("/a")).text == "there"
        (request,) = other.requests
    assert "authorization" not in request.headers
    assert "x-api-key" not in request.headers
    assert request.headers["accept"] == "text/plain"


def test_credentials_in_the_address_do_not_go_to_another_host(server):
    with HttpServer() as other:
        other.on("/b", Reply(body="there"))
        server.on("/a", Reply(302, headers={"Location": other.url("/b")}))
        HttpClient(follow=True).get(server.url("/a").replace("//", "//user:pass-word@"))
        assert server.requests[0].headers["authorization"].startswith("Basic ")
        assert "authorization" not in other.requests[0].headers


def test_a_ring_of_redirects_ends(server):
    server.on("/a", Reply(302, headers={"Location": "/a"}))
    assert "redirects" in failure_of(HttpClient(follow=True).get, server.url("/a")).message
    assert len(server.requests) == 6


def test_a_redirect_to_a_file_is_not_followed(server):
    server.on("/a", Reply(302, headers={"Location": "file:///etc/passwd"}))
    assert (
        "neither http nor https"
        in failure_of(HttpClient(follow=True).get, server.url("/a")).message
    )


@pytest.mark.parametrize("location", ["http://[", "//[", "http://[1"])
def test_a_redirect_to_what_is_no_address_is_no_crash(server, location):
    server.on("/a", Reply(302, headers={"Location": location}))
    assert failure_of(HttpClient(follow=True).get, server.url("/a")).code in (
        Code.BAD_ANSWER,
        Code.UNREACHABLE,
    )
    assert "without naming a new address" in failure_of(HttpClient().get, server.url("/a")).message


# Surroundings and secrets


def test_passwords_of_netrc_are_not_sent(server, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server.on("/a", Reply())
    HttpClient(headers={"Authorization": "Bearer ours"}).get(server.url("/a"))
    HttpClient().get(server.url("/a"))
    assert server.requests[0].headers["authorization"] == "Bearer ours"
    assert "authorization" not in server.requests[1].headers


def test_the_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url())
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    HttpClient(attempts=1).get("http://elsewhere.invalid/page", accept=[404])
    assert server.requests[0].headers["host"] == "elsewhere.invalid"


def test_cookies_are_not_kept(server):
    server.on("/a", Reply(headers={"Set-Cookie": "who=me; Path=/"}))
    http = HttpClient()
    http.get(server.url("/a"))
    http.get(server.url("/a"))
    assert "cookie" not in server.requests[1].headers


FAULTS = [
    Reply(500),
    Reply(401),
    Reply(429, headers={"Retry-After": "900"}),
    Reply(drop="unanswered"),
    Reply(raw=b"garbage\r\n\r\n"),
    Reply(302, headers={"Location": f"/{SECRET}"}),
    Reply(302, headers={"Location": f"gopher://h/{SECRET}?{SECRET}"}),
    Reply(body=f"<html>{SECRET}"),
    Reply(body=f"{SECRET} is bad"),
    Reply(raw=b"HTTP/1.1 500 x\r\nbroken header line\r\n\r\n"),
]


@pytest.mark.parametrize("reply", FAULTS)
def test_no_secret_appears_in_an_error_or_a_log(server, reply, caplog):
    caplog.set_level(logging.DEBUG)
    server.on("/a", reply)
    url = server.url("/a").replace("//", f"//robot:{SECRET}@")
    http = HttpClient(headers={"Authorization": f"Bearer {SECRET}"}, attempts=1, time_limit=5)
    failure = failure_of(lambda: http.get(url, params={"token": SECRET}).json())
    chain, error = [], failure
    while error is not None:
        chain.append(repr(error) + str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    everything = " ".join([*chain, failure.message, failure.hint, repr(failure.facts), caplog.text])
    assert SECRET not in everything


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("at https://user:pw@host/x?token=1 now", "at https://***@host/x?… now"),
        ("at https://ghp_123@host/x", "at https://***@host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("ssh://git:pw@host/x", "ssh://git:***@host/x"),
        ("postgresql://me:pw@db/x", "postgresql://me:***@db/x"),
        ("Authorization: Bearer abc", "Authorization: ***"),
        ("{'Authorization': 'Token token=abc'}", "{'Authorization': '***'}"),
        ("the word a/b cd and a%2Fb%20cd", "the word *** and ***"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_redaction_hides_credentials_wherever_they_stand(text, clean):
    assert redact(text, ["a/b cd"]) == clean


def test_a_shown_address_has_no_credentials_query_or_fragment():
    assert shown_url("https://u:p@host:8443/a/b?c=d#e") == "https://host:8443/a/b"
    assert shown_url("http://[") == "the configured address"


def test_credentials_are_taken_off_an_address():
    assert without_credentials("https://u:p%40@h/x") == ("https://h/x", "Basic dTpwQA==", "p@")
    assert without_credentials("https://h/x") == ("https://h/x", "", "")
