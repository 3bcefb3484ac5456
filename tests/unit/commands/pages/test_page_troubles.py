"""What every pager must survive, over all kinds: the same troubles, whatever the vendor."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Tuple, cast

import pytest

from opsroom import deadline
from opsroom import pagers as paging
from opsroom.commands.pages import Route, limit_of, look_up_first
from opsroom.commands.pages.recipients import ask_about
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import Target
from opsroom.pagers.email import Options as SmtpOptions
from opsroom.pagers.local import Options as LocalOptions
from support.cases import cases
from support.expectations import expect, says
from support.pages.kinds import ADDRESSES, CASES, TARGETS, pager_at
from support.pages.rooms import Clock, Rooms
from support.records.templates import copy_database
from support.servers.http import HttpServer, Reply
from support.troubles.no_api import NO_API, ODD
from support.troubles.table import Instead
from support.worlds.world import World

NEW = "https://new.example.com"
NOT_BY_HTTP = {"email", "local"}


def world_at(
    folder: Path, name: str, server: HttpServer, next_one: bool = True, **more: Any
) -> Rooms:
    """A room with a pager `duty`, one of ADDRESSES with the server in its vendor's place; then
    `log`, which works."""
    pagers: Dict[str, Any] = {"duty": {**pager_at(name, server.url("").rstrip("/")), **more}}
    if next_one:
        pagers["log"] = {"kind": "local", "on_call": {"web-team": ["bob"]}}
    team = {
        "duty": TARGETS[name],
        **({"log": "web-team"} if next_one else {}),
        "phone": "+44 20 7946 0000",
    }
    people = {"alice": {"chat": ["alice"]}, "bob": {"chat": ["bob"]}}
    config = {
        "people": people,
        "environments": {"test": {}},
        "pagers": pagers,
        "teams": {"web-team": team},
    }
    config["page_limit"] = {"pages": 1000}
    return Rooms(World(folder, copy_database(folder / "opsroom.db"), config), {})


def test_every_registered_kind_is_in_the_suite() -> None:
    kinds = {pager_at(name, "http://127.0.0.1")["kind"] for name in ADDRESSES}
    assert kinds | NOT_BY_HTTP == set(paging.REGISTRY.kinds())
    assert set(ADDRESSES) | NOT_BY_HTTP == set(CASES) == set(TARGETS)


REDIRECTS = (
    (301, f"{NEW}/v2?token=s3cret", f"redirects to {NEW}/v2 (301)"),
    (303, "", "redirects without naming a new address (303)"),
    (307, "https://[", "redirects without naming a new address (307)"),
)


@pytest.mark.parametrize("name", ADDRESSES)
def test_after_a_redirect_the_next_pager_is_tried(name: str, tmp_path: Path) -> None:
    with Instead() as server, HttpServer() as elsewhere:
        rooms = world_at(tmp_path, name, server)
        every = (
            *REDIRECTS,
            (302, elsewhere.url("/login"), f"redirects to {elsewhere.url('/login')} (302)"),
            (308, "/other/{{ 1 }}", f"redirects to {server.url('/other/')} (308)"),
        )
        for number, (status, location, told) in enumerate(every):
            server.reply = Reply(status, "", {"Location": location} if location else {})
            answer = rooms.page(message=f"checkout is down {number}")
            expect(answer, ok=True, code="paged", pager="log")
            (first,) = answer["tried"]
            expect(first, pager="duty", code="bad_answer")
            assert told in first["message"]
            assert f"pagers.duty.{ADDRESSES[name]}" in first["message"]
            assert told in answer["message"]
            assert "s3cret" not in repr(answer)
            assert len(server.requests) == number + 1
        assert elsewhere.requests == []


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_redirect_of_the_only_pager_says_that_nobody_was_paged(name: str, tmp_path: Path) -> None:
    status, location, told = REDIRECTS[0]
    with Instead(Reply(status, "", {"Location": location})) as server:
        answer = world_at(tmp_path, name, server, next_one=False).page()
    expect(answer, ok=False, code="not_paged")
    assert told in answer["message"]
    assert f"pagers.duty.{ADDRESSES[name]}" in answer["message"]
    assert "+44 20 7946 0000" in answer["hint"]


@pytest.mark.parametrize("name", ["pagerduty", "opsgenie", "victorops"])
@pytest.mark.parametrize("verb", ["get_on_call", "ack_page", "resolve_page", "add_responder"])
def test_every_command_says_where_a_redirect_leads(name: str, verb: str, tmp_path: Path) -> None:
    given: Dict[str, Any] = {"who": "web-team"} if verb == "get_on_call" else {"page": "1234"}
    if verb == "add_responder":
        given["who"] = "bob"
    with Instead(Reply(308, "", {"Location": f"{NEW}/x"})) as server:
        answer = world_at(tmp_path, name, server, next_one=False).ask(verb, **given)
    assert answer["ok"] is False
    says(answer, f"redirects to {NEW}/x (308)", "pagers.duty.url")


# What each can be asked about pages besides paging.
ASKED: Dict[str, Dict[str, Any]] = {
    "get_on_call": {"who": "web-team"},
    "list_pages": {"who": ""},
    "ack_page": {"page": "1234"},
    "resolve_page": {"page": "1234"},
    "escalate_page": {"page": "1234"},
    "add_responder": {"page": "1234", "who": "bob"},
}
ASKABLE = ("pagerduty", "opsgenie", "victorops")


@pytest.mark.parametrize("name", ADDRESSES)
def test_without_an_api_the_next_pager_is_tried(name: str, tmp_path: Path, clock: Clock) -> None:
    with Instead() as server:
        rooms = world_at(tmp_path, name, server)
        for number, (what, reply) in enumerate(NO_API.items()):
            if (name, what) == ("webhook", "a login page"):
                continue  # a page may be all that a receiver says when it has taken something
            server.reply = reply
            answer = rooms.page(message=f"checkout is down {number}")
            assert (answer["ok"], answer["code"], answer["pager"]) == (True, "paged", "log"), (
                what,
                answer,
            )
            assert "obody is on call" not in answer["message"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_success_of_another_form_is_no_page(name: str, tmp_path: Path, clock: Clock) -> None:
    with Instead() as server:
        rooms = world_at(tmp_path, name, server)
        for number, (what, reply) in enumerate(ODD.items()):
            server.reply = reply
            answer = rooms.page(message=f"checkout is down {number}")
            known = answer["code"] == "page_unconfirmed" or (answer["code"], answer["pager"]) == (
                "paged",
                "log",
            )
            assert known, (what, answer)
            assert "obody is on call" not in answer["message"]


@pytest.mark.parametrize("verb", ASKED)
@pytest.mark.parametrize("name", ASKABLE)
@pytest.mark.parametrize("replies", [NO_API, ODD], ids=["no api", "odd"])
def test_a_missing_api_is_no_empty_rota_and_no_missing_page(
    name: str, verb: str, replies: Any, tmp_path: Path, clock: Clock
) -> None:
    with Instead() as server:
        rooms = world_at(tmp_path, name, server, next_one=False)
        for what, reply in replies.items():
            server.reply = reply
            answer = rooms.ask(verb, **ASKED[verb])
            if verb == "list_pages":
                assert "duty could not be asked" in answer["message"], (what, answer)
                assert answer["message"].startswith("Open pages:")
            elif (name, verb) == ("victorops", "escalate_page"):
                assert answer["code"] == "not_possible"
            else:
                codes = ("bad_answer", "gone", "outcome_unknown")
                assert (answer["ok"], answer["code"] in codes) == (False, True), (what, answer)


@pytest.mark.parametrize("name", ASKABLE)
def test_a_missing_api_does_not_say_that_a_name_is_unknown(name: str, tmp_path: Path) -> None:
    with Instead() as server:
        rooms = world_at(tmp_path, name, server, next_one=False)
        for what, reply in {**NO_API, **ODD}.items():
            server.reply = reply
            answer = rooms.page("Checkout Team", f"it is down {what}")
            assert (answer["ok"], answer["code"] in ("bad_answer", "gone")) == (False, True), (
                what,
                answer,
            )
            assert "duty could not be asked" in answer["message"]


@pytest.mark.parametrize("name", ASKABLE)
def test_a_missing_api_is_no_empty_schedule(name: str, tmp_path: Path, clock: Clock) -> None:
    with Instead() as server:
        rooms = world_at(tmp_path, name, server)
        if name != "victorops":
            rooms.world.config["teams"]["web-team"]["duty"] = {"schedule": "PSCHED"}
        for number, (what, reply) in enumerate(NO_API.items()):
            server.reply = reply
            answer = rooms.page(message=f"checkout is down {number}")
            assert (answer["code"], answer["pager"]) == ("paged", "log"), (what, answer)
            assert "obody is on call" not in repr(answer["tried"])


# Long enough to be told from nothing, and far from what it would be without a limit.
SOON = {"time_limit": "0.3s", "look_for": "0.3s"}
# What a busy machine may add to both, in seconds.
SLACK = 6.0


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("drip", ["", "drip", "drip_head"])
def test_the_time_limit_is_that_of_the_page(name: str, drip: str, tmp_path: Path) -> None:
    never = threading.Event()
    reply = Reply(200, "[" + " " * 1000 + "]", **{drip: 0.1}) if drip else Reply(until=never)
    with Instead(reply) as server:
        began = time.monotonic()
        answer = world_at(tmp_path, name, server, **SOON).page()
        took = time.monotonic() - began
        never.set()
    # Someone may be on the way: nobody else is woken, unless what hangs was asked before the page
    # went out.
    assert answer["code"] == "page_unconfirmed" or answer.get("pager") == "log", answer
    assert took < 0.6 + SLACK


@pytest.mark.parametrize("verb", [one for one in ASKED if one != "list_pages"])
@pytest.mark.parametrize("name", ASKABLE)
def test_the_time_limit_is_that_of_every_command(name: str, verb: str, tmp_path: Path) -> None:
    never = threading.Event()
    with Instead(Reply(until=never)) as server:
        rooms = world_at(tmp_path, name, server, next_one=False, **SOON)
        began = time.monotonic()
        answer = rooms.ask(verb, **ASKED[verb])
        took = time.monotonic() - began
        never.set()
    assert answer["code"] == (
        "not_possible" if (name, verb) == ("victorops", "escalate_page") else "timed_out"
    ), answer
    assert took < 0.6 + SLACK


@cases("name", ADDRESSES)
def test_how_long_is_looked_for_is_a_key_of_every_kind(name: str) -> None:
    problems = Problems()
    config = {**pager_at(name, "http://127.0.0.1"), "look_for": "5s"}
    kind = config.pop("kind")
    assert (
        paging.REGISTRY.read_options(kind, Fields(config, "pagers.duty", problems)).look_for == 5.0
    )
    assert problems.lines == []


def test_a_pager_in_the_database_has_longer_than_the_database() -> None:
    # What hangs is then the database, which has certainly not taken the page, so the next pager is
    # tried.
    assert limit_of(context_with(LocalOptions()), "log") > deadline.LIMIT


def context_with(options: Any) -> Any:
    """As much of a context as asking its pager `log` needs."""
    known = SimpleNamespace(kind="local", options=options)
    settings = SimpleNamespace(pagers={"log": known})
    return cast(Any, SimpleNamespace(settings=settings, looked_up={}, store=None, keep=Path()))


class Slow:
    """A pager that takes four seconds of a clock for each name."""

    def __init__(self, clock: Clock, limit: float, limits: List[float]) -> None:
        self.clock = clock
        limits.append(limit)

    def look_up(self, name: str) -> Tuple[Target, ...]:
        self.clock.wait(4.0)
        return (Target("service", "PWEB", name),)


@pytest.fixture
def limits(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The time limits of all pagers that are made, in turn; each of them is slow."""
    made: List[float] = []
    time = SimpleNamespace(monotonic=clock.read)
    monkeypatch.setattr("opsroom.commands.pages.time", time)
    monkeypatch.setattr("opsroom.commands.pages.recipients.time", time)
    monkeypatch.setattr(
        paging.REGISTRY, "make", lambda kind, options, **_: Slow(clock, options.time_limit, made)
    )
    return made


