"""The commands about cards: whose a card is, in whose name, what is answered and what is
recorded."""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict

import pytest

from opsroom.commands.cards import show
from opsroom.commands.cards.request import take_apart
from opsroom.errors import Code, Failure, Refusal
from opsroom.trackers import Card
from support import scripted_tracker
from support.scripted_tracker import DOWN, LOST, Elsewhere
from support.world import World, make_world


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return scripted_tracker.install(monkeypatch)


@pytest.fixture
def world(tmp_path: Path, there: Elsewhere) -> World:
    """Two trackers: ops, whose project is OPS, and web, whose project is WEB. Alice has a name in
    ops only."""
    made = make_world(tmp_path)
    made.config["trackers"] = {
        "ops": {"kind": "scripted", "project": "OPS"},
        "web-team": {"kind": "scripted", "project": "WEB"},
    }
    made.config["people"]["alice"]["ops"] = "alice@ops"
    made.config["people"]["bob"]["scripted"] = "bob@any"
    made.config["apps"]["web"]["cards"] = "web-team:WEB"
    there.there = {"OPS-12": Card("OPS-12", "Checkout is broken", "To do")}
    return made


@pytest.fixture
def alone(tmp_path: Path) -> World:
    """A world whose only tracker is the board that needs nothing."""
    made = make_world(tmp_path)
    made.config["trackers"] = {"board": {"kind": "local"}}
    return made


def create(
    world: World, words: str = "it is broken", project: str = "", **more: Any
) -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("create_card", text=words, project=project, **more)
    return answer


class TestWhoseItIs:
    @pytest.mark.parametrize(
        ("typed", "tracker", "project"),
        [
            ("OPS", "ops", "OPS"),
            ("ops", "ops", ""),
            ("Ops:OPS", "ops", "OPS"),
            ("ops:NEW", "ops", "NEW"),
            ("wEb", "web-team", "WEB"),
            ("WEB-TEAM", "web-team", ""),
            ("web-team:ops", "web-team", "OPS"),
        ],
    )
    def test_a_project_leads_to_its_tracker(
        self, world: World, there: Elsewhere, typed: str, tracker: str, project: str
    ) -> None:
        # A tracker's own name comes first, then an application's, then what the trackers read.
        if typed == "OPS":
            world.config["trackers"] = {
                "desk": world.config["trackers"]["ops"],
                **world.config["trackers"],
            }
            del world.config["trackers"]["ops"]
            tracker = "desk"
        answer = create(world, project=typed)
        assert (answer["tracker"], answer["project"]) == (tracker, project)

    def test_one_tracker_is_the_one(self, alone: World) -> None:
        answer = create(alone)
        assert (answer["code"], answer["card"], answer["tracker"]) == (
            "card_created",
            "CARD-1",
            "board",
        )

    def test_of_several_one_is_asked_for_by_a_command_that_works(self, world: World) -> None:
        answer = create(world)
        assert (answer["code"], answer["ok"]) == ("which_tracker", False)
        assert answer["hint"] == "Say where, for example: create card in ops: TEXT"
        assert create(world, project="ops")["ok"]

    def test_two_that_are_as_sure_are_asked_back_with_what_would_mean_each(
        self, world: World
    ) -> None:
        world.config["trackers"]["web-team"]["project"] = "OPS"
        world.config["apps"]["web"].pop("cards")
        answer = world.ask("get_card", card="OPS-12")
        assert (answer["code"], answer["hint"]) == (
            "which_tracker",
            "Say which: ops:OPS-12 or web-team:OPS-12",
        )
        assert world.ask("get_card", card="ops:OPS-12")["code"] == "card"

    def test_who_is_sure_comes_before_who_could_be(self, world: World) -> None:
        assert world.ask("get_card", card="ops-12")["tracker"] == "ops"

    def test_two_that_could_be_are_asked_back(self, world: World) -> None:
        assert world.ask("get_card", card="ZZZ-12")["code"] == "which_tracker"

    def test_what_is_no_card_is_said_to_be_none(self, world: World) -> None:
        answer = world.ask("get_card", card="the red one")
        assert (answer["code"], answer["message"]) == (
            "unknown_card", "'the red one' is not a card of any tracker (ops and web-team).",
        )  # fmt: skip
        assert world.ask("get_card", card="nowhere:OPS-12")["code"] == "unknown_card"

    def test_what_is_no_project_is_said_to_be_none(self, world: World) -> None:
        answer = create(world, project="somewhere else")
        assert (answer["code"], answer["hint"]) == (
            "unknown_project",
            "Say ops, web-team or web, or TRACKER:PROJECT.",
        )

    def test_without_any_tracker_it_says_what_takes_one_line(self, alone: World) -> None:
        del alone.config["trackers"]
        answer = create(alone)
        assert answer["code"] == "no_tracker"
        assert answer["hint"].endswith("one line under trackers: board: {kind: local}")

    @pytest.mark.parametrize(
        ("cards", "complaint"),
        [
            ("nope it is", "which fits none"),
            ("ZZZ", "'ZZZ' may be ops:ZZZ or web-team:ZZZ"),
            ("web", None),
        ],
    )
    def test_the_config_is_told_when_an_applications_cards_fit_no_place_or_two(
        self, world: World, cards: str, complaint: Any
    ) -> None:
        world.config["apps"]["web"]["cards"] = cards
        answer = world.ask("help")
        assert answer["ok"] is (complaint is None)
        if complaint:
            assert answer["code"] == "settings_invalid"
            assert answer["problems"][0].startswith("apps.web.cards: expected ")
            assert complaint in answer["problems"][0]


