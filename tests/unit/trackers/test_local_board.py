"""The tracker kind local: the board in opsroom's own database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from typing import Any, List, Tuple

import pytest

from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Refusal
from opsroom.people import Author
from opsroom.records.idempotency import new_mark
from opsroom.trackers import REGISTRY, Assignee, Card, Draft, Made, Moved, Query, Remark
from support.errors import failure_of
from support.options import read_options
from support.processes import at_once
from support.records.stores import rows
from support.troubles.table import refusal

ALICE = Author(
    "alice", room="#ops", identity="alice", link="https://chatops.example.com/#/history/65f0"
)
LONG = "".join(f"line {number}: ünï — 日本語 🚀 <b>&amp;\n" for number in range(1200))[:30_000]


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    return read_options(REGISTRY, "local", raw, "trackers.board")


def board_on(store: Store, name: str = "board", **raw: Any) -> Any:
    options, lines = options_of(**raw)
    assert lines == []
    return REGISTRY.make("local", options, name=name, store=lambda: store, keep=None)


@pytest.fixture
def board(store: Store) -> Any:
    return board_on(store, projects=["OPS"])


def draft(summary: str = "checkout is broken", **values: Any) -> Draft:
    known = {"project": "", "description": "", "mark": new_mark(), "author": ALICE}
    return Draft(summary=summary, **{**known, **values})


def remark(card: str, text: str = "seen it too", **values: Any) -> Remark:
    return Remark(card=card, text=text, **{"mark": new_mark(), "author": ALICE, **values})


def refused(code: Code, action: Any, *arguments: Any) -> Refusal:
    error = refusal(code, action, *arguments)
    assert error.message.endswith((".", "?"))
    return error


def ids(found: Tuple[Card, ...]) -> List[str]:
    return [card.id for card in found]


# What the config may say


def test_nothing_is_opened_before_it_is_used() -> None:
    def opens() -> Store:
        raise AssertionError("opened")

    options, _ = options_of()
    assert REGISTRY.make("local", options, name="board", store=opens, keep=None).settles_within == 0


# Cards


def test_cards_get_numbers_one_after_the_other_for_each_project(board: Any) -> None:
    assert [board.create(draft()).id for _ in range(2)] == ["CARD-1", "CARD-2"]
    assert board.create(draft(project="ops")).id == "OPS-1"
    assert board.create(draft()).id == "CARD-3"


def test_boards_of_one_database_do_not_see_each_other(store: Store, board: Any) -> None:
    one = draft()
    board.create(one)
    other = board_on(store, name="other")
    assert other.find_created(one) is None
    assert other.find(Query()) == ()
    refused(Code.UNKNOWN_CARD, other.show, "CARD-1")
    assert other.create(draft()).id == "CARD-1"


def test_a_card_that_is_made_twice_with_one_mark_is_made_once(board: Any) -> None:
    one = draft()
    assert board.find_created(one) is None
    assert board.create(one) == board.create(one) == board.find_created(one) == Made("CARD-1")
    assert len(board.find(Query())) == 1
    assert board.create(draft()).id == "CARD-2"


def test_a_card_shows_what_it_was_made_of_to_the_letter(board: Any) -> None:
    assert len(LONG) == 30_000
    board.create(draft("a <b> {{ x }} % ' \" \\ 日本", description=LONG))
    card = board.show("card-1")
    assert (card.id, card.summary, card.description) == (
        "CARD-1",
        "a <b> {{ x }} % ' \" \\ 日本",
        LONG,
    )
    assert (card.status, card.assignee, card.reporter) == ("To do", "", "alice")
    assert (card.project, card.url, card.closed, card.comments) == ("CARD", "", False, ())
    assert card.changed_at.tzinfo is not None


def test_what_no_column_can_hold_is_left_out_and_the_rest_stays(board: Any) -> None:
    board.create(draft("a\0b", description="c\0d \ud800"))
    card = board.show("CARD-1")
    assert (card.summary, card.description) == ("ab", "cd ?")


def test_a_project_that_is_not_of_this_board_is_refused_with_those_that_are(board: Any) -> None:
    error = refused(Code.UNKNOWN_PROJECT, board.create, draft(project="WEB"))
    assert error.hint == "There are CARD and OPS."


@pytest.mark.parametrize(
    "card", ["CARD-1", "OPS-1", "WEB-1", "", "CARD-999999999", "CARD-99999999999999999999"]
)
def test_a_card_that_is_not_there_is_refused_by_every_verb(board: Any, card: str) -> None:
    refused(Code.UNKNOWN_CARD, board.show, card)
    refused(Code.UNKNOWN_CARD, board.move, card, "Done")
    refused(Code.UNKNOWN_CARD, board.assign, card, Assignee("bob", "bob"))
    refused(Code.UNKNOWN_CARD, board.comment, remark(card))


# Comments


def test_a_comment_that_is_made_twice_with_one_mark_is_made_once(board: Any) -> None:
    board.create(draft())
    one = remark("CARD-1")
    assert board.find_comment(one) is None
    assert board.comment(one) == board.comment(one) == board.find_comment(one) == Made("CARD-1")
    assert [comment.text for comment in board.show("CARD-1").comments] == ["seen it too"]


def test_a_card_shows_its_latest_five_comments_the_oldest_of_them_first(board: Any) -> None:
    board.create(draft())
    board.create(draft())
    for number in range(7):
        board.comment(remark("CARD-1", LONG[: 29_000 + number]))
    board.comment(remark("CARD-2", "elsewhere"))
    comments = board.show("CARD-1").comments
    assert [comment.text for comment in comments] == [
        LONG[: 29_000 + number] for number in range(2, 7)
    ]
    assert {comment.author for comment in comments} == {"alice"}
    assert [comment.at for comment in comments] == sorted(comment.at for comment in comments)


# Moving and assigning


def test_a_card_moves_by_the_name_of_a_column_in_any_case(board: Any) -> None:
    board.create(draft())
    assert board.move("CARD-1", "doing") == Moved("To do", "Doing")
    assert board.move("CARD-1", " DOING ") == Moved("Doing", "Doing")
    assert not board.show("CARD-1").closed
    assert board.move("card-1", "done") == Moved("Doing", "Done")
    assert board.show("CARD-1").closed


def test_a_move_to_where_it_is_already_changes_nothing(board: Any) -> None:
    board.create(draft())
    before = board.show("CARD-1").changed_at
    board.move("CARD-1", "To do")
    assert board.show("CARD-1").changed_at == before
    board.move("CARD-1", "Done")
    assert board.show("CARD-1").changed_at > before


def test_a_column_that_is_not_there_is_refused_with_those_that_are(board: Any) -> None:
    board.create(draft())
    assert (
        refused(Code.UNKNOWN_COLUMN, board.move, "CARD-1", "xyz").hint
        == "There are To do, Doing and Done."
    )
    assert "Doing" in refused(Code.UNKNOWN_COLUMN, board.move, "CARD-1", "going").hint


def test_a_card_whose_column_left_the_config_still_shows_and_moves(
    store: Store, board: Any
) -> None:
    board.create(draft())
    board.move("CARD-1", "Doing")
    other = board_on(store, columns=["Open", "Shut"])
    card = other.show("CARD-1")
    assert (card.status, card.closed) == ("Doing", False)
    assert other.move("CARD-1", "shut") == Moved("Doing", "Shut")


def test_a_card_is_given_to_people_of_the_config_and_to_others_which_is_said(board: Any) -> None:
    board.create(draft())
    mapped = board.assign("CARD-1", Assignee("bob", "bob", mapped=True))
    assert (mapped.to, mapped.notes) == ("bob", ())
    assert board.show("CARD-1").assignee == "bob"
    typed = board.assign("CARD-1", Assignee("zoe", "zoe"))
    assert (typed.to, typed.notes) == ("zoe", ("'zoe' is not a person of the config.",))
    nobody = board.assign("CARD-1", Assignee("nobody"))
    assert (nobody.to, nobody.notes) == ("nobody", ())
    assert board.show("CARD-1").assignee == ""


# Finding


def test_open_cards_come_first_and_the_last_changed_before_others(board: Any) -> None:
    for _ in range(5):
        board.create(draft())
    board.move("CARD-5", "Done")
    board.move("CARD-1", "Done")
    board.comment(remark("CARD-2"))
    assert ids(board.find(Query())) == ["CARD-2", "CARD-4", "CARD-3", "CARD-1", "CARD-5"]
    assert ids(board.find(Query(limit=2))) == ["CARD-2", "CARD-4"]


def test_a_text_is_found_in_summaries_descriptions_and_comments_case_aside(board: Any) -> None:
    board.create(draft("Checkout is broken"))
    board.create(draft("x", description="the\nCHECKOUT page"))
    board.create(draft("y"))
    board.create(draft("z", project="OPS"))
    board.comment(remark("OPS-1", "no checkout here"))
    assert sorted(ids(board.find(Query("checkOUT")))) == ["CARD-1", "CARD-2", "OPS-1"]
    assert ids(board.find(Query("checkout", project="ops"))) == ["OPS-1"]
    assert board.find(Query("checkouts")) == ()
    assert ids(board.find(Query("checkout page"))) == ["CARD-2"]
    assert board.find(Query("page checkout")) == ()
    assert all(card.description == "" and card.comments == () for card in board.find(Query()))


SIGNS = ("100%", "a_b", "a/b", "a\\b", "'; DROP TABLE cards; --", '"q"', "%", "_", "\\", "/")


def test_what_a_query_could_take_for_a_sign_of_its_own_is_a_letter(board: Any) -> None:
    board.create(draft("100 a-b aXb q it"))
    for text in SIGNS:
        made = board.create(draft(f"it says {text} here"))
        found = board.find(Query(text))
        assert made.id in ids(found), text
        assert all(text in card.summary for card in found), text


def test_letters_of_other_alphabets_are_found_case_aside_on_sqlite_too(tmp_path: Any) -> None:
    store = open_store(f"sqlite:///{tmp_path}/one.db")
    board = board_on(store, columns=["Ä", "Ö"])
    board.create(draft("ÄRGER im Büro"))
    board.assign("CARD-1", Assignee("ÉMILE", "Émile"))
    assert (
        ids(board.find(Query("ärger")))
        == ids(board.find(Query("bÜRO", assignee="éMILE")))
        == ["CARD-1"]
    )
    assert board.move("CARD-1", "ö") == Moved("Ä", "Ö")
    assert board.find(Query())[0].closed
    store.close()


def test_cards_are_found_by_who_has_them(board: Any) -> None:
    for _ in range(3):
        board.create(draft())
    board.assign("CARD-1", Assignee("Bob", "Bob"))
    board.assign("CARD-3", Assignee("bobby", "bobby"))
    assert ids(board.find(Query(assignee="bob"))) == ["CARD-1"]
    assert ids(board.find(Query("broken", assignee="BOB", project="CARD"))) == ["CARD-1"]
    assert board.find(Query(assignee="alice")) == ()


def test_a_text_that_is_too_long_to_be_searched_for_is_refused(board: Any) -> None:
    refused(Code.TEXT_TOO_LONG, board.find, Query("x" * 201))
    assert board.find(Query("x" * 200)) == ()


# Many at once


def test_twenty_threads_that_create_at_once_get_twenty_numbers_without_gaps(store: Store) -> None:
    start = threading.Barrier(20)
    made: List[str] = []
    errors: List[BaseException] = []

    def work() -> None:
        try:
            board = board_on(store)
            start.wait(60)
            made.append(board.create(draft()).id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert sorted(made) == sorted(f"CARD-{number}" for number in range(1, 21))


def test_twenty_processes_that_make_one_card_at_once_make_one(store: Store, store_url: str) -> None:
    assert set(at_once(20, _create_and_comment, store_url)) == {"CARD-1"}
    assert rows(store, "SELECT count(*) FROM cards") == [(1,)]
    assert rows(store, "SELECT count(*) FROM card_comments") == [(1,)]


def _create_and_comment(_: int, url: str) -> str:
    board = board_on(open_store(url))
    made = board.create(draft(mark="opsmark"))
    board.comment(remark(made.id, mark="opsother"))
    return str(made.id)


def test_a_database_that_cannot_be_used_is_a_failure_and_no_crash(tmp_path: Any) -> None:
    (tmp_path / "broken.db").write_bytes(b"not a database, by any means" * 100)
    options, _ = options_of()
    board = REGISTRY.make(
        "local",
        options,
        name="board",
        store=lambda: open_store(f"sqlite:///{tmp_path}/broken.db"),
        keep=None,
    )
    caught = failure_of(board.create, draft())
    assert caught.code.value.startswith("store_")
