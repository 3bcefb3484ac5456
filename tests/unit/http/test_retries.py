"""HTTP: what is sent again, and what is in doubt afterwards."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from opsroom.errors import Code
from opsroom.http.client import HttpClient
from opsroom.http.errors import in_doubt, retry_after
from support.errors import failure_of
from support.servers.http import Reply, free_port


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
    assert "without saying" in failure.message
    assert len(server.requests) == 1


def test_a_403_with_retry_after_is_a_rate_limit(server):
    server.on("/a", Reply(403, headers={"Retry-After": "600"}))
    assert failure_of(HttpClient().get, server.url("/a")).code is Code.RATE_LIMITED
