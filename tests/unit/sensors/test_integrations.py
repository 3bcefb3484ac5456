"""Events of cards and pages: which are dispatched, and when a vendor is left alone."""

from __future__ import annotations

import pytest

from opsroom.config.model import Kind
from opsroom.db.store import Store
from opsroom.errors import Code, Failure, Refusal
from opsroom.pagers import State
from opsroom.sensors.integrations import Backoff, WatchedPages
from opsroom.trackers import CardEvent, EventKind
from support.stackstorm.sensors import (
    DOWN,
    NOON,
    Pager,
    Room,
    Tracker,
    watch_cards,
)

pytestmark = pytest.mark.databases("sqlite")


def created(number: int) -> CardEvent:
    return CardEvent(f"c{number}", EventKind.CREATED, f"OPS-{number}", NOON, after="To do")


class TestCards:
    def test_nothing_is_told_of_the_first_look_and_everything_once_afterwards(
        self, store: Store
    ) -> None:
        room, tracker = Room(store, "cards:"), Tracker()
        watch_cards(room, jira=tracker)
        tracker.made = [created(1)]
        room.passes(60)
        assert room.dispatched == []
        tracker.made = [
            created(2),
            CardEvent("h1", EventKind.MOVED, "OPS-2", NOON, "To do", "Doing"),
            CardEvent("k1", EventKind.COMMENTED, "OPS-2", NOON),
        ]
        room.passes(180)
        told = [(trigger, {**payload, "event": ""}) for trigger, payload, _ in room.dispatched]
        common = {"tracker": "jira", "card": "OPS-2", "at": "2026-11-23T12:00:00Z", "event": ""}
        assert told == [
            ("card_created", {**common, "to": "To do"}),
            ("card_moved", {**common, "from": "To do", "to": "Doing"}),
            ("card_commented", common),
        ]

    def test_a_restart_goes_on_where_it_was(self, store: Store) -> None:
        for expected in (["", "1"], ["2", "3"]):
            room, tracker = Room(store, "cards:"), Tracker()
            watch_cards(room, jira=tracker)
            room.passes(120)
            assert tracker.asked == expected

    def test_a_tracker_that_is_down_pauses_longer_each_time_and_only_it(self, store: Store) -> None:
        room, down, fine = Room(store, "cards:"), Tracker(), Tracker()
        down.trouble = DOWN
        watch_cards(room, down=down, fine=fine)
        room.passes(3600)
        assert len(fine.asked) == 60
        assert 6 <= len(down.asked) <= 8, "after 2, 4, 8 minutes and then every 15"
        down.trouble = None
        room.passes(1800)
        assert len(down.asked) > 15, "and as before once it is back"

    def test_a_tracker_that_says_for_how_long_is_left_alone_for_so_long(self, store: Store) -> None:
        room, tracker = Room(store, "cards:"), Tracker()
        tracker.trouble = Failure(Code.RATE_LIMITED, "Too many.", facts={"retry_after": 600.0})
        watch_cards(room, jira=tracker)
        room.passes(600)
        assert len(tracker.asked) == 1
        room.passes(120)
        assert len(tracker.asked) == 2

    def test_a_tracker_that_cannot_tell_is_no_trouble(self, store: Store) -> None:
        room = Room(store, "cards:")
        watch_cards(room, wiki=object())
        room.passes(300)
        assert room.log == []
        assert room.dispatched == []

    def test_names_of_columns_are_told_without_expressions(self, store: Store) -> None:
        room, tracker = Room(store, "cards:"), Tracker()
        watch_cards(room, jira=tracker)
        room.passes(60)
        tracker.made = [
            CardEvent(
                "h1", EventKind.MOVED, "OPS-2", NOON, "{{ st2kv.system.x }}", "<% ctx() %>\n" * 50
            )
        ]
        room.passes(60)
        ((_, payload, _),) = room.dispatched
        assert "{{" not in payload["from"]
        assert "<%" not in payload["to"]
        assert len(payload["to"]) <= 128


