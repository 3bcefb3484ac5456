"""Archived cards, closed and full boards, over all kinds of trackers: they are said, and are no
question of rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

import pytest

from support.cards.kinds import CASES, SHUT, Case, Shut, case
from support.expectations import expect
from support.records.templates import copy_database
from support.vendors import github as gh
from support.worlds.world import World

WAYS = [(name, what) for name, ways in SHUT.items() for what in ways]
Rooms = Tuple[World, Case, Shut, str]


def world_of(folder: Path, it: Case) -> World:
    database = copy_database(folder / "opsroom.db")
    return World(folder, database, {"environments": {"test": {}}, **it.config()})


@pytest.fixture
def shut(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rooms]:
    """A card, made through opsroom, that is shut afterwards in the way of the parameter."""
    name, what = request.param
    with case(name) as it:
        world, way = world_of(tmp_path, it), SHUT[name][what]
        card = world.ask("create_card", text="checkout is broken")["card"]
        way.do(it.side, card)
        yield world, it, way, card


def unharmed(answer: Dict[str, Any]) -> None:
    """It says nothing of rights, and leaves nothing in doubt."""
    assert answer["code"] not in (
        "unauthorized",
        "outcome_unknown",
        "unknown_card",
        "unknown_column",
    ), answer
    assert "needs the right" not in repr(answer)


def test_every_kind_says_what_it_can_have() -> None:
    assert set(SHUT) == set(CASES)


@pytest.mark.parametrize("shut", WAYS, indirect=True, ids=map(" ".join, WAYS))
def test_an_archived_card_is_shown_as_such(shut: Rooms) -> None:
    world, _, way, card = shut
    answer = world.ask("get_card", card=card)
    expect(answer, ok=True, archived=way.words)
    assert way.words in answer["message"]


@pytest.mark.parametrize("shut", WAYS, indirect=True, ids=map(" ".join, WAYS))
def test_an_archived_card_is_not_found_as_an_open_one(shut: Rooms) -> None:
    world, _, way, card = shut
    answer = world.ask("find_cards", text="checkout", mine=False)
    assert answer["ok"], answer
    for one in answer["cards"]:
        # A search that leaves archived cards out finds none; what it finds is said to be archived.
        assert (
            one["card"] != card
            or one["archived"] == way.words
            or way.words == "in an archived list"
        )
        assert not one["archived"] or one["archived"] in answer["message"]


@pytest.mark.parametrize("verb", ["comment_card", "move_card"])
@pytest.mark.parametrize("shut", WAYS, indirect=True, ids=map(" ".join, WAYS))
def test_what_is_done_to_an_archived_card_says_that_it_is(shut: Rooms, verb: str) -> None:
    world, it, way, card = shut
    given = {"text": "it is the cache"} if verb == "comment_card" else {"column": it.columns[0]}
    answer = world.ask(verb, card=card, **given)
    unharmed(answer)
    if not way.open:
        expect(answer, ok=False, code="not_possible")
        assert "archived" in answer["message"]
    elif way.words and not (way.words == "in an archived list" and verb == "move_card"):
        assert answer["ok"], answer
        assert f"The card is {way.words}." in answer["message"]
    else:
        assert answer["ok"], answer
        assert "The card is" not in answer["message"]


@pytest.mark.parametrize("shut", WAYS, indirect=True, ids=map(" ".join, WAYS))
def test_what_is_closed_or_full_takes_no_new_card_and_says_so(shut: Rooms) -> None:
    world, _, way, _ = shut
    answer = world.ask("create_card", text="another one")
    unharmed(answer)
    if not way.everything:
        assert answer["ok"], answer
        return
    expect(answer, ok=False, code="not_possible")
    assert any(word in answer["message"] for word in ("archived", "closed", "full")), answer


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            gh.problem(403, "Unable to create comment because issue is locked."),
            "acme/web#1 is locked on GitHub",
        ),
        (
            gh.problem(403, "Commenting is disabled on issues with more than 2500 comments"),
            "acme/web#1 is full",
        ),
        (
            gh.problem(403, "Repository was archived so is read-only."),
            "acme/web is archived on GitHub",
        ),
        (gh.problem(410, "Issues are disabled for this repo"), "Issues are turned off in acme/web"),
        (gh.problem(410, "This issue was deleted"), "acme/web#1 was deleted on GitHub"),
        (gh.problem(403, "You have exceeded a secondary rate limit."), "rate-limiting"),
        (gh.problem(403, "Resource not accessible by integration"), "does not allow this"),
    ],
)
def test_each_refusal_of_github_has_a_sentence(reply: Any, words: str, tmp_path: Path) -> None:
    with case("github") as it:
        it.side.issue()
        assert it.vendor is not None
        it.vendor.instead(reply)
        answer = world_of(tmp_path, it).ask(
            "comment_card", card="acme/web#1", text="it is the cache"
        )
    assert answer["ok"] is False
    assert words in answer["message"], answer
