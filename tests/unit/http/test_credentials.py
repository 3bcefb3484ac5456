"""HTTP: credentials reach their server, and no error or log."""

from __future__ import annotations

import logging

import pytest

from opsroom.http.client import HttpClient
from opsroom.secrets import redact, shown_url, without_credentials
from support.errors import failure_of
from support.servers.http import Reply

SECRET = "tok-5ecret-value"


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
