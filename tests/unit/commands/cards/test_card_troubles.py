"""What every tracker must survive, over all kinds: the same troubles, whatever the vendor."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from opsroom import trackers
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, OpsroomError
from opsroom.http.errors import in_doubt
from support.cards.kinds import CARDS, CASES, VENDORS, VERBS, tracker_at
from support.expectations import expect, says
from support.records.templates import copy_database
from support.servers.http import HttpServer, Reply
from support.troubles.no_api import NO_API, ODD
from support.troubles.table import Instead
from support.troubles.trackers import CALLS, tracker_of
from support.worlds.world import World

NEW = "https://new.example.com"


def world_at(folder: Path, name: str, server: HttpServer, **more: Any) -> World:
    """A room whose only tracker, `desk`, is one of CASES with the server in its vendor's place."""
    tracker = {**tracker_at(name, server.url("").rstrip("/")), **more}
    config = {
        "people": {"alice": {"chat": ["alice"]}},
        "environments": {"test": {}},
        "trackers": {"desk": tracker},
    }
    return World(folder, copy_database(folder / "opsroom.db"), config)


def ask(world: World, name: str, verb: str, number: int = 0) -> Dict[str, Any]:
    """Run the action; another `number` makes another text of it."""
    given = dict(VERBS[verb])
    if number and "text" in given:
        given["text"] += f" {number}"
    if verb not in ("create_card", "find_cards"):
        given["card"] = CARDS[name]
    return world.ask(verb, **given)


def test_every_registered_kind_is_in_the_suite() -> None:
    kinds = {tracker_at(name, "http://127.0.0.1")["kind"] for name in CASES}
    assert kinds == set(trackers.REGISTRY.kinds())
    assert set(CARDS) == set(CASES)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", VENDORS)
def test_a_redirect_means_that_nothing_was_done(name: str, verb: str, tmp_path: Path) -> None:
    with Instead() as server, HttpServer() as elsewhere:
        world = world_at(tmp_path, name, server)
        for status, location, told in (
            (301, f"{NEW}/jira?token=s3cret", f"redirects to {NEW}/jira (301)"),
            (302, elsewhere.url("/login"), f"redirects to {elsewhere.url('/login')} (302)"),
            (303, "", "redirects without naming a new address (303)"),
            (307, "http://[", "redirects without naming a new address (307)"),
            (308, "/other/{{ st2kv.system.x }}", f"redirects to {server.url('/other/')} (308)"),
        ):
            server.reply = Reply(
                status, "<html>moved</html>", {"Location": location} if location else {}
            )
            before = len(server.requests)
            answer = ask(world, name, verb)
            expect(answer, ok=False, code="bad_answer")
            assert told in answer["message"]
            assert "trackers.desk.url" in answer["message"]
            assert "s3cret" not in repr(answer)
            assert len(server.requests) == before + 1
        assert elsewhere.requests == []
        # Certain, so nothing is left open on the record, and the same words work at once when the
        # address is right.
        assert "unconfirmed" not in world.events()


@pytest.mark.parametrize("verb", VERBS)
def test_a_redirect_of_basecamps_token_server_names_its_own_key(verb: str, tmp_path: Path) -> None:
    with Instead(Reply(302, "", {"Location": f"{NEW}/login"})) as server:
        oauth = {
            "client_id": "c",
            "client_secret": "s",
            "refresh_token": "r",
            "launchpad": server.url("").rstrip("/"),
        }
        world = world_at(tmp_path, "basecamp cards", server, **oauth)
        del world.config["trackers"]["desk"]["token"]
        answer = ask(world, "basecamp cards", verb)
    assert answer["code"] == "bad_answer"
    says(answer, f"redirects to {NEW}/login (302)", "trackers.desk.launchpad")


@pytest.mark.parametrize("verb", [one for one in VERBS if one != "find_cards"])
@pytest.mark.parametrize("path", ["repositories/1296269/issues/1347", "repos/acme/shop/issues/9"])
def test_what_moved_is_named_with_its_new_address(verb: str, path: str, tmp_path: Path) -> None:
    with Instead() as server:
        new = server.url(f"/{path}")
        server.reply = Reply(301, '{"message": "Moved Permanently"}', {"Location": new})
        answer = ask(world_at(tmp_path, "github", server), "github", verb)
        assert len(server.requests) == 1
    assert answer["code"] == ("unknown_project" if verb == "create_card" else "unknown_card")
    assert f"was renamed or moved on GitHub, to {new}" in answer["message"]
    assert "trackers.desk.repository" in answer["hint"]