def test_a_name_that_is_looked_up_first_takes_of_the_time_of_the_page(limits: List[float]) -> None:
    context = context_with(SmtpOptions("mx", 25, "ops@example.com", time_limit=12.0))
    (target,) = look_up_first(context, "log", "Web")
    ask_about(context, Route("log", "Web", target), lambda pager, target: None)
    # Half for the name, so that there is always time to page; what it did not take is for the page,
    # too.
    assert limits == [6.0, 8.0]
    look_up_first(context, "log", "Web")
    ask_about(context, Route("log", "Web", target), lambda pager, target: None)
    assert limits[2:] == [4.0, 4.0]


def test_a_name_looked_up_on_the_way_takes_of_the_time(limits: List[float]) -> None:
    context = context_with(SmtpOptions("mx", 25, "ops@example.com", time_limit=12.0))
    ask_about(context, Route("log", "Web"), lambda pager, target: None)
    assert limits == [6.0, 8.0]
    # Others that are asked side by side have as much.
    assert limit_of(context, "log") > 12.0


@pytest.mark.parametrize("name", ASKABLE)
def test_a_failed_look_up_leaves_no_doubt(name: str, tmp_path: Path, clock: Clock) -> None:
    with Instead() as server:
        rooms = world_at(tmp_path, name, server, next_one=False)
        for what, reply in {
            **NO_API,
            **ODD,
            "an error": Reply(500),
            "half": Reply(200, "[1, 2]", drop="half"),
        }.items():
            server.reply = reply
            answer = rooms.ask("add_responder", **ASKED["add_responder"])
            assert not answer["ok"]
            assert "is not known" not in answer["message"], (what, answer)
        assert "unconfirmed" not in rooms.world.events()
