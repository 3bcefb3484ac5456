"""`make picture`: plays the demo's conversation and draws the real replies as
docs/conversation.svg.

Left out are acknowledgements; made steady is what changes from run to run: times of day, durations,
ids of changes.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from .. import PACK
from ..demo import CONVERSATION, PRELUDE, Line, change_of, play
from ..opening import open_session
from ..session import Reply
from ..world import build
from .steady import steady

TARGET = PACK / "docs" / "conversation.svg"

# Ids of changes are made at random.
_IDS = ("K7QX", "M4RT", "T9CD", "W3HP")

_COLUMNS = 107
_FONT_SIZE, _LINE_HEIGHT, _CHARACTER = 14, 22, 8.43
_MARGIN, _HEADER, _NAME_COLUMNS = 24, 36, 9

_INK = {
    "speaker": "#7cc7ff",
    "succeeded": "#7ee2a8",
    "failed": "#ff9d8a",
    "rejected": "#ffd479",
    "dim": "#7d8794",
}
_TEXT, _PAPER, _FRAME = "#e4e8ee", "#171b22", "#2a313c"


@dataclass(frozen=True)
class Row:
    """One drawn line: who speaks (empty when it goes on), what, in which colours; `room` opens a
    new part."""

    who: str
    text: str
    who_ink: str
    text_ink: str = _TEXT
    room: str = ""


def main() -> int:
    """Draw the picture. Returns 1 when the conversation did not go as it must."""
    with tempfile.TemporaryDirectory() as folder:
        world = build(Path(folder) / "world")
        session = open_session(world.config, PACK, world.database)
        replies: List[Reply] = []
        wrong = play(session, PRELUDE, _ignore, lambda reply: None)
        wrong += play(session, CONVERSATION, _ignore, replies.append)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    drawn = [reply for reply, line in zip(replies, CONVERSATION) if line.drawn]
    TARGET.write_text(draw(list(_rows(drawn, steady_ids(replies)))), encoding="utf-8")
    print(f"{TARGET.relative_to(PACK)} is drawn.")
    return 0


def _ignore(line: Line) -> None:
    """Nothing is shown while the conversation is played."""


def steady_ids(replies: Sequence[Reply]) -> Dict[str, str]:
    """For the id of each change that is spoken of, in their order, one that is always the same."""
    found = list(dict.fromkeys(filter(None, map(change_of, replies))))
    return dict(zip(found, _IDS))


def _rows(replies: Sequence[Reply], ids: Mapping[str, str]) -> Iterator[Row]:
    room = ""
    for reply in replies:
        opened = reply.room if reply.room != room else ""
        room = reply.room
        yield from _wrapped(
            Row(reply.speaker, steady(reply.text, ids), _INK["speaker"], room=opened)
        )
        yield from _wrapped(Row("opsroom", steady(reply.message, ids), _INK[reply.status]))


def _wrapped(row: Row) -> Iterator[Row]:
    lines = [
        part
        for line in row.text.split("\n")
        for part in textwrap.wrap(line, _COLUMNS - _NAME_COLUMNS) or [""]
    ]
    for number, line in enumerate(lines):
        first = number == 0
        yield Row(
            row.who if first else "", line, row.who_ink, row.text_ink, row.room if first else ""
        )


def draw(rows: List[Row]) -> str:
    """The rows as an SVG, with the fonts that the reader's machine has."""
    parts, height = _placed(rows)
    width = round(2 * _MARGIN + _COLUMNS * _CHARACTER)
    font = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}"',
            f'     role="img" aria-label="A conversation with opsroom" font-family="{font}" '
            f'font-size="{_FONT_SIZE}">',
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"',
            f'      fill="{_PAPER}" stroke="{_FRAME}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _placed(rows: List[Row]) -> Tuple[List[str], int]:
    parts: List[str] = []
    y = _MARGIN - 6
    for number, row in enumerate(rows):
        if row.room:
            y += _HEADER if number else 12
            parts.append(_text(_MARGIN, y, row.room, _INK["dim"]))
            ruler = _MARGIN + (len(row.room) + 1) * _CHARACTER
            end = _MARGIN + _COLUMNS * _CHARACTER
            parts.append(f'<path d="M{ruler:.0f} {y - 5}H{end:.0f}" stroke="{_FRAME}"/>')
            y += 6
        elif row.who and row.who != "opsroom":
            y += 8
        y += _LINE_HEIGHT
        if row.who:
            parts.append(_text(_MARGIN, y, row.who, row.who_ink, bold=True))
        parts.append(_text(_MARGIN + _NAME_COLUMNS * _CHARACTER, y, row.text, row.text_ink))
    return parts, y + _MARGIN


def _text(x: float, y: int, text: str, ink: str, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    # The length is fixed, so that a wider font of the reader's does not run out of the frame.
    length = len(text) * _CHARACTER
    return (
        f'<text x="{x:.1f}" y="{y}" fill="{ink}"{weight} textLength="{length:.1f}" '
        'lengthAdjust="spacingAndGlyphs" '
        f'xml:space="preserve">{escape(text, quote=False)}</text>'
    )


if __name__ == "__main__":
    sys.exit(main())
