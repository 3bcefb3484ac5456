"""The `jira` library as transport: one request a call, nothing logged, and none of its defaults
that would break a promise."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Callable, List

import pytest
import requests
from jira import JIRA

from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.trackers import Draft, Remark
from support.contracts.vendor import Vendor
from support.errors import failure_of
from support.servers.http import Reply
from support.vendors.jira import TOKEN, Jira

AUTHOR = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
REMARK = Remark("OPS-1", "Looking at it.", "opsfedcba987654", AUTHOR)


@pytest.fixture(autouse=True)
def issue(jira: Jira) -> None:
    jira.issue()


def test_connecting_sends_nothing(vendor: Vendor, tracker: Any) -> None:
    tracker._client._http.connect()
    assert vendor.requests == []


def test_a_card_is_made_by_the_library_with_one_request(
    vendor: Vendor, tracker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: List[bool] = []
    create = JIRA.create_issue

    def watched(self: JIRA, fields: Any = None, prefetch: bool = True, **more: Any) -> Any:
        calls.append(prefetch)
        return create(self, fields=fields, prefetch=prefetch, **more)

    monkeypatch.setattr(JIRA, "create_issue", watched)
    assert tracker.create(DRAFT).id == "OPS-2"
    assert calls == [False]
    assert [one.method for one in vendor.requests] == ["POST"]


def test_a_second_request_in_one_call_is_not_sent(
    jira: Jira, vendor: Vendor, tracker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = JIRA.create_issue

    def reads_back(self: JIRA, fields: Any = None, **more: Any) -> Any:
        return create(self, fields=fields, prefetch=True)

    monkeypatch.setattr(JIRA, "create_issue", reads_back)
    assert tracker.create(DRAFT).id == "OPS-2"
    assert [one.method for one in vendor.requests] == ["POST"]
    assert len(jira.issues) == 2


@pytest.mark.parametrize("reply", [Reply(429), Reply(503), Reply(503, "", {"Retry-After": "0"})])
def test_the_library_repeats_no_change(vendor: Vendor, tracker: Any, reply: Reply) -> None:
    vendor.instead(reply)
    failure_of(tracker.create, DRAFT)
    assert len(vendor.requests) == 1


def test_a_connection_that_breaks_leaves_a_card_in_doubt(vendor: Vendor, tracker: Any) -> None:
    vendor.instead(Reply(drop="unanswered"))
    failure = failure_of(tracker.create, DRAFT)
    assert failure.code is Code.UNREACHABLE
    assert in_doubt(failure)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 400, 404])
def test_a_response_that_is_too_large_is_not_read(
    vendor: Vendor, tracker: Any, status: int
) -> None:
    vendor.instead(Reply(status, "x" * 5_100_000))
    failure = failure_of(tracker.comment, REMARK)
    assert failure.code is Code.BAD_ANSWER
    assert "more than 5 MB" in failure.message


def test_the_library_logs_nothing(
    vendor: Vendor, tracker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.instead(
        Reply(400, f'{{"errorMessages": ["no {TOKEN}"]}}'),
        Reply(200, f"<html>{TOKEN}"),
        Reply(429, TOKEN, {"Retry-After": "3600"}),
    )
    with caplog.at_level(logging.DEBUG):
        for call in (tracker.comment, tracker.comment, tracker.comment):
            with pytest.raises(Exception, match=r"."):
                call(REMARK)
    assert [one.name for one in caplog.records if one.name.startswith("jira")] == []
    assert TOKEN not in caplog.text


def test_the_configured_ca_file_counts_whatever_the_environment_says(
    tracker_at: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = tmp_path / "ours.pem", tmp_path / "other.pem"
    ours.touch()
    other.touch()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    seen: List[Any] = []
    send = requests.adapters.HTTPAdapter.send

    def watched(self: Any, request: Any, **options: Any) -> Any:
        seen.append((options["verify"], options["timeout"]))
        return send(self, request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", watched)
    tracker_at(verify=str(ours), time_limit=3).create(DRAFT)
    ((verify, (connecting, reading)),) = seen
    assert verify == str(ours)
    assert 0 < connecting <= 3
    assert 0 < reading <= 3


def test_credentials_of_the_machine_are_not_used(
    jira: Jira, vendor: Vendor, tracker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    tracker.show("OPS-1")
    scheme = vendor.requests[0].headers["authorization"].partition(" ")[0]
    assert scheme == ("Basic" if jira.cloud else "Bearer")
    assert "evil" not in str(vendor.requests[0].headers)
