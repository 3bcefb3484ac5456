"""Lengths of time that people type: "2h", "1h 30m", "an hour and a half", "2 days"."""

from __future__ import annotations

from datetime import timedelta
from typing import Optional

from ..structs.patterns import lazy_pattern

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), _HOUR),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 7 * _DAY),
    **dict.fromkeys(("fortnight", "fortnights"), 14 * _DAY),
}
_FIRST_NUMBERS = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_NUMBERS = {
    **{word: number for number, word in enumerate(_FIRST_NUMBERS, start=1)},
    **{"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60},
    **{"½": 0.5, "¼": 0.25, "¾": 0.75},
}
_GLYPHS = "½¼¾"
_SHARES = {"half": 0.5, "quarter": 0.25, "quarters": 0.25}
_ARTICLES = ("a", "an", "the", "next")
_BETWEEN = ("and", "of", ",", "&")
# In seconds: datetimes cannot hold every number of weeks.
_MAX_SECONDS = 1e11
_PART = lazy_pattern(r"\d{1,2}:[0-5]\d(?!\d)|\d{1,6}(?:[.,]\d{1,3})?(?!\d)|[½¼¾]|[a-z]+|\S")
# A length by its looks: how much, then a unit, also one that opsroom does not count in.
_MUCH = "|".join(
    (
        r"[-+]?[\d~½¼¾]\S*",
        "an?",
        "the",
        "half",
        "quarter",
        *(word for word in _NUMBERS if word.isalpha()),
        "about|around|approx|approximately|roughly|nearly|almost",
        "another|up|at|all|some|several|few|many|this|next|rest",
    )
)
_LOOKS = lazy_pattern(
    rf"\d{{1,2}}:\d{{2}}|(?:(?:{_MUCH})(?:\b|(?<=\d))[^,;:]*?)?(?<![a-z])(?:{'|'.join(_UNITS)}"
    r"|months?|years?|quarters?|weekends?|mornings?|afternoons?|evenings?|nights?"
    r"|tonight|today|tomorrow|while|ever|good"
    r"|and an? half|mo|yr)"
)
_MAX_LOOK = 60


def read_duration(text: str) -> Optional[timedelta]:
    """The length that a text is, at most some thousand years; None where it is none, or means no
    fixed number of seconds ("2 months")."""
    total, last = 0.0, 0
    # How many of the unit to come. An article stands for one, until a number follows it.
    number: Optional[float] = None
    article = digits = False
    for part in _PART.findall(text.lower()):
        amount = _amount(part)
        if part in _UNITS:
            if number is None:
                return None
            last, total, number = _UNITS[part], total + number * _UNITS[part], None
        elif part in _SHARES:
            share = _SHARES[part]
            if number is None and last:
                # "an hour and a half"
                total += share * last
            elif part.startswith("quarter"):
                number = share if number is None else number * share
            else:
                # "half an hour", "a half hour", "one and a half hours"
                number = share if number is None or article else number + share
            article = False
        elif part in _ARTICLES:
            if number is None and not last:
                number, article = 1.0, True
        elif amount is not None and (number is None or article or part in _GLYPHS):
            number, article, digits = (
                (0.0 if article else number or 0.0) + amount,
                False,
                part.isdecimal(),
            )
        elif part not in _BETWEEN:
            return None
    if number is not None and last == _HOUR and digits and number < 60:
        # "1h30", "1 hour 30"
        total, number = total + number * _MINUTE, None
    return timedelta(seconds=min(total, _MAX_SECONDS)) if last and number is None else None


def looks_like_duration(text: str) -> bool:
    """Whether a text is meant as a length of time, though perhaps as none that can be counted."""
    typed = text.lower().strip()
    return read_duration(typed) is not None or (
        len(typed) <= _MAX_LOOK and bool(_LOOKS.fullmatch(typed))
    )


def _amount(part: str) -> Optional[float]:
    if part[:1].isdecimal():
        hours, colon, minutes = part.partition(":")
        return int(hours) + int(minutes) / 60 if colon else float(part.replace(",", "."))
    return float(_NUMBERS[part]) if part in _NUMBERS else None
