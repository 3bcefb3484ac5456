"""The pager kind local: a log of pages in opsroom's own database, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List

import pytest

from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, OnCall, Page, State, Target
from opsroom.people import Author
from support.errors import failure_of
from support.options import read_options
from support.processes import at_once
from support.records.stores import rows, run

ALICE = Author("alice", "#ops", email="alice@example.com", link="execution 65f0")
BOB = Author("bob", "#ops")
TEAMS = {"web-team": ["alice", "bob", "carol"], "db": "dave", "night": []}
WEB = Target("team", "web-team", "web-team")


def options_of(**raw: Any) -> Any:
    return read_options(REGISTRY, "local", raw, "pagers.log")


def pager_of(store: Store, name: str = "log", on_call: Any = None) -> Any:
    options, lines = options_of(on_call=TEAMS if on_call is None else on_call)
    assert lines == []
    return REGISTRY.make("local", options, name=name, store=lambda: store, keep=None)


@pytest.fixture
def pager(store: Store) -> Any:
    return pager_of(store)


def page(
    target: Target = WEB, text: str = "checkout is down", mark: str = "ops1", **values: Any
) -> Page:
    return Page(
        **{"target": target, "text": text, "urgent": False, "mark": mark, "author": ALICE, **values}
    )


def refusal(call: Any, *arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    assert caught.value.message.endswith(".")
    return caught.value


def test_a_page_reaches_the_first_of_the_team_and_gets_the_next_number(pager: Any) -> None:
    paged = pager.page(page(text="checkout is down\nsince 14:02", urgent=True))
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.on_call == (OnCall("alice", through="web-team"),)
    assert paged.notes == ()
    incident = paged.incident
    assert (incident.id, incident.number, incident.title) == ("1", "1", "checkout is down")
    assert (incident.state, incident.target, incident.people) == (
        State.TRIGGERED,
        "web-team",
        ("alice",),
    )
    assert incident.since is not None
    assert pager.page(page(mark="ops2")).incident.number == "2"


def test_the_log_says_who_paged_whom_and_what_for(store: Store, pager: Any) -> None:
    pager.page(page(text="a\0\x1bb\r\nc \ud800", urgent=True))
    found = rows(
        store,
        "SELECT pager, number, mark, target_kind, target, text, urgent, author, people FROM "
        "local_pages",
    )
    assert found == [("log", 1, "ops1", "team", "web-team", "ab\nc ?", 1, "alice", '["alice"]')]


def test_the_same_mark_is_the_same_page(pager: Any) -> None:
    first = pager.page(page())
    assert pager.page(page()) == first
    assert len(pager.incidents()) == 1


def test_a_page_is_found_by_its_mark_and_none_is_when_it_was_not_made(pager: Any) -> None:
    assert pager.find(page()) is None
    paged = pager.page(page())
    assert pager.find(page()) == paged
    assert pager.find(page(mark="ops2")) is None
    assert pager.settles_within == 0


def test_each_pager_counts_for_itself_and_knows_only_its_own(store: Store, pager: Any) -> None:
    other = pager_of(store, name="other")
    pager.page(page())
    pager.page(page(mark="ops2"))
    assert other.page(page()).incident.number == "1"
    assert len(other.incidents()) == 1
    assert refusal(other.incident, "2").code is Code.UNKNOWN_PAGE


def test_twenty_at_once_get_twenty_numbers_without_a_gap(store: Store, pager: Any) -> None:
    barrier = threading.Barrier(20)

    def send(index: int) -> int:
        barrier.wait(30)
        return int(pager.page(page(mark=f"ops{index}")).incident.number)

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(send, range(20))) == list(range(1, 21))


def test_twenty_at_once_with_one_mark_make_one_page(store: Store, pager: Any) -> None:
    barrier = threading.Barrier(20)

    def send(index: int) -> str:
        barrier.wait(30)
        return str(pager.page(page()).incident.number)

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(send, range(20))) == {"1"}
    assert rows(store, "SELECT count(*) FROM local_pages") == [(1,)]


def _send_from_a_process(index: int, url: str) -> int:
    store = open_store(url)
    try:
        return int(pager_of(store).page(page(mark=f"ops{index}")).incident.number)
    finally:
        store.close()


def test_runners_of_their_own_count_together(store_url: str) -> None:
    open_store(store_url).close()
    assert sorted(at_once(6, _send_from_a_process, store_url)) == list(range(1, 7))


def test_a_person_is_called_by_their_name_also_where_no_team_names_them(pager: Any) -> None:
    target = pager.person("", "erin@example.com", "erin")
    assert target == Target("user", "erin", "erin")
    paged = pager.page(page(target))
    assert (paged.delivery, paged.on_call) == (Delivery.ACCEPTED, (OnCall("erin"),))
    assert pager.person("Alice", "", "alice.smith") == Target("user", "alice", "alice")


@pytest.mark.parametrize("name", ["web-team", "WEB-Team"])
def test_a_target_of_the_config_is_a_team(pager: Any, name: str) -> None:
    assert pager.page(page(Target("log", name, name))).on_call == (
        OnCall("alice", through="web-team"),
    )


def test_a_target_of_the_config_may_be_a_person_of_a_team(pager: Any) -> None:
    paged = pager.page(page(Target("log", "Dave", "Dave")))
    assert (paged.delivery, paged.on_call, paged.incident.target) == (
        Delivery.ACCEPTED,
        (OnCall("dave"),),
        "dave",
    )


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Target("log", "web-taem", "web-taem"),
         "on call for web-taem; it is only written down. Did you mean web-team?"),
        (Target("team", "night", "night"),
         "names nobody who is on call for night; it is only written down."),
    ],
)  # fmt: skip
def test_a_page_that_reaches_nobody_is_written_down_and_says_so(
    pager: Any, target: Target, words: str
) -> None:
    paged = pager.page(page(target))
    assert (paged.delivery, paged.on_call, paged.incident.people) == (Delivery.NOBODY, (), ())
    assert words in paged.notes[0]
    assert paged.notes[0].endswith((".", "?"))
    assert pager.find(page(target)) == paged


def test_without_teams_the_log_is_the_target_and_nobody_is_reached(store: Store) -> None:
    pager = pager_of(store, on_call={})
    target = pager.default_target()
    assert target == Target("log", "log", "log")
    assert pager.page(page(target)).delivery is Delivery.NOBODY
    assert pager.on_call(target) == ()


def test_the_only_team_is_the_target_and_several_are_none(store: Store, pager: Any) -> None:
    assert pager.default_target() is None
    assert pager_of(store, on_call={"web": ["alice"]}).default_target() == Target(
        "team", "web", "web"
    )


def test_looking_up_prefers_what_equals_the_name_and_pages_nobody(store: Store, pager: Any) -> None:
    assert pager.look_up("DB") == (Target("team", "db", "db"),)
    assert pager.look_up("carol") == (Target("user", "carol", "carol"),)
    assert pager.look_up("a") == tuple(
        Target(kind, name, name)
        for kind, name in (
            ("team", "web-team"), ("user", "alice"), ("user", "carol"), ("user", "dave"),
        )
    )  # fmt: skip
    assert pager.look_up("nobody at all") == pager.look_up(" ") == ()
    assert pager.on_call(WEB) == (
        OnCall("alice", level=1, through="web-team"),
        OnCall("bob", level=2, through="web-team"),
        OnCall("carol", level=3, through="web-team"),
    )
    assert pager.on_call(Target("user", "alice")) == (OnCall("alice"),)
    assert pager.on_call(Target("log", "nowhere")) == ()
    assert rows(store, "SELECT count(*) FROM local_pages") == [(0,)]


@pytest.mark.parametrize("id", ["1", "#1", " 1 "])
def test_a_page_is_known_by_its_number(pager: Any, id: str) -> None:
    paged = pager.page(page())
    assert pager.incident(id) == paged.incident


NO_PAGES = ("2", "0", "-1", "99999999999", "4294967297", "2147483648", "x", "", "1; DROP", "١")


def test_a_page_that_is_not_there_is_refused(pager: Any) -> None:
    pager.page(page())
    for id in NO_PAGES:
        for call in (pager.incident, pager.acknowledge, pager.resolve):
            refused = refusal(call, id, *([] if call == pager.incident else [BOB]))
            assert refused.code is Code.UNKNOWN_PAGE, id
            assert "in log" in refused.message


def test_a_page_is_acknowledged_once_and_stays_with_who_was_first(store: Store, pager: Any) -> None:
    pager.page(page())
    assert pager.acknowledge("1", BOB).state is State.ACKNOWLEDGED
    assert pager.acknowledge("1", ALICE).state is State.ACKNOWLEDGED
    assert rows(store, "SELECT state, changed_by FROM local_pages") == [("acknowledged", "bob")]


def test_a_page_that_is_resolved_is_closed(pager: Any) -> None:
    pager.page(page())
    assert pager.resolve("1", BOB).state is State.RESOLVED
    assert pager.incident("1").state is State.RESOLVED
    calls: Dict[str, Any] = {
        "acknowledge": pager.acknowledge,
        "resolve": pager.resolve,
        "escalate": pager.escalate,
        "add": lambda id, author: pager.add_responder(id, WEB, author),
    }
    for call in calls.values():
        refused = refusal(call, "1", ALICE)
        assert refused.code is Code.PAGE_CLOSED
        assert "was resolved by bob (" in refused.message


def test_escalating_wakes_one_after_the_other_until_nobody_is_left(pager: Any) -> None:
    pager.page(page())
    pager.acknowledge("1", ALICE)
    escalated = pager.escalate("1", BOB)
    assert (escalated.people, escalated.state) == (("alice", "bob"), State.TRIGGERED)
    assert pager.escalate("1", BOB).people == ("alice", "bob", "carol")
    refused = refusal(pager.escalate, "1", BOB)
    assert refused.code is Code.NOT_POSSIBLE
    assert (
        refused.message
        == "There is nobody left to alert for page 1; alice, bob and carol have been called."
    )
    assert "add NAME to page 1" in refused.hint
    assert pager.incident("1").people == ("alice", "bob", "carol")


def test_a_page_to_one_person_has_no_next(pager: Any) -> None:
    pager.page(page(Target("user", "erin", "erin")))
    assert "erin has been called" in refusal(pager.escalate, "1", BOB).message


def test_two_who_escalate_at_once_wake_two(pager: Any) -> None:
    pager.page(page())
    barrier = threading.Barrier(2)

    def wake(author: Author) -> Any:
        barrier.wait(30)
        return pager.escalate("1", author)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(wake, (ALICE, BOB)))
    assert pager.incident("1").people == ("alice", "bob", "carol")


def test_somebody_more_is_called_once(pager: Any) -> None:
    pager.page(page())
    pager.acknowledge("1", ALICE)
    assert pager.add_responder("1", Target("user", "erin", "erin"), BOB).people == ("alice", "erin")
    assert pager.add_responder("1", Target("user", "erin", "erin"), BOB).people == ("alice", "erin")
    assert pager.add_responder("1", Target("team", "db", "db"), BOB).people == (
        "alice",
        "erin",
        "dave",
    )
    # Of a team whose first has been called, the next.
    assert pager.add_responder("1", WEB, BOB).people == ("alice", "erin", "dave", "bob")
    assert pager.incident("1").state is State.ACKNOWLEDGED
    assert (
        refusal(pager.add_responder, "1", Target("team", "night", "night"), BOB).code
        is Code.UNKNOWN_PERSON
    )


def test_the_open_pages_are_told_newest_first_of_a_team_or_of_a_person(pager: Any) -> None:
    for index, target in enumerate(
        (WEB, Target("team", "db", "db"), WEB, Target("user", "bob", "bob")), start=1
    ):
        pager.page(page(target, mark=f"ops{index}"))
    pager.escalate("3", ALICE)  # calls bob

    def numbers(*arguments: Any, **options: Any) -> List[str]:
        return [one.number for one in pager.incidents(*arguments, **options)]

    assert numbers() == ["4", "3", "2", "1"]
    assert numbers(limit=2) == ["4", "3"]
    assert numbers(WEB) == ["3", "1"]
    assert numbers(WEB, limit=1) == ["3"]
    assert numbers(Target("log", "DB", "DB")) == ["2"]
    assert numbers(Target("user", "Bob", "Bob")) == ["4", "3"]
    assert numbers(Target("log", "elsewhere", "elsewhere")) == []
    pager.resolve("3", BOB)
    assert numbers(WEB) == ["1"]


@pytest.mark.parametrize("text", ["日本語 ünï 🔥\n'; DROP TABLE local_pages; --", "x" * 30_000])
def test_a_text_is_kept_whole(store: Store, pager: Any, text: str) -> None:
    paged = pager.page(page(text=text))
    assert rows(store, "SELECT text FROM local_pages") == [(text,)]
    assert len(paged.incident.title) <= 100
    assert "\n" not in paged.incident.title


def test_a_database_that_cannot_be_used_leaves_no_doubt_that_nothing_was_written(
    store: Store,
) -> None:
    def broken() -> Store:
        raise Failure(Code.STORE_UNREACHABLE, "The database does not answer.")

    pager = REGISTRY.make("local", options_of()[0], name="log", store=broken, keep=None)
    caught = failure_of(pager.page, page())
    assert caught.facts["sent"] is False
    assert not in_doubt(caught)


def test_a_table_that_refuses_leaves_no_doubt_either(store: Store, pager: Any) -> None:
    run(store, "DROP TABLE local_pages")
    caught = failure_of(pager.page, page())
    assert caught.facts["sent"] is False