def test_what_a_tracker_must_remember_is_kept_beside_the_database(
    world: World, there: Elsewhere
) -> None:
    world.ask("get_card", card="OPS-12")
    assert there.keep == world.folder / "db" / "kept"
    assert not there.keep.exists()
    world.database = "postgresql://opsroom:secret@127.0.0.1:1/opsroom"
    world.ask("get_card", card="OPS-12")
    assert there.keep.name == "kept"
    assert "secret" not in str(there.keep)


class TestCreating:
    def test_the_first_line_is_the_summary_and_the_rest_the_description(
        self, world: World, there: Elsewhere
    ) -> None:
        answer = create(world, "checkout is broken.\n\nsince noon:\n```\n  x = 1\n```\n", "ops")
        (draft,) = there.made.values()
        assert (draft.summary, draft.description) == (
            "checkout is broken.",
            "since noon:\n```\n  x = 1\n```",
        )
        assert (
            answer["message"]
            == "alice created OPS-1 in ops: checkout is broken. https://t.example/OPS-1"
        )

    @pytest.mark.parametrize(
        ("text", "summary", "description"),
        [
            ("one", "one", ""),
            ("  one \t two\r\nthree\r\n", "one two", "three"),
            ("one\n\n\n  indented", "one", "  indented"),
            ("```\nTraceback\n  File\n```", "Traceback", "```\nTraceback\n  File\n```"),
            ("```", "A block of code", "```"),
        ],
    )
    def test_how_a_text_is_taken_apart(self, text: str, summary: str, description: str) -> None:
        assert take_apart(text.replace("\r\n", "\n")) == (summary, description)

    def test_a_long_first_line_goes_on_in_the_description_and_loses_nothing(self) -> None:
        words = [f"word{number}" for number in range(100)]
        summary, description = take_apart(" ".join(words) + "\nthe rest")
        assert len(summary) <= 250
        first, rest = summary.rstrip("…").split(), description.split("\n")[0].lstrip("… ").split()
        assert first + rest == words
        assert description.endswith("\nthe rest")
        summary, description = take_apart("x" * 1000)
        assert summary.count("x") + description.count("x") == 1000

    def test_30000_characters_arrive_whole(self, alone: World) -> None:
        words = "Schrödinger's 猫 | <b>*x*</b> https://a.example/?b=c \\u007b " * 500
        text = (
            "checkout\n"
            + "\n".join(words[start : start + 200] for start in range(0, 29_900, 200))[:29_900]
        )
        create(alone, text)
        assert (
            alone.ask("get_card", card="card-1")["description"][:15_000]
            == text.partition("\n")[2][:15_000]
        )

    def test_blanks_make_no_card(self, world: World, there: Elsewhere) -> None:
        assert create(world, " \n ", "ops")["code"] == "text_needed"
        assert there.calls == []
        assert world.events() == ["refused"]

    def test_it_is_made_in_the_name_that_the_person_has_there(
        self, world: World, there: Elsewhere
    ) -> None:
        world.config["web"] = "https://st2.example/"
        create(world, "one", "ops")
        create(world, "two", "ops", who="bob")
        create(world, "three", "web-team")
        alice, bob, unmapped = (one.author for one in there.made.values())
        assert (alice.shown, alice.identity, alice.room) == ("alice", "alice@ops", "#dev")
        assert bob.identity == "bob@any"
        assert unmapped.identity == ""
        link = "https://st2.example/#/history/5f0000000000000000000001"
        assert alice.line == f"alice (in #dev) via opsroom, {link}"

    def test_somebody_unmapped_is_said_to_be_unmapped(self, world: World) -> None:
        assert create(world, "three", "web-team")["message"].endswith(
            "alice has no web-team name in the config."
        )

    def test_a_stranger_stays_a_stranger(self, world: World, there: Elsewhere) -> None:
        answer = create(world, "one", "ops", who="mallory")
        (draft,) = there.made.values()
        assert (draft.author.shown, draft.author.identity) == ("mallory (unknown here)", "")
        assert answer["message"].startswith("mallory (unknown here) created OPS-1")

    def test_without_an_address_of_stackstorm_the_execution_is_named(
        self, world: World, there: Elsewhere
    ) -> None:
        create(world, "one", "ops")
        (draft,) = there.made.values()
        assert draft.author.link == "execution 5f0000000000000000000001"

    def test_the_record_has_the_card_and_who_asked(self, world: World) -> None:
        create(world, "checkout is broken\nsecret details", "ops")
        asked, done = world.records()
        assert (asked.event.value, done.event.value, done.command) == (
            "asked",
            "card_created",
            "create card",
        )
        assert (done.person, done.room, done.app, done.environment) == ("alice", "#dev", "", "")
        kept = {name: done.facts[name] for name in ("tracker", "card", "url", "summary")}
        assert kept == {
            "tracker": "ops", "card": "OPS-1", "url": "https://t.example/OPS-1",
            "summary": "checkout is broken",
        }  # fmt: skip
        assert "secret details" not in repr(world.records())

    def test_cards_are_no_deployments_to_history_and_audit(self, world: World) -> None:
        create(world, "one", "ops")
        world.ask("get_card", card="OPS-99")
        answer = world.ask(
            "audit_report", since="2026", until=None, environment=None, format="json"
        )
        assert answer["ok"], answer
        assert (answer["changes"], answer["gaps"]) == (0, [])

    def test_expressions_in_an_answer_are_broken(self, alone: World) -> None:
        create(alone, "x {{ st2kv.system.enc }} <% $.x %>\n{{ st2kv.system.enc }}")
        for answer in (
            alone.ask("get_card", card="CARD-1"),
            alone.ask("find_cards", text="x", mine=False),
        ):
            assert "{{" not in repr(answer)
            assert "<%" not in repr(answer)


