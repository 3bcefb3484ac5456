"""A text that was written for a terminal, as a reader sees it: without colours, titles, links and
cursor movements.

The sequences are those of ECMA-48, as xterm reads them. `pyte`, the library for it, emulates a
whole screen (lines cut at its width, ten times slower on a log); all that is needed here is what
remains when the sequences are removed.
"""

from __future__ import annotations

from typing import List, Match

from ..structs.patterns import lazy_pattern

# A byte that is no UTF-8 is decoded to U+DC80 and up ("surrogateescape"): the 8-bit forms of the
# introducers.
_INTRODUCERS = "\x90\x98\x9d\x9e\x9f\udc90\udc98\udc9d\udc9e\udc9f"
_STRING = "[^\x07\x18\x1a\x1b\x9c\udc9c\r\n" + _INTRODUCERS + "]*"
_STRING_END = "(?:\x07|\x18|\x1a|\x1b\\\\|\x9c|\udc9c)"
_SEQUENCE = lazy_pattern(
    # Strings: a title, a hyperlink, a picture. One without an end takes the rest of its line, as it
    # does in a terminal; not one with an 8-bit introducer, because in other encodings those bytes
    # are letters.
    f"\x1b[\\]PX^_]{_STRING}{_STRING_END}?"
    f"|[{_INTRODUCERS}]{_STRING}{_STRING_END}"
    # Control sequences: colours, moves, clearing. One that was cut off at the end of a line goes as
    # well.
    "|(?:\x1b\\[|[\x9b\udc9b])(?P<numbers>[0-?]*)[ -/]*(?P<final>[@-~]|(?![^\r\n]))"
    # Everything else that begins with an escape: a reset, another set of characters.
    "|\x1b[ -/]*[0-~]?"
)
_MOVES = "CEFGHadef`"
_MAX_MOVE = 80
_INTERESTING = lazy_pattern("[\x08\x1b\x90-\x9f\udc90-\udc9f]")
_CONTROLS = lazy_pattern("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff]")
_HALVES = lazy_pattern("[\ud800-\udfff]")


def without_sequences(text: str) -> str:
    """The text without control sequences, and with what was written over by backspaces taken out.

    Line breaks, tabs and all other control characters stay.
    """
    if text.isascii() and "\b" not in text and "\x1b" not in text:
        # As nearly every text: it takes no expression, which would have to be compiled.
        return text
    if not _INTERESTING.search(text):
        return text
    text = _SEQUENCE.sub(_moved, text)
    if "\b" in text:
        text = "\n".join(map(_written_over, text.split("\n")))
    return text


def readable(output: bytes) -> str:
    """The text of a program's output: without sequences, byte order marks and other control
    characters except tabs and line breaks. Bytes that are no UTF-8 become U+FFFD."""
    text = without_sequences(output.decode("utf-8", "surrogateescape")).replace("\v", " ")
    return _HALVES.sub("\ufffd", _CONTROLS.sub("", text.replace("\f", " ")))


def is_visible(text: str) -> bool:
    """Whether there is anything in it that a reader sees: marks without a width and blanks are
    nothing."""
    return any(character.isprintable() and not character.isspace() for character in text)


def _moved(sequence: Match[str]) -> str:
    """A move of the cursor to the right, or to another place, keeps the words on its two sides
    apart."""
    final = sequence.group("final")
    if not final or final not in _MOVES:
        return ""
    numbers = sequence.group("numbers")
    return " " * (min(int(numbers[:4]), _MAX_MOVE) if final == "C" and numbers.isdecimal() else 1)


def _written_over(line: str) -> str:
    cells: List[str] = []
    place = 0
    for character in line:
        if character == "\b":
            place = max(place - 1, 0)
            continue
        if place < len(cells):
            cells[place] = character
        else:
            cells.append(character)
        place += 1
    return "".join(cells)