def failure_of(call: str, name: str, server: HttpServer, folder: Path) -> Failure:
    with pytest.raises(Failure) as caught:
        CALLS[call](tracker_of(name, server.url("").rstrip("/"), folder), CARDS[name])
    return caught.value


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", VENDORS)
def test_without_an_api_nothing_is_missing_or_done(name: str, call: str, tmp_path: Path) -> None:
    with Instead() as server:
        for what, reply in NO_API.items():
            server.reply = reply
            failure = failure_of(call, name, server, tmp_path)
            assert failure.code in (Code.BAD_ANSWER, Code.GONE), what
            if reply.status == 404:
                assert "trackers.desk.url" in failure.hint, what
            # It is certain that nothing was made, and nobody need look for it.
            assert not in_doubt(failure), what


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", VENDORS)
def test_a_success_of_another_form_is_none(name: str, call: str, tmp_path: Path) -> None:
    with Instead() as server:
        for what, reply in ODD.items():
            server.reply = reply
            failure = failure_of(call, name, server, tmp_path)
            assert failure.code is Code.BAD_ANSWER, what
            # What was to be made may have been made; a question has made nothing.
            assert in_doubt(failure) is (server.requests[-1].method != "GET"), what


@pytest.mark.parametrize("verb", VERBS)
def test_the_room_reads_where_there_is_no_api(verb: str, tmp_path: Path) -> None:
    with Instead(NO_API["another gateway"]) as server:
        answer = ask(world_at(tmp_path, "github", server), "github", verb)
    expect(answer, ok=False, code="bad_answer")
    assert "answered 404, not as GitHub does" in answer["message"]
    assert "trackers.desk.url" in answer["hint"]


# Long enough to be told from nothing, and far from what it would be without a limit.
SOON = {"time_limit": "0.3s", "look_for": "0.3s"}
# What a busy machine may add to both, in seconds.
SLACK = 6.0


@pytest.mark.parametrize("verb", ["create_card", "get_card"])
@pytest.mark.parametrize("name", VENDORS)
def test_the_time_limit_is_that_of_the_command(name: str, verb: str, tmp_path: Path) -> None:
    never = threading.Event()
    with Instead(Reply(until=never)) as server:
        began = time.monotonic()
        answer = ask(world_at(tmp_path, name, server, **SOON), name, verb)
        took = time.monotonic() - began
        never.set()
    assert answer["code"] in ("timed_out", "outcome_unknown"), answer
    assert took < 0.6 + SLACK


@pytest.mark.parametrize("name", VENDORS)
def test_every_call_ends_at_the_time_limit_of_its_tracker(name: str, tmp_path: Path) -> None:
    never, spaces = threading.Event(), "[" + " " * 1000 + "]"
    replies = {
        "silence": Reply(until=never),
        "drip": Reply(200, spaces, drip=0.1),
        "drip_head": Reply(200, spaces, drip_head=0.1),
    }
    with ExitStack() as stack:
        servers = {how: stack.enter_context(Instead(reply)) for how, reply in replies.items()}
        stack.callback(never.set)

        def outcome(case: Tuple[str, str]) -> Tuple[str, float]:
            call, how = case
            began = time.monotonic()
            tracker = tracker_of(name, servers[how].url("").rstrip("/"), tmp_path, **SOON)
            try:
                CALLS[call](tracker, CARDS[name])
            except OpsroomError as error:
                return error.code.value, time.monotonic() - began
            return "", time.monotonic() - began

        cases = [*((call, "silence") for call in CALLS), ("create", "drip"), ("show", "drip_head")]
        # Side by side: each of them does nothing but wait.
        with ThreadPoolExecutor(len(cases)) as pool:
            outcomes = dict(zip(cases, pool.map(outcome, cases)))
    for case, (code, took) in outcomes.items():
        assert (code, took < 0.6 + SLACK) == ("timed_out", True), (case, code, took)


@pytest.mark.parametrize("name", VENDORS)
def test_how_long_is_looked_for_is_a_key_of_every_kind(name: str, tmp_path: Path) -> None:
    for written, seconds in (("5s", 5.0), (0, 0.0), ("1m", 60.0)):
        problems = Problems()
        config = {**tracker_at(name, "http://127.0.0.1"), "look_for": written}
        options = trackers.REGISTRY.read_options(
            config.pop("kind"), Fields(config, "trackers.desk", problems)
        )
        assert (problems.lines, options.look_for) == ([], seconds)
    problems = Problems()
    trackers.REGISTRY.read_options(
        tracker_at(name, "")["kind"],
        Fields(
            {**tracker_at(name, "http://127.0.0.1"), "look_for": "2m"}, "trackers.desk", problems
        ),
    )
    assert any(
        one.startswith("trackers.desk.look_for: expected a length of time")
        for one in problems.lines
    )