class TestMoving:
    def test_it_says_from_where_to_where(self, world: World) -> None:
        answer = world.ask("move_card", card="OPS-12", column="In  progress")
        assert answer["message"] == (
            "alice moved OPS-12 in ops from To do to In progress. https://t.example/OPS-12"
        )  # fmt: skip
        assert world.events() == ["asked", "card_moved"]
        assert world.records()[-1].facts["after"] == "In progress"

    def test_what_is_there_already_stays(self, world: World) -> None:
        answer = world.ask("move_card", card="OPS-12", column="To do")
        assert (answer["ok"], answer["changed"]) == (True, False)
        assert "is in To do already; nothing was done." in answer["message"]

    def test_after_a_lost_answer_it_is_moved_again_which_does_no_harm(
        self, world: World, there: Elsewhere
    ) -> None:
        there.script = [(True, LOST)]
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert answer["message"].startswith("alice moved OPS-12 in ops to Done.")
        assert len(there.calls) == 2

    def test_two_lost_answers_are_told_as_they_are(self, world: World, there: Elsewhere) -> None:
        there.script = [(True, LOST), (True, LOST)]
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert answer["code"] == "outcome_unknown"
        assert answer["message"].startswith("OPS-12 may or may not have been moved: ")
        assert answer["hint"] == "To see how it is: show card OPS-12"
        assert world.events() == ["asked", "unconfirmed"]

    @pytest.mark.parametrize(
        "then", [DOWN, Failure(Code.BAD_ANSWER, "503.", facts={"sent": False, "status": 503})]
    )
    def test_one_that_is_down_after_a_lost_answer_leaves_it_open_whether_it_was_moved(
        self, world: World, there: Elsewhere, then: Failure
    ) -> None:
        there.script = [(True, LOST), (False, then)]
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert answer["code"] == "outcome_unknown"
        assert world.events() == ["asked", "unconfirmed"]

    def test_a_tracker_that_is_down_is_recorded_as_a_failure(
        self, world: World, there: Elsewhere
    ) -> None:
        there.script = [(False, DOWN)]
        assert world.ask("move_card", card="OPS-12", column="Done")["code"] == "unreachable"
        assert world.events() == ["asked", "failed"]

    def test_a_move_that_cannot_be_recorded_is_told_all_the_same(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise Failure(Code.STORE_FULL, "The disk is full.")

        monkeypatch.setattr("opsroom.commands.request.Request.end", full)
        answer = world.ask("move_card", card="OPS-12", column="Done")
        assert (answer["ok"], answer["recorded"]) == (True, False)
        assert "That could not be recorded: The disk is full." in answer["message"]


class TestAssigning:
    @pytest.mark.parametrize(
        ("who", "call"),
        [
            ("me", "ops assign OPS-12 alice@ops mapped"),
            ("Alice", "ops assign OPS-12 alice@ops mapped"),
            ("@bob", "ops assign OPS-12 bob@any mapped"),
            ("Zoë Müller", "ops assign OPS-12 Zoë Müller"),
            ("Nobody", "ops assign OPS-12 nobody"),
        ],
    )
    def test_whom_it_means(self, world: World, there: Elsewhere, who: str, call: str) -> None:
        answer = world.ask("assign_card", card="OPS-12", assignee=who)
        assert answer["ok"], answer
        assert there.calls == [call]
        assert world.events() == ["asked", "card_assigned"]

    def test_somebody_without_a_name_there_is_refused_with_the_key_that_is_missing(
        self, world: World, there: Elsewhere
    ) -> None:
        answer = world.ask("assign_card", card="OPS-12", assignee="carol")
        assert (answer["code"], there.calls) == ("unknown_person", [])
        assert "people.carol.ops is missing" in answer["message"]

    def test_a_stranger_cannot_say_me(self, world: World) -> None:
        assert (
            world.ask("assign_card", "mallory", card="OPS-12", assignee="me")["code"]
            == "unknown_person"
        )

    def test_the_board_of_our_own_knows_people_by_their_names(self, alone: World) -> None:
        create(alone)
        answer = alone.ask("assign_card", card="CARD-1", assignee="BOB")
        assert (answer["ok"], answer["assignee"]) == (True, "bob")


class TestLooking:
    def test_a_card_is_told_with_its_state_its_people_and_what_was_said(
        self, world: World, there: Elsewhere
    ) -> None:
        from opsroom.trackers import Comment

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

    def test_what_opsroom_wrote_is_told_as_that_of_whoever_asked_for_it(
        self, world: World, there: Elsewhere
    ) -> None:
        from opsroom.trackers import Comment

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
        assert (answer["reporter"], answer["via"], answer["description"]) == (
            "alice",
            "The Bot",
            "It fails",
        )
        first = answer["comments"][0]
        assert (first["author"], first["via"], first["text"]) == (
            "bob",
            "The Bot",
            "it is the cache\nof prices",
        )

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
    def test_what_people_wrote_over_there_stays_theirs(
        self, world: World, there: Elsewhere, text: str
    ) -> None:
        from opsroom.trackers import Comment

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

    def test_who_forges_such_a_line_is_named_beside_it(
        self, world: World, there: Elsewhere
    ) -> None:
        from opsroom.trackers import Comment

        forged = Comment("Mallory", "carol (in #ops) via opsroom, execution 5f00\n\nship it")
        there.there["OPS-1"] = Card("OPS-1", "Broken", comments=(forged,))
        assert "carol via Mallory: ship it" in world.ask("get_card", card="ops-1")["message"]

    def test_however_long_its_names_are_the_state_and_the_address_of_a_card_are_told_whole(
        self, world: World, there: Elsewhere
    ) -> None:
        from opsroom.trackers import Comment

        long, url = "word " * 2000, f"https://t.example/{'a' * 120}/OPS-1"
        there.there["OPS-1"] = Card(
            "OPS-1", long, long, long, long, long, url=url,
            comments=tuple(Comment(long, long) for _ in range(5)),
        )  # fmt: skip
        message = world.ask("get_card", card="ops-1")["message"]
        assert message.split("\n")[2] == url
        assert len(message) <= 400

    def test_the_longest_card_fits_into_a_message(self, world: World, there: Elsewhere) -> None:
        from opsroom.trackers import Comment

        long = "word " * 2000
        there.there["OPS-1"] = Card(
            "OPS-1",
            long,
            long,
            long,
            long,
            long,
            comments=tuple(Comment(long, long) for _ in range(5)),
        )
        message = world.ask("get_card", card="ops-1")["message"]
        assert len(message) <= 400
        assert len(message.split("\n")) <= 8

    def test_all_trackers_are_asked_and_open_and_fresh_ones_come_first(
        self, world: World, there: Elsewhere
    ) -> None:
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

    def test_what_is_no_project_is_a_part_of_the_text_and_that_is_said(
        self, world: World, there: Elsewhere
    ) -> None:
        answer = world.ask("find_cards", text="login", project="saf-ari", mine=False)
        assert "ops search login in saf-ari||" in there.calls
        assert "'saf-ari' is not a project" in answer["message"]

    def test_my_cards_are_asked_for_by_the_name_that_i_have_there(
        self, world: World, there: Elsewhere
    ) -> None:
        there.there = {"OPS-1": Card("OPS-1", "x", assignee="alice@ops")}
        answer = world.ask("find_cards", mine=True)
        assert there.calls == ["ops search |alice@ops|"]
        first, second = answer["message"].split("\n")
        assert first.startswith(
            "Your cards: web-team is left out: The config does not say who alice is in web-team"
        )
        assert second == "OPS-1 | alice@ops | x"
        assert world.ask("find_cards", "mallory", mine=True)["code"] == "unknown_person"

    def test_one_that_fails_is_named_and_the_others_answer(
        self, world: World, there: Elsewhere
    ) -> None:
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

    def test_many_that_fail_leave_room_for_the_cards_of_the_others(
        self, world: World, there: Elsewhere
    ) -> None:
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
        assert (answer["ok"], answer["code"]) == (False, "unreachable")
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
        answer = world.ask("find_cards", text="checkout", mine=False)
        assert (answer["ok"], answer["left_out"]) == (True, {})

    def test_nothing_to_look_for_is_asked_back(self, world: World) -> None:
        assert world.ask("find_cards", mine=False)["code"] == "text_needed"

    def test_a_card_of_the_same_name_in_two_trackers_is_told_with_its_tracker(
        self, world: World, there: Elsewhere
    ) -> None:
        answer = world.ask("find_cards", text="checkout", mine=False)
        rows = answer["message"].split("\n")[1:]
        assert [row.split(" | ")[0] for row in rows] == ["ops:OPS-12", "web-team:OPS-12"]


def test_a_board_of_our_own_does_everything(alone: World) -> None:
    assert create(alone, "checkout is broken\nsince noon")["card"] == "CARD-1"
    assert alone.ask("comment_card", card="CARD-1", text="it is the cache")["ok"]
    assert alone.ask("move_card", "bob", card="card-1", column="doing")["after"] == "Doing"
    assert alone.ask("assign_card", "bob", card="CARD-1", assignee="me")["assignee"] == "bob"
    shown = alone.ask("get_card", card="CARD-1")["message"]
    assert "Doing, assigned to bob, reported by alice" in shown
    assert "it is the cache" in shown
    assert alone.ask("find_cards", "bob", mine=True)["message"].endswith(
        "CARD-1 | Doing | bob | checkout is broken"
    )
    assert alone.events() == [
        "asked", "card_created", "asked", "card_commented", "asked", "card_moved", "asked",
        "card_assigned",
    ]  # fmt: skip
    assert alone.chain_holds()
