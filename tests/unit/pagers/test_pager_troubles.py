"""What every pager must survive: refused credentials, limits, errors, lost and late answers."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest
from hypothesis import HealthCheck, given, settings

from opsroom import pagers
from opsroom.db.store import open_store
from opsroom.errors import Code, Failure, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery
from support.pages.kinds import ADDRESSES, CASES, case, pager_at
from support.records.stores import LossyStore
from support.records.templates import copy_database
from support.servers.http import Reply, free_port
from support.troubles.no_api import ODD
from support.troubles.pagers import (
    ASKS,
    CALLS,
    REFUSALS,
    page_to,
    pager_of,
    pager_with,
    secrets_of,
    target_of,
)
from support.troubles.table import (
    JSON,
    STATUSES,
    TROUBLES,
    Instead,
    answered_with,
    check_quotes,
    error_of,
    no_pauses,
    refusal,
)

__all__ = ["no_pauses"]
# What is no refusal is handled in one place for all calls.
BELOW = ("page", "incidents", "resolve")
# Those that know a page by its mark, so that it may be sent again.
REPEATING = ("pagerduty events",)
# Those that can be asked whether a page arrived.
FINDING = ("pagerduty", "opsgenie", "victorops", "local")
# The key that each looks at first where the credentials are refused.
KEYS = {
    "pagerduty": "token", "pagerduty events": "routing_key", "opsgenie": "_key",
    "victorops": "api_key", "victorops endpoint": "endpoint", "webhook": "secret",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Instead]:
    with Instead() as running:
        yield running


@pytest.fixture(autouse=True)
def clock(no_pauses: List[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only moves when someone waits."""
    monkeypatch.setattr("opsroom.http.vendor.clock", lambda: sum(no_pauses))


def called(server: Instead, name: str, call: str, folder: Path, **more: Any) -> Callable[[], Any]:
    """A call of a new pager, whose service is the server."""
    server.requests.clear()
    pager = pager_of(name, server.url("").rstrip("/"), folder, **more)
    return partial(CALLS[call], pager, target_of(name))


def test_every_registered_kind_is_in_the_suite() -> None:
    kinds = {name.split()[0] for name in ADDRESSES}
    assert kinds | {"email", "local"} == set(pagers.REGISTRY.kinds())


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", ADDRESSES)
def test_a_trouble_has_its_code_and_says_what_became_of_it(
    server: Instead, name: str, trouble: str, tmp_path: Path
) -> None:
    it = TROUBLES[trouble]
    server.reply = it.reply_to(secrets_of(name))
    pager, target = pager_of(name, server.url("").rstrip("/"), tmp_path), target_of(name)
    for call in [one for one in ASKS[name] if it.refused or one in BELOW]:
        server.requests.clear()
        error = error_of(partial(CALLS[call], pager, target), secrets_of(name))
        it.check(error, server.requests, repeatable=name in REPEATING)
        if trouble == "401":
            assert "pagers.duty." in error.hint
            assert KEYS[name] in error.hint
        elif trouble.startswith("429"):
            assert len(server.requests) == 1


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_success_of_another_form_leaves_a_page_in_doubt(
    server: Instead, name: str, tmp_path: Path
) -> None:
    for what, server.reply in ODD.items():
        error = error_of(called(server, name, "page", tmp_path), secrets_of(name))
        assert error.code in (Code.BAD_ANSWER, Code.NOT_ACCEPTED), what
        assert in_doubt(error) is (error.code is Code.BAD_ANSWER), what


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_limit_that_ends_soon_is_waited_for_but_not_for_ever(
    server: Instead, name: str, tmp_path: Path
) -> None:
    server.reply = Reply(429, "", {"Retry-After": "0"})
    error = error_of(called(server, name, "page", tmp_path))
    assert error.code is Code.RATE_LIMITED
    assert 2 <= len(server.requests) <= 3


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_answer_that_does_not_come_ends_at_the_time_limit(
    server: Instead, name: str, tmp_path: Path
) -> None:
    never = threading.Event()
    server.reply = Reply(until=never)
    errors = {
        call: error_of(called(server, name, call, tmp_path, time_limit="0.5s"), secrets_of(name))
        for call in ("page", "incidents")
        if call in ASKS[name]
    }
    never.set()
    for call, error in errors.items():
        assert error.code is Code.TIMED_OUT
        assert in_doubt(error) is (call == "page")


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_server_that_is_down_has_taken_nothing(name: str, tmp_path: Path) -> None:
    pager = pager_of(name, f"http://127.0.0.1:{free_port()}", tmp_path)
    for call in ASKS[name]:
        error = error_of(partial(CALLS[call], pager, target_of(name)), secrets_of(name))
        assert error.code is Code.UNREACHABLE
        assert not in_doubt(error)


@pytest.mark.parametrize("name", ADDRESSES)
def test_what_is_not_accepted_is_quoted_in_short_and_harmless(
    server: Instead, name: str, tmp_path: Path
) -> None:
    def play(why: str) -> None:
        server.reply = REFUSALS[name](why)

    check_quotes(called(server, name, "page", tmp_path), play, secrets_of(name))


@given(content=JSON, status=STATUSES)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ADDRESSES)
def test_no_json_makes_it_crash(tmp_path: Path, name: str, content: Any, status: int) -> None:
    pager = pager_of(name, "http://played", tmp_path)
    with answered_with(status, json.dumps(content).encode()):
        for call in ASKS[name]:
            with suppress(OpsroomError):
                CALLS[call](pager, target_of(name))


@pytest.mark.parametrize("drop", ["unanswered", "half"])
@pytest.mark.parametrize("name", CASES)
def test_a_page_whose_answer_is_lost_is_in_doubt_and_is_one(
    name: str, drop: str, tmp_path: Path
) -> None:
    store: Any = None
    if name == "local":
        store = LossyStore(open_store(copy_database(tmp_path / "opsroom.db")))
    page = page_to(target_of(name))
    with case(name) as it:
        pager = pager_with(it.pager, tmp_path, store)
        if name in FINDING:
            assert pager.find(page) is None
        if store:
            store.loses = True
        it.lose(drop)
        if name in REPEATING:
            assert pager.page(page).delivery is Delivery.UNCONFIRMED
            assert it.taken() == 1
            return
        error = error_of(partial(pager.page, page), it.secrets)
        assert isinstance(error, Failure)
        assert in_doubt(error)
        assert it.taken() == 1
        if store:
            store.loses = False
        if name in FINDING:
            found = pager.find(page)
            assert found
            assert found.delivery is Delivery.ACCEPTED
            assert found.incident.number
        else:
            refusal(Code.NOT_POSSIBLE, pager.find, page)
        assert it.taken() == 1
    if store:
        store.close()


@pytest.mark.parametrize("name", [*ADDRESSES, "email"])
def test_what_a_pager_cannot_do_is_refused_and_sends_nothing(
    server: Instead, name: str, tmp_path: Path
) -> None:
    server.requests.clear()
    config = {"kind": "email", "host": "127.0.0.1", "port": 9, "sender": "o@example.com"}
    if name != "email":
        config = pager_at(name, server.url("").rstrip("/"))
    pager = pager_with(config, tmp_path)
    answers = {
        call: refusal(Code.NOT_POSSIBLE, CALLS[call], pager, target_of(name)).message
        for call in CALLS
        if call not in (*ASKS.get(name, ("page",)), "look_up")
    }
    assert len(set(answers.values())) == len(answers)
    assert "look_up" in ASKS.get(name, ()) or pager.look_up("web") == ()
    assert server.requests == []