def test_the_pause_grows_to_a_quarter_of_an_hour_and_a_success_ends_it() -> None:
    back = Backoff(60.0)
    assert [back.after(DOWN) for _ in range(6)] == [120.0, 240.0, 480.0, 900.0, 900.0, 900.0]
    assert back.after(None) is None
    assert back.after(DOWN) == 120.0
    assert Backoff(3600.0).after(DOWN) == 3600.0


class TestPages:
    @pytest.fixture
    def pager(self) -> Pager:
        return Pager()

    @pytest.fixture
    def room(self, store: Store, pager: Pager) -> Room:
        room = Room(store, "pages:")
        room.watch.set([WatchedPages("pagerduty", Kind("pagerduty", None), lambda: pager, 30.0)])
        return room

    def test_what_is_open_at_the_first_look_is_not_told_and_its_end_is(
        self, room: Room, pager: Pager
    ) -> None:
        pager.stands("1", State.TRIGGERED)
        room.passes(60)
        assert room.dispatched == []
        pager.stands("1", State.RESOLVED, "Alice")
        room.passes(30)
        ((trigger, payload, event),) = room.dispatched
        assert (trigger, payload) == (
            "page_resolved",
            {"pager": "pagerduty", "incident": "P1", "number": "1", "by": "Alice", "event": event},
        )

    def test_a_page_made_elsewhere_is_told_from_its_beginning_to_its_end(
        self, room: Room, pager: Pager
    ) -> None:
        room.passes(30)
        for state, people in (
            (State.TRIGGERED, []),
            (State.ACKNOWLEDGED, ["Bob"]),
            (State.RESOLVED, []),
        ):
            pager.stands("7", state, *people)
            room.passes(60)
        assert room.triggers == ["page_opened", "page_acknowledged", "page_resolved"]
        assert room.dispatched[1][1]["by"] == "Bob"
        assert "checkout" not in str(room.dispatched)

    def test_one_that_was_acknowledged_between_two_looks_is_told_as_both(
        self, room: Room, pager: Pager
    ) -> None:
        room.passes(30)
        pager.stands("7", State.ACKNOWLEDGED, "Bob")
        room.passes(30)
        assert room.triggers == ["page_opened", "page_acknowledged"]

    def test_one_that_comes_back_is_acknowledged_anew(self, room: Room, pager: Pager) -> None:
        pager.stands("7", State.ACKNOWLEDGED)
        room.passes(30)
        pager.stands("7", State.TRIGGERED)
        room.passes(30)
        pager.stands("7", State.ACKNOWLEDGED)
        room.passes(30)
        assert room.triggers == ["page_acknowledged"]

    def test_one_that_is_missing_in_the_list_is_asked_for_before_it_counts_as_resolved(
        self, room: Room, pager: Pager
    ) -> None:
        pager.stands("7", State.TRIGGERED)
        room.passes(30)
        hidden = pager.open.pop("P7")
        pager.closed["P7"] = hidden
        room.passes(60)
        assert room.dispatched == []
        assert "P7" in pager.asked

    def test_one_that_the_pager_has_no_more_is_over(self, room: Room, pager: Pager) -> None:
        pager.stands("7", State.TRIGGERED)
        room.passes(30)
        pager.open.clear()
        room.passes(30)
        assert room.triggers == ["page_resolved"]

    def test_while_the_pager_is_down_nothing_counts_as_resolved(
        self, room: Room, pager: Pager
    ) -> None:
        pager.stands("7", State.TRIGGERED)
        room.passes(30)
        pager.trouble = DOWN
        room.passes(300)
        assert room.dispatched == []

    def test_a_pager_that_cannot_tell_is_asked_seldom(self, room: Room, pager: Pager) -> None:
        pager.trouble = Refusal(Code.NOT_POSSIBLE, "E-mail cannot tell.")
        room.passes(1200)
        assert len(pager.asked) <= 2
