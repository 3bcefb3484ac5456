"""How much paging is too much: who has sent or got how many pages, since when, and when the next
one may go out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsroom.config.model import PageLimit
from opsroom.errors import Code
from opsroom.policy import Decision
from opsroom.policy.paging import within_limit

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
THREE = PageLimit(3, 600.0)


def ago(*minutes: float) -> List[datetime]:
    return [NOW - timedelta(minutes=one) for one in minutes]


def decide(
    limit: PageLimit, by_person: List[datetime], to_team: List[datetime], timezone: str = "UTC"
) -> Decision:
    return within_limit(limit, by_person, to_team, NOW, "alice", "web-team", timezone)


def test_below_the_limit_a_page_goes_out() -> None:
    assert decide(THREE, ago(1, 2), ago(1, 2)).allowed


@pytest.mark.parametrize(
    ("by_person", "to_team", "told"),
    [
        (ago(1, 2, 3), [], "alice has sent 3 pages"),
        (ago(1), ago(1, 2, 3), "web-team has got 3 pages"),
    ],
)
def test_at_the_limit_it_does_not_whoever_reached_it(
    by_person: List[datetime], to_team: List[datetime], told: str
) -> None:
    decision = decide(THREE, by_person, to_team)
    assert (decision.allowed, decision.code) == (False, Code.PAGE_LIMIT)
    assert decision.message.startswith(
        told + " in the last 10 min, as many as the config allows; nobody was paged."
    )
    assert decision.hint == "If it cannot wait: emergency page web-team: what is wrong"


def test_the_next_may_go_out_when_the_oldest_that_fills_the_limit_is_too_old() -> None:
    decision = decide(THREE, ago(1, 2, 4, 9), [])
    assert decision.message.endswith("The next one may go out after 12:06 UTC.")
    in_paris = decide(THREE, ago(1, 2, 4), [], "Europe/Paris")
    assert in_paris.message.endswith("The next one may go out after 13:06 Europe/Paris.")


def test_what_is_older_than_the_limit_looks_back_does_not_count() -> None:
    assert decide(THREE, ago(1, 2, 10), ago(10, 11, 12, 13)).allowed
    assert not decide(THREE, ago(1, 2, 9.99), []).allowed


def test_zero_pages_means_no_limit() -> None:
    assert decide(PageLimit(0, 600.0), ago(*range(1, 9)), ago(*range(1, 9))).allowed


def test_one_page_is_not_called_pages() -> None:
    assert decide(PageLimit(1, 60.0), ago(0.5), []).message.startswith(
        "alice has sent 1 page in the last 60 s".replace("60 s", "1 min")
    )


@given(
    some.lists(some.floats(0, 30), max_size=8),
    some.lists(some.floats(0, 30), max_size=8),
    some.integers(1, 5),
)
def test_it_is_allowed_exactly_when_neither_has_filled_the_limit(
    by_person: List[float], to_team: List[float], pages: int
) -> None:
    decision = decide(PageLimit(pages, 600.0), ago(*by_person), ago(*to_team))
    counted = [len([one for one in moments if NOW - timedelta(seconds=600) < NOW - timedelta(minutes=one)])  # noqa: E501
               for moments in (by_person, to_team)]  # fmt: skip
    assert decision.allowed is (max(counted) < pages)
