"""The board as one self-contained page.

It shows by itself when it is out of date, in three ways: its style does so after a while, whatever
else is the matter; its script compares the moment it was made with the clock, and renews the page;
and where no script runs, the page is loaded again under an address that names its moment, which an
unchanged page recognises. From there it is not loaded again: to a browser that is the same place.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import List, Sequence, Tuple

from ..html.document import document
from ..html.escaping import anchor
from ..structs import dataclass
from ..text import stamp
from ..times.zones import zone
from .model import Board, Past

_FOLDER = Path(__file__).parent
# Not %a and %b: their words depend on the machine's language.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True)
class Figure:
    """A number at the top, and the part of the page that it counts."""

    count: int
    label: str
    target: str
    style: str


def as_html(board: Board) -> str:
    """The page, for any browser, with or without scripts."""
    clocks = _Clocks(board.made_at, zone(board.timezone))
    reload = max(int(board.stale_after / 2), 30)
    anchors = {one.deployment for one in board.past if one.deployment}
    return document(
        _FOLDER,
        "page.html.j2",
        style=_delays(board.stale_after, reload),
        script=(_FOLDER / "page.js").read_text("utf-8"),
        fetches=True,
        filters={"iso": stamp, "capitalize_first": lambda text: text[:1].upper() + text[1:]},
        board=board,
        figures=figures(board),
        days=_days(board.past, clocks),
        clock=clocks.short,
        full=clocks.full,
        hour=clocks.hour,
        at_row=lambda one: f"#{anchor(one)}" if one in anchors else "",
        mark=board.made_at.strftime("%Y%m%dT%H%M%S"),
        reload=reload,
    )


def figures(board: Board) -> List[Figure]:
    """What needs someone, counted."""
    places = board.places
    pages_and_incidents = len(board.alerts) + _more(board, "incidents and pages")
    return [
        Figure(len(board.going), "being deployed", _part("going", board.going), "going"),
        Figure(pages_and_incidents, "incidents and pages", _part("alerts", board.alerts), "bad"),
        Figure(
            len(board.waiting) + _more(board, "changes"),
            "changes waiting",
            _part("waiting", board.waiting),
            "warn",
        ),
        Figure(
            len(board.locks) + _more(board, "locks") + len(board.freezes),
            "locks and freezes",
            _part("held", [*board.locks, *board.freezes]),
            "warn",
        ),
        Figure(sum(one.drift for one in places), "differ from the record", "places", "warn"),
        Figure(sum(bool(one.silent) for one in places), "do not answer", "places", "warn"),
    ]


def _part(target: str, items: Sequence[object]) -> str:
    """The part that lists them; where there is none, the versions."""
    return target if items else "places"


def _more(board: Board, what: str) -> int:
    return sum(count for name, count in board.left_out if name == what)


def _delays(stale_after: float, reload: int) -> str:
    """After how long the page is out of date by its own clock. One that has come again unchanged is
    as old as the pause in between already."""
    again = max(int(stale_after) - reload, 0)
    return (
        f".stale {{ animation-delay: {int(stale_after)}s; }}\n"
        f".stale:target {{ animation-delay: {again}s; }}\n"
    )


def _days(past: Sequence[Past], clocks: _Clocks) -> List[Tuple[str, List[Past]]]:
    """The deployments by the day on which they ended, as the time zone of the page has it."""
    return [(day, list(ones)) for day, ones in groupby(past, lambda one: clocks.day(one.at))]


class _Clocks:
    """Moments as people of one time zone read them on the day on which the page was made."""

    def __init__(self, now: datetime, place: tzinfo) -> None:
        self._place = place
        self._today = now.astimezone(place)

    def hour(self, at: datetime) -> str:
        """14:02."""
        return f"{at.astimezone(self._place):%H:%M}"

    def day(self, at: datetime) -> str:
        """Today, or Monday 30 Nov; with the year where it is another one."""
        local = at.astimezone(self._place)
        if local.date() == self._today.date():
            return "Today"
        return f"{_DAYS[local.weekday()]} {self._date(local)}"

    def short(self, at: datetime) -> str:
        """14:02 today, 30 Nov 14:02 otherwise; 30 Nov 2025 in another year."""
        local = at.astimezone(self._place)
        if local.date() == self._today.date():
            return f"{local:%H:%M}"
        date = self._date(local)
        return date if local.year != self._today.year else f"{date} {local:%H:%M}"

    def full(self, at: datetime) -> str:
        """30 Nov 2026, 14:02:45."""
        local = at.astimezone(self._place)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M:%S}"

    def _date(self, local: datetime) -> str:
        year = f" {local.year}" if local.year != self._today.year else ""
        return f"{local.day} {_MONTHS[local.month - 1]}{year}"
