"""A conversation as a terminal shows it: a name, and what was said behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from .svg import MONO_WIDTH, Drawing, Palette, Run, wrapped

PALETTE: Palette = {
    "paper": ("#ffffff", "#171b22"),
    "frame": ("#d0d7de", "#2a313c"),
    "text": ("#1f2328", "#e4e8ee"),
    "dim": ("#656d76", "#7d8794"),
    "speaker": ("#0b57d0", "#7cc7ff"),
    "succeeded": ("#1a7f4b", "#7ee2a8"),
    "failed": ("#b3261e", "#ff9d8a"),
    "rejected": ("#8a5a00", "#ffd479"),
}
_COLUMNS = 107
_SIZE, _LINE_HEIGHT = 14, 22
_CHARACTER = MONO_WIDTH * _SIZE
_MARGIN, _HEADER = 24, 36


@dataclass(frozen=True)
class Row:
    """One message: who speaks, in which ink, what; `room` opens a new part, `gap` is left above."""

    who: str
    ink: str
    text: str
    room: str = ""
    gap: bool = False


def draw(rows: Sequence[Row], label: str, name_columns: int = 9) -> str:
    """The rows as an SVG; names have that many columns."""
    width = round(2 * _MARGIN + _COLUMNS * _CHARACTER)
    drawing = Drawing(width, PALETTE, label, mono=True)
    beside = _MARGIN + name_columns * _CHARACTER
    y = _MARGIN - 6
    for number, row in enumerate(rows):
        if row.room:
            y += _HEADER if number else 12
            end = drawing.text(_MARGIN, y, [Run(row.room, "dim")], _SIZE)
            drawing.line(end + _CHARACTER, y - 5, width - _MARGIN, y - 5)
            y += 6
        elif row.gap:
            y += 8
        lines = wrapped([Run(row.text)], width - _MARGIN - beside, _SIZE, mono=True)
        for first, line in zip([True] + [False] * len(lines), lines):
            y += _LINE_HEIGHT
            if first:
                drawing.text(_MARGIN, y, [Run(row.who, row.ink, bold=True)], _SIZE)
            drawing.text(beside, y, line, _SIZE)
    return drawing.svg(y + _MARGIN)
