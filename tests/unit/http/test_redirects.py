"""HTTP: redirects, where they are followed and where they mean that nothing was done."""

from __future__ import annotations

import pytest

from opsroom.errors import Code
from opsroom.http.client import HttpClient
from opsroom.http.errors import in_doubt, redirect_target
from support.errors import failure_of
from support.servers.http import HttpServer, Reply


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
