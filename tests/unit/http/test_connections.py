"""Connections: proxies and authorities as `requests` takes them from the environment, and a bundle
that is read once."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List
from urllib.parse import urlsplit

import pytest
import requests
from requests.utils import get_environ_proxies, select_proxy

from opsroom.errors import Code, Failure
from opsroom.http import connections
from opsroom.http.client import HttpClient
from opsroom.http.connections import proxy_for
from support.servers.http import HttpServer, Reply
from support.servers.mail import make_certificate

P = "http://proxy.example.com:3128"
ENVIRONMENTS: List[Dict[str, str]] = [
    {},
    {"http_proxy": P},
    {"HTTPS_PROXY": P},
    {"http_proxy": P, "HTTP_PROXY": "http://other:1", "https_proxy": ""},
    {"all_proxy": P},
    {"ALL_PROXY": "socks5://socks.example.com:1080", "https_proxy": "proxy.example.com:3128"},
    {"all_proxy": P, "no_proxy": "*"},
    {"all_proxy": P, "no_proxy": "example.com"},
    {"all_proxy": P, "NO_PROXY": " .example.com , 10.0.0.0/8"},
    {"all_proxy": P, "no_proxy": "jira.example.com:8443,10.1.2.3"},
    {"all_proxy": P, "no_proxy": "EXAMPLE.COM,192.168.0.0/33,::1"},
    {"all_proxy": P, "no_proxy": "localhost,127.0.0.1"},
    {"all_proxy": P, "no_proxy": ",, ,"},
    {"no_proxy": "example.com"},
]
ADDRESSES = [
    "http://jira.example.com/",
    "https://jira.example.com:8443/a",
    "https://example.com/",
    "http://10.1.2.3:80/",
    "http://10.1.2.30/",
    "http://192.168.0.1/",
    "http://127.0.0.1:8080/",
    "http://localhost/",
    "https://[::1]/",
]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(connections, "_contexts", {})


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_the_proxy_is_the_one_of_requests(
    environment: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for address in ADDRESSES:
        theirs = select_proxy(address, get_environ_proxies(address)) or ""
        if theirs and "://" not in theirs:
            theirs = f"http://{theirs}"
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        assert proxy_for(parts.scheme, parts.hostname or "", port) == theirs, address


def test_a_name_that_only_ends_alike_is_not_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    # For requests before 2.33 it is.
    monkeypatch.setenv("https_proxy", P)
    monkeypatch.setenv("no_proxy", "example.com")
    assert proxy_for("https", "notexample.com", 443) == P


def _sent_through(client: Any, server: HttpServer, **options: Any) -> Any:
    """The request as a server gets it, sent by `requests` or by a client of ours."""
    before = len(server.requests)
    options.setdefault("headers", {})
    if client is requests:
        method, url = options.pop("method"), options.pop("url")
        requests.request(method, url, **options, timeout=10, allow_redirects=False)
    else:
        client.send(options.pop("method"), options.pop("url"), **options)
    found = server.requests[before]
    # Names of headers in lower case; how compressions are listed says nothing.
    headers = {
        **found.headers,
        "accept-encoding": found.headers["accept-encoding"].replace(" ", ""),
    }
    headers.pop("user-agent")
    return found.method, found.path, dict(found.query), headers, found.body


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET"},
        {"method": "GET", "params": {"a b": "c&d", "e": "\u00e9"}},
        {"method": "GET", "url": "/a?x=1#part", "params": [("y", "2"), ("y", "3")]},
        {"method": "GET", "url": "/a b/%C3%A9/\u00e9?q=\u00e9"},
        {"method": "GET", "headers": {"accept": "text/plain", "X-Own": "\u00e9"}},
        {"method": "POST", "json": {"a": "\u00e9", "b": [1, None]}},
        {"method": "POST", "json": {"a": 1}, "headers": {"content-type": "application/vnd.x+json"}},
        {"method": "POST", "data": {"a b": "c&d", "e": "\u00e9"}},
        {"method": "PUT", "data": b"\x00\xff"},
        {"method": "PATCH", "json": {}},
        {"method": "POST"},
    ],
    ids=str,
)
def test_a_request_arrives_as_that_of_requests(request_: Dict[str, Any]) -> None:
    with HttpServer() as server:
        asked = {**request_, "url": server.url(request_.get("url", "/a"))}
        for path in ("/a", "/a%20b/%C3%A9/%C3%A9"):
            server.on(path, Reply(body="ok"))
        ours = _sent_through(HttpClient(attempts=1), server, **dict(asked))
        theirs = _sent_through(requests, server, **dict(asked))
    assert ours == theirs


def test_the_password_of_a_proxy_is_sent_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpServer() as server:
        monkeypatch.setenv("http_proxy", server.url().replace("://", "://bob:s%40cret@"))
        HttpClient(attempts=1).get("http://elsewhere.invalid/page", accept=[404])
        token = server.requests[0].headers["proxy-authorization"]
    assert token == "Basic " + b64encode(b"bob:s@cret").decode()


@pytest.mark.parametrize("name", ["X\nY", "", "X"])
def test_a_header_that_cannot_be_sent_is_refused(name: str) -> None:
    with HttpServer() as server, pytest.raises(Failure) as caught:
        HttpClient(headers={name: "a\r\nX-Evil: 1" if name == "X" else "a"}).get(server.url("/a"))
    assert "malformed" in caught.value.message
    assert server.requests == []


def test_the_bundle_is_read_once_and_again_when_it_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = make_certificate(tmp_path)
    read: List[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, cafile: Any = None, **more: Any) -> None:
        read.append(str(cafile))
        load(self, cafile, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(Path(cert).read_text())
    with HttpServer((cert, key)) as server, HttpServer() as plain:
        for one in (server, plain):
            one.on("/a", Reply(body="ok"))
        HttpClient(verify=str(bundle)).get(plain.url("/a"))
        assert read == []
        for _ in range(3):
            HttpClient(verify=str(bundle)).get(server.url("/a"))
        assert read == [str(bundle)]
        bundle.write_text("# another\n" + Path(cert).read_text())
        HttpClient(verify=str(bundle)).get(server.url("/a"))
        assert read == [str(bundle)] * 2


def test_of_many_threads_one_reads_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, _ = make_certificate(tmp_path)
    read: List[str] = []
    make = connections._context

    def slow(verify: str) -> ssl.SSLContext:
        read.append(verify)
        time.sleep(0.05)
        return make(verify)

    monkeypatch.setattr(connections, "_context", slow)
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(connections._shared_context, [cert] * 8))
    assert (len(made), read) == (1, [cert])


def test_whom_one_client_trusts_another_need_not(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    with HttpServer((cert, key)) as server:
        server.on("/a", Reply(body="ok"))
        assert HttpClient(verify=cert).get(server.url("/a")).text == "ok"
        with pytest.raises(Failure) as caught:
            HttpClient().get(server.url("/a"))
    assert "not trusted" in caught.value.message


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_a_file_or_folder_of_authorities(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = make_certificate(tmp_path)
    folder = tmp_path / "certificates"
    folder.mkdir()
    hashed = ["openssl", "x509", "-noout", "-subject_hash", "-in", cert]
    mark = subprocess.run(hashed, check=True, capture_output=True, text=True).stdout.strip()
    (folder / f"{mark}.0").write_text(Path(cert).read_text())
    with HttpServer((cert, key)) as server:
        server.on("/a", Reply(body="ok"))
        for path in (cert, str(folder)):
            monkeypatch.setenv(name, path)
            assert HttpClient().get(server.url("/a")).text == "ok"
        monkeypatch.setenv(name, "/nowhere.pem")
        with pytest.raises(Failure) as caught:
            HttpClient().get(server.url("/a"))
    assert caught.value.code is Code.UNREACHABLE
    assert "The CA file '/nowhere.pem' of " + name in caught.value.message


def test_a_name_of_the_server_counts_for_one_client_alone(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, "DNS:other.example.com")
    with HttpServer((cert, key)) as server:
        server.on("/a", Reply(body="ok"))
        for _ in range(2):
            named = HttpClient(verify=cert)
            named.server_name = "other.example.com"
            assert named.get(server.url("/a")).text == "ok"
            with pytest.raises(Failure) as caught:
                HttpClient(verify=cert).get(server.url("/a"))
            assert "not trusted" in caught.value.message
