"""Cards of deployments: named with them or spoken of by their commits, told and moved when it has
succeeded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.commands import KINDS
from opsroom.commands.deployments import card_updates, cards
from opsroom.config import load
from opsroom.errors import Code, Failure
from opsroom.records.model import Event
from opsroom.trackers import Moved
from opsroom.trackers.local.board import Board
from support.http_server import free_port
from support.world import World, git, make_world

DOWN = "https://trello.com/c/abcd1234"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path)
    made.config["trackers"] = {"board": {"kind": "local", "project": "OPS"}}
    for number in range(1, 5):
        made.ask("create_card", text=f"card number {number}")
    return made


def trello_is_down(world: World) -> None:
    world.config["trackers"]["trello"] = {
        "kind": "trello",
        "key": "a-key-of-trello",
        "token": "a-token-of-trello",
        "board": "abcdefgh",
        "list": "5abbe4b7ddc1b351ef961414",
        "url": f"http://127.0.0.1:{free_port()}/1",
    }


def deploy(
    world: World, version: str = "v1.0.0", environment: str = "uat", **more: Any
) -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask(
        "deploy", app="web", version=version, environment=environment, **more
    )
    return answer


def commit(world: World, message: str, tag: str) -> None:
    git(world.folder / "repository", "commit", "--quiet", "--allow-empty", "-m", message)
    git(world.folder / "repository", "tag", tag)


def comments(world: World, card: str) -> List[str]:
    shown = world.ask("get_card", card=card)
    return [one["text"] for one in shown["comments"]]


def column(world: World, card: str) -> str:
    return str(world.ask("get_card", card=card)["status"])


def test_a_card_named_with_a_deployment_reads_who_deployed_what_from_which_version_where_and_when(
    world: World,
) -> None:
    deploy(world)
    answer = deploy(world, "v1.1.0", cards="ops-1")
    assert answer["ok"]
    assert answer["message"].endswith("OPS-1 was updated.")
    assert (answer["cards"], answer["cards_told"], answer["cards_in_trouble"]) == (
        ["OPS-1"],
        ["OPS-1"],
        {},
    )
    (said,) = comments(world, "OPS-1")
    assert "alice deployed web v1.1.0 to uat (before: v1.0.0)" in said
    assert "UTC" in said
    assert comments(world, "OPS-2") == []


@pytest.mark.parametrize(
    "text", ["OPS-1,OPS-2", "OPS-1, OPS-2", "ops-1 and OPS-2", "OPS-1, and board:OPS-2 OPS-1"]
)
def test_several_cards_can_be_named(world: World, text: str) -> None:
    assert deploy(world, cards=text)["message"].endswith("were updated.")
    assert len(comments(world, "OPS-1")) == len(comments(world, "OPS-2")) == 1


def test_a_card_that_is_named_in_two_ways_is_told_once(world: World) -> None:
    deploy(world)
    commit(world, "Mend it: OPS-1", "v1.3.0")
    answer = deploy(world, "v1.3.0", cards="board:OPS-1 ops-1")
    assert answer["cards"] == ["board:OPS-1"]
    assert answer["message"].endswith("board:OPS-1 was updated.")


def test_a_card_that_no_tracker_has_stops_it_before_anything_is_touched(world: World) -> None:
    answer = deploy(world, cards="OPS-1, NOPE-7")
    assert (answer["ok"], answer["code"]) == (False, "unknown_card")
    assert world.running() == ""
    assert world.events()[-2:] == ["asked", "refused"]
    assert comments(world, "OPS-1") == []


def test_more_cards_than_anybody_reads_are_refused(world: World) -> None:
    answer = deploy(world, cards=" ".join(f"OPS-{number}" for number in range(1, 22)))
    assert (answer["ok"], answer["code"], world.running()) == (False, "not_possible", "")


def test_the_commits_between_the_two_versions_name_cards_for_certain_or_not_at_all(
    world: World,
) -> None:
    commit(world, "OPS-4 was before", "v1.3.0")
    deploy(world, "v1.3.0")
    commit(
        world,
        "Fix UTF-8 of OPS-2 and SHA-256\n\nSee also board/OPS-3, OPS-99x and acme/web#3.",
        "v1.4.0",
    )
    answer = deploy(world, "v1.4.0", cards="OPS-1")
    assert answer["cards"] == ["OPS-1", "OPS-2", "OPS-3"]
    assert comments(world, "OPS-4") == []
    assert len(comments(world, "OPS-3")) == 1


def in_git(world: World, *arguments: str) -> str:
    return git(world.folder / "repository", *arguments)


def change(world: World, name: str, message: str) -> str:
    """A commit that adds a file of that name; its id."""
    (world.folder / "repository" / name).write_text(message)
    in_git(world, "add", ".")
    in_git(world, "commit", "--quiet", "-m", message)
    return in_git(world, "rev-parse", "HEAD")


def revert(world: World, what: str, *options: str) -> str:
    in_git(world, "revert", "--no-edit", *options, what)
    return in_git(world, "rev-parse", "HEAD")


def tagged(world: World, tag: str) -> Dict[str, Any]:
    """The answer to deploying what there is now to uat, where cards are moved to Done."""
    world.config["environments"]["uat"]["move_cards"] = "Done"
    in_git(world, "tag", tag)
    return deploy(world, tag)


def test_what_is_reverted_on_the_way_delivers_nothing_and_its_card_stays_where_it_is(
    world: World,
) -> None:
    deploy(world)
    first = change(world, "one", "OPS-1 one")
    change(world, "two", "OPS-2 two")
    change(world, "again", "OPS-3 first try")
    revert(world, "HEAD")
    change(world, "better", "OPS-3 second try")
    revert(world, first)
    shown = world.ask("plan", app="web", version="main", environment="uat")
    assert shown["cards"] == ["OPS-3", "OPS-2"]
    answer = tagged(world, "v2.0.0")
    assert answer["cards"] == ["OPS-3", "OPS-2"]
    assert [column(world, one) for one in ("OPS-1", "OPS-2", "OPS-3")] == ["To do", "Done", "Done"]
    assert comments(world, "OPS-1") == []
    assert "cards_taken_back" not in answer


def test_the_revert_of_a_revert_delivers_again(world: World) -> None:
    deploy(world)
    change(world, "one", "OPS-1 one")
    revert(world, revert(world, "HEAD"))
    assert tagged(world, "v2.0.0")["cards"] == ["OPS-1"]


def test_the_revert_of_a_merge_takes_all_of_it_out(world: World) -> None:
    deploy(world)
    in_git(world, "checkout", "--quiet", "-b", "topic")
    change(world, "one", "OPS-1 one")
    change(world, "two", "OPS-2 two")
    in_git(world, "checkout", "--quiet", "main")
    change(world, "three", "OPS-3 three")
    in_git(world, "merge", "--quiet", "--no-ff", "-m", "Merge branch 'OPS-4-topic'", "topic")
    revert(world, "HEAD", "-m", "1")
    assert tagged(world, "v2.0.0")["cards"] == ["OPS-3"]


def test_the_revert_of_a_merge_deployed_earlier_speaks_of_all_that_it_brought(world: World) -> None:
    deploy(world)
    in_git(world, "checkout", "--quiet", "-b", "topic")
    change(world, "one", "OPS-1 one")
    change(world, "two", "OPS-2 two")
    revert(world, "HEAD")
    in_git(world, "checkout", "--quiet", "main")
    change(world, "three", "OPS-3 three")
    in_git(world, "merge", "--quiet", "--no-ff", "-m", "Merge branch 'OPS-4-topic'", "topic")
    tagged(world, "v2.0.0")
    back = revert(world, "HEAD", "-m", "1")
    assert sorted(tagged(world, "v2.1.0")["cards_taken_back"]) == ["OPS-1", "OPS-4"]
    revert(world, back)
    assert sorted(tagged(world, "v2.2.0")["cards"]) == ["OPS-1", "OPS-4"]


def test_a_card_whose_earlier_work_is_taken_back_is_told_and_not_moved(world: World) -> None:
    deploy(world)
    first = change(world, "one", "Add one\n\nFor OPS-1.")
    assert tagged(world, "v2.0.0")["cards_moved"] == ["OPS-1"]
    world.ask("move_card", card="OPS-1", column="Doing")
    change(world, "two", "OPS-2 two")
    back = revert(world, first)
    shown = world.ask("plan", app="web", version="main", environment="uat")
    assert (shown["cards"], shown["cards_taken_back"]) == (["OPS-2"], ["OPS-1"])
    assert "Its commits speak of OPS-2.\nThey take back OPS-1." in shown["message"]
    answer = tagged(world, "v2.1.0")
    assert (answer["cards"], answer["cards_moved"], answer["cards_taken_back"]) == (
        ["OPS-2"],
        ["OPS-2"],
        ["OPS-1"],
    )
    assert (
        "OPS-2 was updated and moved to Done. OPS-1 got a comment about the revert."
        in answer["message"]
    )
    assert column(world, "OPS-1") == "Doing"
    assert comments(world, "OPS-1")[-1].endswith(
        "The commits of this card are reverted in it: its work is no longer there."
    )
    # And once it is there again, it is delivered again.
    revert(world, back)
    assert tagged(world, "v2.2.0")["cards_moved"] == ["OPS-1"]


def test_a_card_that_somebody_names_is_delivered_whatever_its_commits_say(world: World) -> None:
    deploy(world)
    first = change(world, "one", "OPS-1 one")
    tagged(world, "v2.0.0")
    revert(world, first)
    in_git(world, "tag", "v2.1.0")
    answer = deploy(world, "v2.1.0", cards="OPS-1")
    assert (answer["cards_told"], answer.get("cards_taken_back")) == (["OPS-1"], None)


def two_jiras(world: World) -> str:
    """Besides the board, a Jira whose project is OPS too and another one; the address of the other
    one."""
    for name, project in (("ours", "OPS"), ("theirs", "WEB")):
        url = f"http://127.0.0.1:{free_port()}"
        world.config["trackers"][name] = {
            "kind": "jira",
            "url": url,
            "token": "a-token-of-jira",
            "project": project,
        }
    return url


def test_a_card_named_by_its_address_is_never_taken_for_one_of_that_id_elsewhere(
    world: World,
) -> None:
    theirs = two_jiras(world)
    answer = deploy(world, cards=f"{theirs}/browse/OPS-1, {theirs}/browse/WEB-7")
    assert answer["cards"] == ["theirs:OPS-1", "WEB-7"]
    assert "is unreachable" in answer["cards_in_trouble"]["theirs:OPS-1"]
    assert comments(world, "board:OPS-1") == []


def test_nor_is_one_of_which_a_commit_gives_the_address(world: World) -> None:
    theirs = two_jiras(world)
    deploy(world)
    commit(world, f"Mend it, see {theirs}/browse/OPS-1.", "v1.3.0")
    assert deploy(world, "v1.3.0")["cards"] == ["theirs:OPS-1"]
    assert comments(world, "board:OPS-1") == []


@pytest.mark.parametrize("word", ["a", "a/", "A_", "-."])
def test_a_commit_message_of_one_long_word_takes_no_time(world: World, word: str) -> None:
    settings = load(world.config, KINDS)
    began = time.monotonic()
    assert list(cards._in(settings, [f"{word * 100_000} OPS-2"])) == ["OPS-2"]
    assert time.monotonic() - began < 5


def test_a_rollback_tells_only_the_cards_that_were_named(world: World) -> None:
    deploy(world)
    commit(world, "OPS-2: new", "v1.5.0")
    deploy(world, "v1.5.0")
    assert world.ask("rollback", app="web", environment="uat", cards="OPS-3")["cards_told"] == [
        "OPS-3"
    ]
    assert len(comments(world, "OPS-2")) == 1
    assert "rolled back web to v1.0.0 on uat" in comments(world, "OPS-3")[0]


def test_the_first_deployment_of_all_names_no_cards_since_nobody_knows_what_is_new(
    world: World,
) -> None:
    commit(world, "OPS-2: new", "v1.5.0")
    assert "cards" not in deploy(world, "v1.5.0")


def test_a_promotion_has_cards_too(world: World) -> None:
    deploy(world, environment="test")
    answer = world.ask("promote", app="web", source="test", environment="uat", cards="OPS-1")
    assert answer["cards_told"] == ["OPS-1"]


def test_cards_move_where_the_environment_says_and_only_there(world: World) -> None:
    world.config["environments"]["uat"]["move_cards"] = "doing"
    deploy(world, environment="test", cards="OPS-1")
    assert column(world, "OPS-1") == "To do"
    answer = deploy(world, cards="OPS-1 OPS-2")
    assert answer["message"].endswith("OPS-1 and OPS-2 were updated and moved to doing.")
    assert column(world, "OPS-1") == column(world, "OPS-2") == "Doing"


def test_a_column_that_does_not_exist_is_told_and_the_comment_stays(world: World) -> None:
    world.config["environments"]["uat"]["move_cards"] = "Nowhere"
    answer = deploy(world, cards="OPS-1")
    assert answer["ok"]
    assert "OPS-1 was updated. OPS-1 could not be moved: " in answer["message"]
    assert len(comments(world, "OPS-1")) == 1


def test_a_move_of_which_the_answer_was_lost_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.config["environments"]["uat"]["move_cards"] = "Doing"
    lost, real = (
        [Failure(Code.UNREACHABLE, "The answer was lost.", facts={"sent": True})],
        Board.move,
    )

    def move(self: Board, card: str, to: str) -> Moved:
        moved = real(self, card, to)
        if lost:
            raise lost.pop()
        return moved

    monkeypatch.setattr(Board, "move", move)
    assert deploy(world, cards="OPS-1")["cards_moved"] == ["OPS-1"]
    assert world.events()[-1] == "card_moved"
    lost += [
        Failure(Code.UNREACHABLE, "The answer was lost.", facts={"sent": True}) for _ in range(2)
    ]
    answer = deploy(world, "v1.1.0", cards="OPS-2")
    assert "OPS-2 could not be moved: OPS-2 may or may not have been moved" in answer["message"]
    assert world.events()[-1] == "unconfirmed"


def test_an_application_can_have_another_column(world: World) -> None:
    world.config["environments"]["uat"].update(
        move_cards="Doing", apps={"web": {"move_cards": "Done"}}
    )
    deploy(world, cards="OPS-1")
    assert column(world, "OPS-1") == "Done"


def test_a_card_that_cannot_be_reached_is_told_of_and_the_deployment_has_succeeded_all_the_same(
    world: World,
) -> None:
    trello_is_down(world)
    answer = deploy(world, cards=f"{DOWN} OPS-1")
    assert (answer["ok"], answer["code"]) == (True, "deployed")
    assert world.running() == "v1.0.0"
    assert answer["cards_told"] == ["OPS-1"]
    (why,) = answer["cards_in_trouble"].values()
    assert "refused" in why
    assert "could not be updated" in answer["message"]
    assert len(answer["message"]) <= 400
    assert world.events().count("succeeded") == 1
    assert world.claims() == 0


def test_a_tracker_that_is_down_is_asked_once_and_not_for_every_card(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    trello_is_down(world)
    asked: List[str] = []
    real = card_updates._comment
    monkeypatch.setattr(
        card_updates,
        "_comment",
        lambda request, order, found: (asked.append(found.name), real(request, order, found)),
    )
    answer = deploy(world, cards=f"{DOWN} https://trello.com/c/wxyz5678 OPS-1")
    assert asked == ["trello", "board"]
    assert len(answer["cards_in_trouble"]) == 2


def test_nobody_waits_longer_for_cards_than_is_bearable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 1.0, 19.0, 21.0])
    monkeypatch.setattr(card_updates, "clock", lambda: next(moments))
    answer = deploy(world, cards="OPS-1 OPS-2 OPS-3")
    assert answer["cards_told"] == ["OPS-1", "OPS-2"]
    assert answer["cards_in_trouble"] == {"OPS-3": "there was no time left"}


def test_a_defect_in_telling_cards_is_none_of_the_deployment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(card_updates, "_comment", broken)
    answer = deploy(world, cards="OPS-1")
    assert (answer["ok"], answer["code"]) == (True, "deployed")
    assert "internal error in opsroom" in answer["message"]
    assert world.finished()[0].event is Event.SUCCEEDED


def test_nothing_is_said_on_cards_when_nothing_was_deployed(world: World) -> None:
    deploy(world)
    assert deploy(world, cards="OPS-1")["code"] == "already_there"
    world.config["apps"]["web"]["version"] = {
        "kind": "http",
        "url": f"http://127.0.0.1:{free_port()}/",
    }
    assert not deploy(world, "v1.1.0", cards="OPS-1")["ok"]
    assert comments(world, "OPS-1") == []


def test_cards_travel_with_a_change_through_its_approval_in_the_name_of_whoever_asked(
    world: World,
) -> None:
    world.config["environments"]["uat"].update(approvals=1, move_cards="Done")
    asked = deploy(world, cards="OPS-1")
    assert asked["code"] == "waiting"
    assert comments(world, "OPS-1") == []
    waiting = next(one for one in world.records() if one.event is Event.WAITING)
    assert waiting.facts["cards"] == ["OPS-1"]
    done = world.ask("approve_change", "bob", change=asked["change"])
    assert done["ok"], done
    (said,) = comments(world, "OPS-1")
    assert "alice deployed web v1.0.0 to uat" in said
    assert "Approved by bob" in said
    assert column(world, "OPS-1") == "Done"


def test_asking_again_with_other_cards_makes_another_change(world: World) -> None:
    world.config["environments"]["uat"].update(approvals=1)
    first, same, other = (
        deploy(world, cards="OPS-1"),
        deploy(world, cards="OPS-1"),
        deploy(world, cards="OPS-2"),
    )
    assert first["change"] == same["change"] != other["change"]


def test_a_plan_tells_of_which_cards_the_commits_speak(world: World) -> None:
    deploy(world)
    commit(world, "OPS-2: new", "v1.5.0")
    answer = world.ask("plan", app="web", version="v1.5.0", environment="uat")
    assert answer["cards"] == ["OPS-2"]
    assert "Its commits speak of OPS-2." in answer["message"]


def test_the_record_has_the_cards_of_a_deployment_and_what_they_were_told(world: World) -> None:
    world.config["environments"]["uat"]["move_cards"] = "Done"
    trello_is_down(world)
    deploy(world, cards=f"OPS-1 {DOWN}")
    records = world.records()
    succeeded = next(one for one in records if one.event is Event.SUCCEEDED)
    assert succeeded.facts["cards"][0] == "OPS-1"
    after = records[records.index(succeeded) + 1 :]
    assert [one.event for one in after] == [Event.CARD_COMMENTED, Event.CARD_MOVED, Event.FAILED]
    for one in after:
        assert one.facts["of_deployment"] == succeeded.deployment
        assert one.facts["deployed"] == "web v1.0.0 on uat"
        # History and rollback read the ends of deployments at a place: these are none.
        assert (one.app, one.environment) == ("", "")
    assert world.chain_holds()


def test_without_a_tracker_nobody_looks_for_cards(world: World) -> None:
    del world.config["trackers"]
    deploy(world)
    commit(world, "OPS-2: new", "v1.5.0")
    assert "cards" not in deploy(world, "v1.5.0")
