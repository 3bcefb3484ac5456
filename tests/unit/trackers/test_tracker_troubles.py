"""What every tracker must survive: refused credentials, limits, errors, lost and late answers."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from opsroom import trackers
from opsroom.errors import Code, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.trackers import Draft, Remark
from support.cards.kinds import CARDS, VENDORS, case
from support.servers.http import Reply, Request, free_port
from support.troubles.table import (
    JSON,
    STATUSES,
    TROUBLES,
    Instead,
    answered_with,
    check_quotes,
    error_of,
    no_pauses,
)
from support.troubles.trackers import (
    CALLS,
    COUNTS,
    REFUSALS,
    SERVICES,
    secrets_of,
    tracker_in,
    tracker_of,
)

__all__ = ["no_pauses"]
pytestmark = pytest.mark.usefixtures("no_pauses")

QUESTIONS = ("find_created", "find_comment", "show", "find")
# What is no refusal is handled in one place for all calls: one question and two changes will do.
BELOW = ("create", "show", "unassign")


@pytest.fixture(scope="module")
def server() -> Iterator[Instead]:
    with Instead() as running:
        yield running


def called(server: Instead, name: str, call: str, folder: Path, **more: Any) -> Callable[[], Any]:
    """A call of a new tracker, whose service is the server."""
    server.requests.clear()
    tracker = tracker_of(name, server.url("").rstrip("/"), folder, **more)
    return partial(CALLS[call], tracker, CARDS[name])


def changes(request: Request) -> bool:
    return request.method == "POST" and not request.path.startswith("/authorization")


def test_every_registered_service_is_in_the_suite() -> None:
    assert {name.split()[0] for name in SERVICES} | {"local"} == set(trackers.REGISTRY.kinds())


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", SERVICES)
def test_a_trouble_has_its_code_and_says_what_became_of_it(
    server: Instead, name: str, trouble: str, tmp_path: Path
) -> None:
    it = TROUBLES[trouble]
    server.reply = it.reply_to(secrets_of(name))
    tracker = tracker_of(name, server.url("").rstrip("/"), tmp_path)
    for call in CALLS if it.refused else BELOW:
        server.requests.clear()
        error = error_of(partial(CALLS[call], tracker, CARDS[name]), secrets_of(name))
        # Whoever is assigned twice is assigned once; a card that is made twice is two.
        it.check(error, server.requests, repeatable=call not in ("create", "comment"))
        if trouble == "401":
            assert "trackers.desk.token" in error.hint
        elif trouble.startswith("429"):
            assert len(server.requests) == 1


@pytest.mark.parametrize("call", ["create", "show"])
@pytest.mark.parametrize("name", SERVICES)
def test_an_answer_that_does_not_come_ends_at_the_time_limit(
    server: Instead, name: str, call: str, tmp_path: Path
) -> None:
    import jira  # noqa: F401  # so that the limit is not spent on loading it

    never = threading.Event()
    server.reply = Reply(until=never)
    error = error_of(called(server, name, call, tmp_path, time_limit="0.5s"), secrets_of(name))
    never.set()
    assert error.code is Code.TIMED_OUT
    assert in_doubt(error) is (call == "create")


@pytest.mark.parametrize("name", SERVICES)
def test_a_server_that_is_down_has_made_nothing(name: str, tmp_path: Path) -> None:
    tracker = tracker_of(name, f"http://127.0.0.1:{free_port()}", tmp_path)
    for call in CALLS:
        error = error_of(partial(CALLS[call], tracker, CARDS[name]), secrets_of(name))
        assert error.code is Code.UNREACHABLE
        assert not in_doubt(error)


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_not_accepted_is_quoted_in_short_and_harmless(
    server: Instead, name: str, tmp_path: Path
) -> None:
    def play(why: str) -> None:
        server.reply = REFUSALS[name](why)

    check_quotes(called(server, name, "create", tmp_path), play, secrets_of(name))


@given(content=JSON, status=STATUSES)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", SERVICES)
def test_no_json_makes_it_crash(tmp_path: Path, name: str, content: Any, status: int) -> None:

    tracker = tracker_of(name, "http://played", tmp_path)
    with answered_with(status, json.dumps(content).encode()):
        for call in CALLS.values():
            with suppress(OpsroomError):
                call(tracker, CARDS[name])


@pytest.mark.parametrize("name", VENDORS)
def test_a_limit_that_ends_soon_is_waited_for_and_one_card_is_made(
    name: str, tmp_path: Path
) -> None:
    with case(name) as it:
        tracker = tracker_in(it, tmp_path)
        cards, comments = COUNTS[name](it.side)
        for call in ("create", "comment", "show"):
            it.vendor.instead(Reply(429, "", {"Retry-After": "0"}))
            CALLS[call](tracker, CARDS[name])
        assert COUNTS[name](it.side) == (cards + 1, comments + 1)
        before = len(it.vendor.requests)
        it.vendor.instead(*[Reply(429, "", {"Retry-After": "0"})] * 5)
        assert error_of(partial(CALLS["create"], tracker, "")).code is Code.RATE_LIMITED
        assert len(it.vendor.requests) - before <= 3


@pytest.mark.parametrize("drop", ["unanswered", "half"])
@pytest.mark.parametrize("name", VENDORS)
def test_what_was_made_is_in_doubt_where_the_answer_is_lost_and_found(
    name: str, drop: str, tmp_path: Path
) -> None:
    by = Author("dave", room="#ops", link="https://chatops.example.com/#/history/65f0")
    draft, other = (Draft("", "Checkout is down", "since noon", mark, by) for mark in MARKS)
    remark, another = (Remark(CARDS[name], "it is the cache", mark, by) for mark in MARKS)
    with case(name) as it:
        tracker = tracker_in(it, tmp_path)
        cards, comments = COUNTS[name](it.side)
        made, said = tracker.create(other), tracker.comment(another)
        assert tracker.find_created(draft) is None
        assert tracker.find_comment(remark) is None
        for call in (partial(tracker.create, draft), partial(tracker.comment, remark)):
            it.vendor.after(drop, where=changes)
            error = error_of(call, it.secrets)
            assert error.code is Code.UNREACHABLE
            assert in_doubt(error)
        assert COUNTS[name](it.side) == (cards + 2, comments + 2)
        found, heard = tracker.find_created(draft), tracker.find_comment(remark)
        assert found
        assert heard
        assert found.url
        assert found.id != made.id
        assert heard.id != said.id
        assert tracker.find_created(other).id == made.id
        assert tracker.find_comment(another).id == said.id


MARKS = ("ops0123456789abc", "ops000000000999")
