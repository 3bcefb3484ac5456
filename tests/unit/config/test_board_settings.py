"""The board, as the config says it."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import BoardSettings
from opsroom.errors import Refusal

SMALLEST = {"environments": {"test": {}, "uat": {}}}


def board(raw: Any) -> BoardSettings:
    return load({**SMALLEST, "board": raw}, KINDS).board


def test_without_it_there_is_no_page() -> None:
    assert load(SMALLEST, KINDS).board == BoardSettings(folder="")
    assert board({}) == BoardSettings(folder="")


def test_a_folder_is_enough() -> None:
    assert board({"folder": "/var/www/opsroom"}) == BoardSettings(
        "/var/www/opsroom", environments=None, people=True, ask=True, ask_within=5.0,
        stale_after=300.0,
    )  # fmt: skip


def test_it_can_be_narrowed() -> None:
    found = board(
        {"folder": "/w", "environments": ["uat"], "people": False, "ask": False, "ask_within": "2s",
         "stale_after": "10m"}
    )  # fmt: skip
    assert found == BoardSettings("/w", ("uat",), False, False, 2.0, 600.0)


def test_an_empty_list_of_environments_shows_none_of_them() -> None:
    assert board({"folder": "/w", "environments": []}).environments == ()


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"ask": True}, "board.folder: expected the full path of a folder, found nothing"),
        ({"folder": "www"}, "board.folder: expected the full path of a folder, found 'www'"),
        (
            {"folder": "/w", "environments": ["prod"]},
            "board.environments: expected environments of the config, found 'prod'",
        ),
        (
            {"folder": "/w", "stale_after": "30s"},
            "board.stale_after: expected a length of time of 120s or more such as 30s, 5m or 2h, "
            "found '30s'",
        ),
        ({"folder": "/w", "people": "no"}, "board.people: expected true or false, found 'no'"),
        ({"folder": "/w", "asks": True}, "board.asks: there is no such key; did you mean ask?"),
    ],
)
def test_a_mistake_is_named(raw: Any, complaint: str) -> None:
    with pytest.raises(Refusal) as refused:
        board(raw)
    assert complaint in refused.value.facts["problems"]
