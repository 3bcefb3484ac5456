"""Pictures of text: lines that are measured, wrapped and drawn with the fonts that the reader's
machine has, in colours for light and for dark.

Widths are those of Helvetica, which Arial and Liberation Sans share; each run of text is as long as
it was measured (`textLength`), so that in another font nothing runs out of the picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

SANS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
# Of a character, in units of the size of the font.
MONO_WIDTH = 0.602

# Thousandths of the size of the font, and the characters that are so wide.
_REGULAR = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft",
    333: "()-`r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
_BOLD = {
    238: "'",
    278: " ,./I\\ijl",
    280: "|",
    333: "!()-:;[]`ft",
    389: "*r{}",
    474: '"',
    500: "z",
    556: "#$0123456789J_aceksvxy",
    584: "+<=>^~",
    611: "?FLTZbdghnopqu",
    667: "EPSVXY",
    722: "&ABCDHKNRU",
    778: "GOQw",
    833: "M",
    889: "%m",
    944: "W",
    975: "@",
}
_WIDTHS = tuple(
    {sign: width / 1000 for width, signs in table.items() for sign in signs}
    for table in (_REGULAR, _BOLD)
)
_WIDEST = 1.0
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
# What XML has no place for.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Ink in light, ink in dark.
Palette = Mapping[str, Tuple[str, str]]


@dataclass(frozen=True)
class Run:
    """A text of one kind: in which ink of the palette, bold or not, on a ground of its own or
    not."""

    text: str
    ink: str = "text"
    bold: bool = False
    ground: str = ""


Line = List[Run]


def width_of(run: Run, size: float, mono: bool = False) -> float:
    """How long a run is in a font of that size."""
    if mono:
        return len(run.text) * MONO_WIDTH * size
    table = _WIDTHS[run.bold]
    return size * sum(table.get(sign, _WIDEST) for sign in run.text)


def wrapped(runs: Sequence[Run], width: float, size: float, mono: bool = False) -> List[Line]:
    """The runs as lines that are no longer than `width`: broken at line feeds, else at blanks,
    else within a word."""
    lines: List[Line] = [[]]
    used, goes_on = 0.0, False
    for word in _words(runs, width, size, mono):
        long = width_of(word, size, mono)
        blank = word.text.isspace()
        if word.text == "\n" or (used and not blank and used + long > width):
            lines.append([])
            used, goes_on = 0.0, word.text != "\n"
        # A blank at which a line is broken is not shown; one that was typed in front is.
        if word.text != "\n" and not (blank and goes_on and not used):
            lines[-1].append(word)
            used += long
    return [_joined(line) for line in lines]


def _words(runs: Sequence[Run], width: float, size: float, mono: bool) -> Iterator[Run]:
    """Words, blanks and line feeds, in their order; a word that fits into no line in pieces."""
    for run in runs:
        for text in re.findall(r"\n|[^\S\n]+|\S+", run.text):
            piece = ""
            for sign in text:
                if piece and width_of(replace(run, text=piece + sign), size, mono) > width:
                    yield replace(run, text=piece)
                    piece = ""
                piece += sign
            yield replace(run, text=piece)


def _joined(line: Line) -> Line:
    """The same line with as few runs as there are kinds of text."""
    found: Line = []
    for run in line:
        if found and replace(found[-1], text="") == replace(run, text=""):
            found[-1] = replace(run, text=found[-1].text + run.text)
        else:
            found.append(run)
    if found:
        found[-1] = replace(found[-1], text=found[-1].text.rstrip())
    return [run for run in found if run.text]


class Drawing:
    """A picture that grows downwards; its height is given when it is done."""

    def __init__(self, width: int, palette: Palette, label: str, mono: bool = False) -> None:
        self.width = width
        self._palette, self._label, self._mono = palette, label, mono
        self._parts: List[str] = []

    def box(
        self, x: float, y: float, wide: float, high: float, ink: str, radius: float = 0
    ) -> None:
        """A filled box."""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{wide:.1f}" height="{high:g}" rx="{radius:g}" '
            f'class="{ink}"/>'
        )

    def bar(self, x: float, y: float, high: float, colour: str) -> None:
        """A bar in a colour that a message brings: six hexadecimal digits."""
        if not _COLOUR.fullmatch(colour):
            raise ValueError(f"{colour!r} is no colour")
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="4" height="{high:g}" rx="2" fill="{colour}"/>'
        )

    def line(self, x: float, y: float, to_x: float, to_y: float, ink: str = "frame") -> None:
        """A thin line."""
        self._parts.append(f'<path d="M{x:.0f} {y:g}L{to_x:.0f} {to_y:g}" class="{ink}-line"/>')

    def text(self, x: float, y: float, runs: Sequence[Run], size: float) -> float:
        """A line of text from x to the right, on the base line y; where it ends."""
        for run in runs:
            long = width_of(run, size, self._mono)
            if run.ground:
                self.box(x - 1.5, y - size * 0.9, long + 3, size * 1.2, run.ground, 3)
            bold = ' font-weight="600"' if run.bold else ""
            shown = escape(_NO_XML.sub("\ufffd", run.text), quote=False)
            self._parts.append(
                f'<text x="{x:.1f}" y="{y:g}" font-size="{size:g}" class="{run.ink}"{bold} '
                f'textLength="{long:.1f}" lengthAdjust="spacingAndGlyphs" '
                f'xml:space="preserve">{shown}</text>'
            )
            x += long
        return x

    def centred(self, x: float, y: float, text: str, size: float, ink: str) -> None:
        """A word with its middle at x."""
        self.text(x - width_of(Run(text, bold=True), size) / 2, y, [Run(text, ink, True)], size)

    def svg(self, height: float) -> str:
        """The picture, in a frame on its ground."""
        label = escape(self._label)
        wide, high = self.width, round(height)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" '
                f'width="{wide}" height="{high}"',
                f'     role="img" aria-label="{label}" font-family="'
                f'{MONO if self._mono else SANS}">',
                f"<style>{self._style()}</style>",
                f'<rect x="0.5" y="0.5" width="{wide - 1}" height="{high - 1}" rx="8" '
                'class="paper frame-line"/>',
                *self._parts,
                "</svg>\n",
            ]
        )

    def _style(self) -> str:
        inks: Dict[bool, str] = {}
        for dark in (False, True):
            rules = [f".{name}{{fill:{both[dark]}}}" for name, both in self._palette.items()]
            rules.append(f".frame-line{{stroke:{self._palette['frame'][dark]}}}")
            inks[dark] = "".join(rules)
        return f"{inks[False]}@media(prefers-color-scheme:dark){{{inks[True]}}}"
