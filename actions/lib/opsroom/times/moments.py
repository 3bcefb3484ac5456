"""Ends that people give in chat, such as "until 17:00" and "for 2h": found in a text, read, and
shown again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Tuple

from ..errors import Code, Refusal
from ..names import bare, either, shown
from ..structs.patterns import lazy_pattern
from .dates import looks_like_point, readings
from .durations import looks_like_duration, read_duration
from .zones import UTC, local_time

__all__ = ("local_time", "read_end", "split_end")

_MAX_AHEAD = timedelta(days=366)
_END_WORD = lazy_pattern(
    r"(?:^|(?<=[\s,;(]))(until+|['\u2018\u2019]?till?|for|to|through|thru)\s+", re.IGNORECASE
)
# Said at the end of a text, it has none.
_NO_END = lazy_pattern(
    r"(?:^|[\s,;(-]+)"
    r"(?:(?:with\s+)?no\s+end|without\s+(?:an\s+)?end|until\s+further\s+notice)[\s.!)]*(?![\s\S])",
    re.IGNORECASE,
)
_LEADING = lazy_pattern(r"(until+|'?till?|for)\s+", re.IGNORECASE)
# "until 17h" is a time of day and "for 17h" a length; "until 1:30" is a time of day and "for 1:30"
# may be either.
_HOURS = lazy_pattern(r"\d{1,2}\s?h\s?\d{0,2}", re.IGNORECASE)
_MINUTES = lazy_pattern(r"\d{1,2}:\d{2}")
# How many of several meanings are offered.
_OFFERED = 4
# Times of day for an example: the first that is still to come.
_CLOCKS = ("17:00", "20:00", "23:00", "23:59")


def split_end(text: str) -> Tuple[str, str]:
    """Take a trailing "until ..." or "for <length>" off a text: `(the rest, the end as typed)`, the
    end may be empty.

    What follows "until" is an end in any case; what follows "till", "for", "to" and "through" is
    one where it looks like a time ("wait for it" stays whole). `read_end` refuses what it cannot
    read, so that nobody thinks there is an end where there is none. "no end" at the end of a text
    says that none is meant, whatever is before it.
    """
    whole = text.strip()
    none = _NO_END.search(whole)
    if none:
        return whole[: none.start()].rstrip(" \t\n,;(-"), ""
    # The last one is the one: "for the release until 17:00".
    for word in reversed(list(_END_WORD.finditer(whole))):
        end = whole[word.end() :].strip().rstrip(".!)").rstrip()
        if end and _is_end(word.group(1).lower(), bare(end)):
            decides = (_MINUTES if word.group(1).lower() == "for" else _HOURS).fullmatch(end)
            return whole[: word.start()].rstrip(" \t\n,;(-"), whole[
                word.start() :
            ].strip() if decides else end
    return whole, ""


def read_end(text: str, now: datetime, timezone: str) -> datetime:
    """The moment, in UTC, that an end means.

    "17:00", "17.00", "5pm", "noon" and "Fri 09:00" are the next such moment, "2026-12-01" and "24
    Dec" the end of that day, "2h", "1h30" and "half an hour" count from now; a zone may stand
    behind a time ("17:00 Europe/Berlin", "17:00 CET"). Without one, times are those of a clock in
    `timezone`. "until" or "for" may be before it.

    Raises Refusal(invalid_time) for anything else, for what has several meanings, for what is past,
    and for what is more than a year away.
    """
    typed = bare(text)
    leading = _LEADING.match(typed)
    word = leading.group(1).lower() if leading else ""
    typed = bare(typed[leading.end() :]) if leading else typed
    length = read_duration(typed) if word in ("", "for") else None
    if length is not None:
        # A year is the most.
        return _checked(text, now + min(length, 2 * _MAX_AHEAD), now, timezone)
    meant = readings(typed, now, timezone) if word != "for" else []
    if (
        not meant
        and word != "for"
        and (looks_like_point(typed) or typed.lower().endswith("tomorrow"))
    ):
        _with_a_clock(text, typed, now, timezone)
    if not meant:
        raise _refused(f"{shown(text)} is not a time that opsroom understands.", timezone)
    ahead = [one for one in meant if now < one.moment <= now + _MAX_AHEAD]
    offers = f"{either(one.typed for one in ahead[:_OFFERED])} ({timezone})"
    if len(ahead) > 1:
        raise Refusal(
            Code.INVALID_TIME, f"{shown(text)} may mean more than one time.", f"Say which: {offers}"
        )
    if ahead and not ahead[0].sure:
        raise Refusal(
            Code.INVALID_TIME,
            f"{shown(text)} may be over already.",
            f"If the next is meant, say: {offers}",
        )
    return _checked(text, ahead[0].moment if ahead else meant[-1].moment, now, timezone)


def _with_a_clock(text: str, typed: str, now: datetime, timezone: str) -> None:
    """Raise the refusal that asks for the time of day, where that is all that lacks: "tomorrow",
    "next Friday"."""
    for clock in _CLOCKS:
        if any(one.moment > now for one in readings(f"{typed} {clock}", now, timezone)):
            message = f"{shown(text)} lacks a time of day."
            raise Refusal(
                Code.INVALID_TIME, message, f"For example: until {typed} {clock} ({timezone})."
            )


def _checked(text: str, moment: datetime, now: datetime, timezone: str) -> datetime:
    if moment <= now:
        raise _refused(
            f"{shown(text)} is over already: it is {local_time(now, now, timezone)}.", timezone
        )
    if moment - now > _MAX_AHEAD:
        raise _refused(f"{shown(text)} is more than a year away.", timezone)
    return moment.astimezone(UTC)


def _is_end(word: str, end: str) -> bool:
    """Whether what follows a word is an end, or was meant as one."""
    if word.startswith("unti"):
        return True
    if word == "for":
        return looks_like_duration(end)
    return looks_like_point(end)


def _refused(message: str, place: str) -> Refusal:
    return Refusal(
        Code.INVALID_TIME,
        message,
        "For example: until 17:00, until Fri 09:00, until tomorrow 09:00, until 2026-12-01 "
        f"10:00 ({place}), for 2h.",
    )
