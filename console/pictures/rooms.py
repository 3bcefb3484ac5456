"""`python -m console.pictures.rooms`: draws what a room of each chat received (docs/rooms/*.json)
as a client of that chat shows it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional

from .. import PACK
from .shown import Part, parts_of
from .svg import Drawing, Palette, Run, width_of, wrapped
from .terminal import Row
from .terminal import draw as draw_terminal
from .transcript import Message, Transcript, read

FOLDER = PACK / "docs" / "rooms"
_WIDTH, _MARGIN = 760, 20
_SIZE, _SMALL, _LINE_HEIGHT = 14, 12, 20
_HEADER = 44
_AVATAR, _BESIDE = 34, 46
# Those of people are on their pictures, and in front of what they say.
_PEOPLE = ("alice", "bob", "carol")
_COLUMNS_OF_FACTS = 2
_TIME = "14:02"
_LABELS = {"slack": "Slack", "irc": "IRC", "xmpp": "XMPP", "matrix": "Matrix"}

_COMMON: Palette = {
    "white": ("#ffffff", "#ffffff"),
    "alice": ("#7a4fd0", "#a98bf0"),
    "bob": ("#0b7a5f", "#4cc3a5"),
    "carol": ("#b0491f", "#ee9a6f"),
    "bot": ("#41516b", "#8fa3c4"),
    "link": ("#1264a3", "#4aa8ec"),
    "mention": ("#1264a3", "#63b3ec"),
    "mentioned": ("#e6f2fa", "#173247"),
}


@dataclass(frozen=True)
class Look:
    """How a client looks: its inks, how round the pictures of people are, whether each message
    stands in a bubble, and whether programs have a badge."""

    palette: Palette
    radius: float
    bubbles: bool = False
    badge: str = ""


LOOKS: Dict[str, Look] = {
    "slack": Look(
        {
            **_COMMON,
            "paper": ("#ffffff", "#1a1d21"),
            "frame": ("#dddddd", "#3a3d42"),
            "text": ("#1d1c1d", "#d8d9da"),
            "soft": ("#616061", "#a0a2a5"),
            "raised": ("#e8e8e8", "#3a3d42"),
        },
        radius=6,
        badge="APP",
    ),
    "xmpp": Look(
        {
            **_COMMON,
            "paper": ("#e9edf1", "#15181c"),
            "frame": ("#cfd6dd", "#30363d"),
            "text": ("#1b2026", "#dfe3e8"),
            "soft": ("#5f6b77", "#939da8"),
            "raised": ("#ffffff", "#242a31"),
        },
        radius=17,
        bubbles=True,
    ),
    "matrix": Look(
        {
            **_COMMON,
            "paper": ("#ffffff", "#101317"),
            "frame": ("#d7dbe0", "#2c3137"),
            "text": ("#1b1d22", "#e6e9ec"),
            "soft": ("#5d6672", "#9aa3ad"),
            "raised": ("#f0f2f5", "#22262b"),
        },
        radius=17,
    ),
}


def main() -> int:
    """Draw a picture of each recording."""
    for file in sorted(FOLDER.glob("*.json")):
        target = file.with_suffix(".svg")
        target.write_text(draw(read(file)), encoding="utf-8")
        print(f"{target.relative_to(PACK)} is drawn.")
    return 0


def draw(transcript: Transcript) -> str:
    """The picture of a transcript. Raises ValueError for what cannot be drawn as it was."""
    label = f"A conversation with opsroom in a room of {_LABELS[transcript.chat]}"
    if transcript.chat == "irc":
        return draw_terminal(list(_lines(transcript)), label, name_columns=10)
    return _Page(transcript, LOOKS[transcript.chat], label).svg()


def _lines(transcript: Transcript) -> Iterator[Row]:
    for number, one in enumerate(transcript.messages):
        bot = one.who == transcript.bot
        text = "".join(run.text for part in parts_of(one, transcript) for run in part.runs)
        room = "" if number else f"#{transcript.room}"
        yield Row(f"<{one.who}>", "succeeded" if bot else "speaker", text, room, gap=not bot)


class _Page:
    """The messages of a room, from top to bottom."""

    def __init__(self, transcript: Transcript, look: Look, label: str) -> None:
        self._transcript, self._look = transcript, look
        self._drawing = Drawing(_WIDTH, look.palette, label)
        self._y = 0.0

    def svg(self) -> str:
        self._header()
        before: Optional[Message] = None
        for one in self._transcript.messages:
            goes_on = before is not None and (before.who, before.thread) == (one.who, one.thread)
            self._message(one, goes_on)
            before = one
        return self._drawing.svg(self._y + _MARGIN)

    def _header(self) -> None:
        self._drawing.text(_MARGIN, 28, [Run(f"# {self._transcript.room}", bold=True)], 15)
        self._drawing.line(1, _HEADER, _WIDTH - 1, _HEADER)
        self._y = _HEADER + 4

    def _message(self, message: Message, goes_on: bool) -> None:
        x = _MARGIN + (_BESIDE if message.thread else 0)
        avatar = _AVATAR - (8 if message.thread else 0)
        beside = x + _BESIDE - (8 if message.thread else 0)
        bubble = 12 if self._look.bubbles else 0
        width = _WIDTH - _MARGIN - beside - 2 * bubble
        laid = [_Laid(part, width) for part in parts_of(message, self._transcript)]
        high = sum(one.height for one in laid) + (0 if goes_on else _LINE_HEIGHT)
        top = self._y + (2 if goes_on and not bubble else 6 if goes_on else 12)
        if message.thread:
            self._drawing.line(_MARGIN + 17, self._y, _MARGIN + 17, top + high)
        if bubble:
            long = max(one.long for one in laid)
            name = 0.0 if goes_on else self._name_width(message)
            wide = max(long, name) + 2 * bubble
            self._drawing.box(beside, top, wide, high + 14, "raised", 10)
        if not goes_on:
            self._face(message.who, x, top + 2, avatar)
        y = top + (7 if bubble else 0)
        if not goes_on:
            self._name(message, beside + bubble, y + 14)
            y += _LINE_HEIGHT
        for one in laid:
            one.draw(self._drawing, beside + bubble, y)
            y += one.height
        self._y = y + (7 if bubble else 0)

    def _ink(self, who: str) -> str:
        return who if who in _PEOPLE else "bot"

    def _face(self, who: str, x: float, y: float, size: float) -> None:
        radius = min(self._look.radius, size / 2)
        self._drawing.box(x, y, size, size, self._ink(who), radius)
        middle = y + size / 2 + 5
        self._drawing.centred(x + size / 2, middle, who[0].upper(), 14, "paper")

    def _named(self, message: Message) -> List[Run]:
        # In a bubble and on Matrix a name has its colour.
        ink = "text" if self._look.badge else self._ink(message.who)
        return [Run(message.who, ink, bold=True)]

    def _name_width(self, message: Message) -> float:
        runs = self._named(message)
        return sum(width_of(run, _SIZE) for run in runs) + 8 + width_of(Run(_TIME), _SMALL)

    def _name(self, message: Message, x: float, y: float) -> None:
        end = self._drawing.text(x, y, self._named(message), _SIZE) + 8
        if self._look.badge and message.who == self._transcript.bot:
            badge = Run(self._look.badge, "soft", bold=True)
            wide = width_of(badge, 9) + 8
            self._drawing.box(end - 1, y - 10.5, wide, 13, "raised", 3)
            end = self._drawing.text(end + 3, y - 1, [badge], 9) + 11
        self._drawing.text(end, y, [Run(_TIME, "soft")], _SMALL)


class _Laid:
    """A part of a message, laid out: its lines, the bar in front and the facts below."""

    def __init__(self, part: Part, width: float) -> None:
        self._part = part
        self._indent = 14 if part.bar else 0
        self._width = width - self._indent
        self._lines = wrapped(part.runs, self._width, _SIZE)
        self._below = wrapped(part.below, self._width, _SIZE) if part.below else []
        rows = -(-len(part.facts) // _COLUMNS_OF_FACTS)
        self._facts = rows * (2 * _LINE_HEIGHT + 2)
        lines = len(self._lines) + len(self._below)
        around = (6 if part.facts else 0) + (6 if part.bar else 0)
        self.height = lines * _LINE_HEIGHT + self._facts + around
        self.long = max(sum(width_of(run, _SIZE) for run in line) for line in self._lines)

    def draw(self, drawing: Drawing, x: float, y: float) -> None:
        if self._part.bar:
            y += 3
            drawing.bar(x, y, self.height - 6, self._part.bar)
        x += self._indent
        for line in self._lines:
            drawing.text(x, y + 14, line, _SIZE)
            y += _LINE_HEIGHT
        y += 4 if self._part.facts else 0
        for number, (title, value) in enumerate(self._part.facts):
            row, column = divmod(number, _COLUMNS_OF_FACTS)
            at = x + column * self._width / _COLUMNS_OF_FACTS
            base = y + row * (2 * _LINE_HEIGHT + 2) + 14
            drawing.text(at, base, [Run(title, bold=True)], _SIZE)
            drawing.text(at, base + _LINE_HEIGHT - 2, [Run(value)], _SIZE)
        y += self._facts + (2 if self._part.facts else 0)
        for below in self._below:
            drawing.text(x, y + 14, below, _SIZE)
            y += _LINE_HEIGHT


if __name__ == "__main__":
    sys.exit(main())
