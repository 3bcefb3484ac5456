"""Whether one more page may go out: few enough that people still get up for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Sequence

from ..config.model import PageLimit
from ..errors import Code
from ..text import one_line, span
from ..times.zones import local_time
from . import YES, Decision, no


def within_limit(
    limit: PageLimit,
    by_person: Sequence[datetime],
    to_team: Sequence[datetime],
    now: datetime,
    person: str,
    team: str,
    timezone: str = "UTC",
) -> Decision:
    """Whether `person` may page `team` now. `by_person` and `to_team` are when their latest pages
    went out, in any order; those that are older than the limit looks back do not count."""
    if limit.pages == 0:
        return YES
    for moments, subject in (
        (by_person, f"{one_line(person, 60)} has sent"),
        (to_team, f"{one_line(team, 60)} has got"),
    ):
        counted = sorted(
            one for one in moments if now - timedelta(seconds=limit.within) < one <= now
        )
        if len(counted) >= limit.pages:
            # When the oldest of those that fill the limit is too old to count.
            again = counted[-limit.pages] + timedelta(seconds=limit.within)
            return _refused(subject, len(counted), limit, again, now, team, timezone)
    return YES


def _refused(
    subject: str,
    count: int,
    limit: PageLimit,
    again: datetime,
    now: datetime,
    team: str,
    timezone: str,
) -> Decision:
    # Time zones are loaded only where someone reads a time.
    pages = "page" if count == 1 else "pages"
    return no(
        Code.PAGE_LIMIT,
        f"{subject} {count} {pages} in the last {span(limit.within)}, as many as the config "
        "allows; nobody was paged. "
        f"The next one may go out after {local_time(again, now, timezone)}.",
        f"If it cannot wait: emergency page {one_line(team, 60)}: what is wrong",
    )
