"""How often the sensors look, as the config says it."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import Watching
from opsroom.errors import Refusal

SMALLEST = {"environments": {"uat": {}}}


def watching(raw: Any) -> Watching:
    return load({**SMALLEST, "watching": raw}, KINDS).watching


def test_what_is_not_said_has_its_default() -> None:
    assert load(SMALLEST, KINDS).watching == Watching(
        versions=60.0, cards=60.0, pages=30.0, misses=3
    )
    assert watching({"cards": "2m"}) == Watching(cards=120.0)


def test_zero_is_never() -> None:
    assert watching({"versions": "0s", "cards": 0, "pages": "0s", "misses": 1}) == Watching(
        0.0, 0.0, 0.0, 1
    )


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"versions": "1s"}, "watching.versions: expected 5s or more, or 0s for never; found 1s"),
        (
            {"pages": "often"},
            "watching.pages: expected a length of time such as 30s, 5m or 2h, found 'often'",
        ),
        ({"misses": 0}, "watching.misses: expected a whole number from 1 to 100, found 0"),
        ({"version": "60s"}, "watching.version: there is no such key; did you mean versions?"),
        (["x"], "watching: expected a mapping, found a list"),
    ],
)
def test_a_mistake_is_named_by_its_key(raw: Any, complaint: str) -> None:
    with pytest.raises(Refusal) as error:
        watching(raw)
    assert error.value.facts["problems"] == [complaint]
