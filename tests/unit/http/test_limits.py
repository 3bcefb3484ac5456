"""HTTP: limits of time and size, and connections that do not come about."""

from __future__ import annotations

import gzip
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests

from opsroom.errors import Code
from opsroom.http.client import HttpClient
from opsroom.http.errors import explain
from support.errors import failure_of
from support.servers.http import HttpServer, Reply, free_port
from support.servers.mail import make_certificate

SECRET = "tok-5ecret-value"


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


def test_a_certificate_for_another_name_is_refused(tmp_path):
    certificate = make_certificate(tmp_path, "DNS:elsewhere.example.com")
    with HttpServer(certificate) as server:
        failure = failure_of(HttpClient(verify=certificate[0]).get, server.url("/a"))
        assert "certificate that is not trusted" in failure.message
        assert failure.facts["sent"] is False
        assert server.requests == []


def test_a_name_that_urllib3_compares_by_itself_is_one_too():
    # urllib3 1.26 has an error of its own for it, which is none of ssl.
    error = type("CertificateError", (ValueError,), {})("'127.0.0.1' doesn't match")
    found = explain(requests.exceptions.SSLError(error), "https://a.example.com", 10.0, 5.0)
    assert found is not None
    assert "certificate that is not trusted: it is for another name" in found.failure.message
    assert found.failure.facts["sent"] is False


def test_a_redirect_from_https_to_http_is_not_followed(certificate, server):
    server.on("/plain", Reply(body="readable by all"))
    with HttpServer(certificate) as safe:
        safe.on("/a", Reply(302, headers={"Location": server.url("/plain")}))
        failure = failure_of(HttpClient(verify=certificate[0], follow=True).get, safe.url("/a"))
    assert failure.code is Code.BAD_ANSWER
    assert "not encrypted" in failure.message
    assert server.requests == []
