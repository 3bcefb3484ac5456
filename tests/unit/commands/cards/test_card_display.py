"""Cards are shown and found."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Any

import pytest

from opsroom.commands.cards import show
from opsroom.errors import Code, Refusal
from opsroom.trackers import Card, Comment
from support.cards import scripted_tracker
from support.cards.scripted_tracker import DOWN, Elsewhere
from support.expectations import expect
from support.worlds.world import World


class TestLooking:
    def test_it_shows_the_state_people_and_comments(self, world: World, there: Elsewhere) -> None:
        at = datetime(2026, 11, 23, 9, 30, tzinfo=timezone.utc)
        said = tuple(Comment(f"p{number}", f"remark {number}", at) for number in range(4))
        there.there["OPS-1"] = Card(
            "OPS-1", "Broken", "Doing", "bob", "carol", "It\nfails", "OPS",
            "https://t.example/OPS-1",
            changed_at=at, comments=said,
        )  # fmt: skip
        answer = world.ask("get_card", card="ops-1")
        lines = answer["message"].split("\n")
        assert lines[0] == "OPS-1 in ops: Broken"
        assert lines[1].startswith("Doing, assigned to bob, reported by carol, changed ")
        assert lines[2:4] == ["https://t.example/OPS-1", "It fails"]
        assert [line.split(",")[0] for line in lines[4:]] == ["p2", "p3"]
        assert len(answer["comments"]) == 4
        assert world.events() == []

    def test_what_opsroom_wrote_is_its_requesters(self, world: World, there: Elsewhere) -> None:
        at = datetime(2026, 11, 23, 9, 30, tzinfo=timezone.utc)
        line = (
            "{} (in #ops) via opsroom, https://st2.example.com/#/history/5f0000000000000000000001"
        )
        said = (
            Comment("The Bot", f"{line.format('bob')}\n\nit is the cache\nof prices", at),
            Comment("The Bot", f"{line.format('`mallory (unknown here)`')}\n\nreally?", at),
        )
        there.there["OPS-1"] = Card(
            "OPS-1", "Broken", "Doing", reporter="The Bot",
            description=f"{line.format('alice')}\n\nIt fails",
            changed_at=at, comments=said,
        )  # fmt: skip
        answer = world.ask("get_card", card="ops-1")
        lines = answer["message"].split("\n")
        assert "reported by alice via The Bot" in lines[1]
        assert lines[2] == "It fails"
        assert lines[3].startswith("bob via The Bot, ")
        assert lines[3].endswith(": it is the cache of prices")
        assert lines[4].startswith("mallory (unknown here) via The Bot, ")
        expect(answer, reporter="alice", via="The Bot", description="It fails")
        first = answer["comments"][0]
        expect(first, author="bob", via="The Bot", text="it is the cache\nof prices")

    @pytest.mark.parametrize(
        "text",
        [
            "we deployed it via opsroom\nat noon",
            "see it via opsroom, https://wiki.example.com\nat noon",
            "via opsroom, execution 5f00", "bob (in #ops) via opsroom, execution 5f00 and more",
            "nothing\nbob (in #ops) via opsroom, execution 5f00", "x" * 30_000,
            " via opsroom" * 2500,
        ],
    )  # fmt: skip
    def test_what_people_wrote_stays_theirs(
        self, world: World, there: Elsewhere, text: str
    ) -> None:
        there.there["OPS-1"] = Card(
            "OPS-1", "Broken", reporter="Zoe", description=text, comments=(Comment("Z", text),)
        )
        answer = world.ask("get_card", card="ops-1")
        assert (answer["reporter"], answer["via"], answer["comments"][0]["author"]) == (
            "Zoe",
            "",
            "Z",
        )
        assert answer["comments"][0]["text"][:10_000] == text[:10_000]

    def test_who_forges_such_a_line_is_named(self, world: World, there: Elsewhere) -> None:
        forged = Comment("Mallory", "carol (in #ops) via opsroom, execution 5f00\n\nship it")
        there.there["OPS-1"] = Card("OPS-1", "Broken", comments=(forged,))
        assert "carol via Mallory: ship it" in world.ask("get_card", card="ops-1")["message"]

    def test_the_longest_card_keeps_its_address(self, world: World, there: Elsewhere) -> None:
        long, url = "word " * 2000, f"https://t.example/{'a' * 120}/OPS-1"
        there.there["OPS-1"] = Card(
            "OPS-1", long, long, long, long, long, url=url,
            comments=tuple(Comment(long, long) for _ in range(5)),
        )  # fmt: skip
        message = world.ask("get_card", card="ops-1")["message"]
        assert message.split("\n")[2] == url
        assert len(message) <= 400
        assert len(message.split("\n")) <= 8

    def test_open_and_fresh_ones_of_all_come_first(self, world: World, there: Elsewhere) -> None:
        at = [datetime(2026, 11, day, tzinfo=timezone.utc) for day in (1, 2, 3)]
        there.there = {
            "OPS-1": Card(
                "OPS-1", "checkout a", "Done", closed=True, project="OPS", changed_at=at[2]
            ),
            "OPS-2": Card("OPS-2", "checkout b", "Doing", "bob", project="OPS", changed_at=at[0]),
            "WEB-1": Card("WEB-1", "Checkout c", project="WEB", changed_at=at[1]),
            "WEB-2": Card("WEB-2", "Checkout d", project="WEB"),
            "WEB-3": Card("WEB-3", "something", project="WEB"),
        }
        answer = world.ask("find_cards", text="checkout", mine=False)
        assert [one["card"] for one in answer["cards"]] == ["WEB-1", "OPS-2", "WEB-2", "OPS-1"]
        assert answer["message"].split("\n")[:3] == [
            "Cards about 'checkout':", "WEB-1 | Checkout c", "OPS-2 | Doing | bob | checkout b",
        ]  # fmt: skip
        assert sorted(there.calls) == ["ops search checkout||", "web-team search checkout||"]

    def test_in_a_project_only_its_tracker_is_asked(self, world: World, there: Elsewhere) -> None:
        there.there = {}
        answer = world.ask("find_cards", text="checkout", project="WEB", mine=False)
        assert there.calls == ["web-team search checkout||WEB"]
        assert answer["message"] == "There are no cards about 'checkout'."

    def test_what_is_no_project_is_a_part_of_the_text(self, world: World, there: Elsewhere) -> None:
        answer = world.ask("find_cards", text="login", project="saf-ari", mine=False)
        assert "ops search login in saf-ari||" in there.calls
        assert "'saf-ari' is not a project" in answer["message"]

    def test_my_cards_are_found_by_my_name_there(self, world: World, there: Elsewhere) -> None:
        there.there = {"OPS-1": Card("OPS-1", "x", assignee="alice@ops")}
        answer = world.ask("find_cards", mine=True)
        assert there.calls == ["ops search |alice@ops|"]
        first, second = answer["message"].split("\n")
        assert first.startswith(
            "Your cards: web-team is left out: The config does not say who alice is in web-team"
        )
        assert second == "OPS-1 | alice@ops | x"
        assert world.ask("find_cards", "mallory", mine=True)["code"] == "unknown_person"

    def test_one_that_fails_is_named_others_answer(self, world: World, there: Elsewhere) -> None:
        there.trouble = {"ops": DOWN}
        there.there["WEB-1"] = Card("WEB-1", "checkout", project="WEB")
        answer = world.ask("find_cards", text="checkout", mine=False)
        assert answer["ok"]
        assert "ops is left out: https://t.example is unreachable" in answer["message"]
        assert answer["message"].split("\n")[1:] == [
            # OPS-12 alone would be that of the tracker ops.
            "web-team:OPS-12 | To do | Checkout is broken", "WEB-1 | checkout",
        ]  # fmt: skip
        assert answer["left_out"]["ops"]["code"] == "unreachable"

    def test_many_that_fail_leave_room_for_cards(self, world: World, there: Elsewhere) -> None:
        for number in range(5):
            world.config["trackers"][f"another-tracker-{number}"] = {
                "kind": "scripted",
                "project": f"P{number}",
            }
            there.trouble[f"another-tracker-{number}"] = DOWN
        answer = world.ask("find_cards", text="checkout", project="", mine=False)
        lines = answer["message"].split("\n")
        assert "another-tracker-3 and 1 more are left out" in lines[0]
        assert lines[1].startswith("ops:OPS-12 | ")
        assert len(answer["left_out"]) == 5

    def test_when_all_fail_that_is_the_answer(self, world: World, there: Elsewhere) -> None:
        there.trouble = {"ops": DOWN, "web-team": Refusal(Code.NOT_POSSIBLE, "It cannot search.")}
        answer = world.ask("find_cards", text="checkout", mine=False)
        expect(answer, ok=False, code="unreachable")
        assert "web-team: It cannot search." in answer["message"]

    def test_one_that_takes_too_long_does_not_keep_the_answer(
        self, world: World, there: Elsewhere, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        never, find = threading.Event(), scripted_tracker.ScriptedTracker.find

        def slow(tracker: Any, query: Any) -> Any:
            if tracker.name == "web-team":
                never.wait(20)
            return find(tracker, query)

        monkeypatch.setattr(scripted_tracker.ScriptedTracker, "find", slow)
        monkeypatch.setattr(show, "_TOGETHER", 0.5)
        answer = world.ask("find_cards", text="checkout", mine=False)
        never.set()
        assert there.calls == ["ops search checkout||"]
        assert "web-team is left out: no answer within 0.5 s." in answer["message"]

    def test_all_trackers_are_asked_at_once(
        self, world: World, there: Elsewhere, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meeting, find = threading.Barrier(2), scripted_tracker.ScriptedTracker.find

        def met(tracker: Any, query: Any) -> Any:
            meeting.wait(timeout=20)  # passes only while both are under way
            return find(tracker, query)

        monkeypatch.setattr(scripted_tracker.ScriptedTracker, "find", met)
        expect(world.ask("find_cards", text="checkout", mine=False), ok=True, left_out={})

    def test_nothing_to_look_for_is_asked_back(self, world: World) -> None:
        assert world.ask("find_cards", mine=False)["code"] == "text_needed"

    def test_two_of_one_name_have_their_tracker(self, world: World, there: Elsewhere) -> None:
        answer = world.ask("find_cards", text="checkout", mine=False)
        rows = answer["message"].split("\n")[1:]
        assert [row.split(" | ")[0] for row in rows] == ["ops:OPS-12", "web-team:OPS-12"]
