"""What may stand in the text columns, and how moments stand there."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


def clean(value: str) -> str:
    """The text without what a column cannot hold: NUL (PostgreSQL refuses it) and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def moment(at: datetime) -> str:
    """A time as it is stored: ISO 8601 in UTC with six decimals, so that texts sort as times do."""
    return at.astimezone(timezone.utc).isoformat(timespec="microseconds")


# Clocks of machines that are kept in time differ by less.
_AHEAD = timedelta(minutes=5)


def soon(now: datetime) -> datetime:
    """The latest time that something which was written down can have: what is later was written by a wrong clock."""
    return now + _AHEAD


def from_moment(stored: str) -> datetime:
    """The aware UTC time behind a stored text."""
    return datetime.fromisoformat(stored)
