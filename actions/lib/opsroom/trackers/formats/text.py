"""Text of cards and comments: its blocks and addresses, cut where it is too long, as HTML and back.

What a person writes is plain text in which ``` fences code and http(s) addresses stand for
themselves; nothing else in it means anything. Every format is made from `blocks` and `spans`, so
that none forgets to escape a part.
"""

from __future__ import annotations

import html as html_module
import re
from collections import Counter
from typing import Callable, List, Optional, Tuple, Union

from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .html import from_html

__all__ = [
    "Block",
    "Code",
    "Paragraph",
    "Span",
    "blocks",
    "clean",
    "closed",
    "cut",
    "from_html",
    "html",
    "same",
    "spans",
    "units",
    "unmarked",
]


@dataclass(frozen=True)
class Paragraph:
    """Lines that belong together, without their line breaks. Blank lines beyond the one that ends a
    paragraph stand as empty lines at the beginning of the next."""

    lines: Tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A block of code, as it was written; `language` is a short word or empty."""

    text: str
    language: str = ""


Block = Union[Paragraph, Code]


@dataclass(frozen=True)
class Span:
    """A part of a line. `address` is empty where it is text, else what it leads to."""

    text: str
    address: str = ""


_CONTROLS = lazy_pattern(r"[\x00-\x08\x0b-\x1f\x7f]")
_HALVES = lazy_pattern(r"[\ud800-\udfff]")
_FENCE = lazy_pattern(r"^[ \t]{0,3}(`{3,})([^`]*)\Z")
_ONE_LINE = lazy_pattern(r"^[ \t]{0,3}(`{3,})([^`]+)(`{3,})[ \t]*\Z")
_LANGUAGE = lazy_pattern(r"^[A-Za-z0-9_+#.-]{1,30}\Z")
_ADDRESS = lazy_pattern(r"(?i:\bhttps?)://[^\s<>\"`\x00-\x1f\x7f]+")
_AFTER_ADDRESS = ".,;:!?'*_~|"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def clean(text: str) -> str:
    """The text with line breaks as \\n, without control characters and halves of characters, which
    no tracker takes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HALVES.sub("\ufffd", _CONTROLS.sub(" ", text))


def blocks(text: str) -> Tuple[Block, ...]:
    """Paragraphs and code, in their order. A fence that is not closed runs to the end.

    Nothing is lost but fences and the blank lines between blocks. As chat programs do, code may
    begin on the line of the opening fence and end on that of the closing one.
    """
    found: List[Block] = []
    lines = clean(text).split("\n")
    paragraph: List[str] = []
    blanks = 0
    at = 0

    def close_paragraph() -> None:
        if paragraph:
            found.append(Paragraph(tuple(paragraph)))
            paragraph.clear()

    while at < len(lines):
        code, at_next = _code_at(lines, at)
        if code is not None:
            close_paragraph()
            found.append(code)
            blanks = 0
        elif lines[at].strip():
            if not paragraph and found and isinstance(found[-1], Paragraph):
                paragraph += [""] * (blanks - 1)
            paragraph.append(lines[at].rstrip())
            blanks = 0
        else:
            close_paragraph()
            blanks += 1
        at = at_next
    close_paragraph()
    return tuple(found)


def _code_at(lines: List[str], at: int) -> Tuple[Optional[Code], int]:
    """The code that begins in a line, if one does, and the number of the line after it."""
    whole = _ONE_LINE.match(lines[at])
    if whole and len(whole.group(1)) == len(whole.group(3)):
        return Code(whole.group(2)), at + 1
    opening = _FENCE.match(lines[at])
    if not opening:
        return None, at + 1
    fence, first = opening.group(1), opening.group(2)
    language = first.strip()
    inside: List[str] = []
    inline_end = False
    end = at + 1
    while end < len(lines):
        line = lines[end]
        end += 1
        closing = _FENCE.match(line)
        if closing and len(closing.group(1)) >= len(fence) and not closing.group(2).strip():
            break
        if line.rstrip().endswith(fence) and not line.rstrip().endswith(fence + "`"):
            inside.append(line.rstrip()[: -len(fence)])
            inline_end = True
            break
        inside.append(line)
    # Where the code ends on the line of its fence, as Slack writes it, it began on that of the
    # other fence too.
    if language and (inline_end or not _LANGUAGE.match(language)):
        return Code("\n".join([first, *inside])), end
    return Code("\n".join(inside), language), end


def spans(line: str) -> Tuple[Span, ...]:
    """The text and the http(s) addresses of a line, in their order; together they are the line."""
    found: List[Span] = []
    done = 0
    for match in _ADDRESS.finditer(line):
        address = _without_punctuation(match.group())
        if address.endswith("://"):
            continue
        if match.start() > done:
            found.append(Span(line[done : match.start()]))
        found.append(Span(address, address))
        done = match.start() + len(address)
    if done < len(line):
        found.append(Span(line[done:]))
    return tuple(found)


def _without_punctuation(address: str) -> str:
    """What ends a sentence or closes a bracket around the address is no part of it."""
    counts = Counter(address)
    end = len(address)
    while end:
        last = address[end - 1]
        closes_nothing = last in _BRACKETS and counts[last] > counts[_BRACKETS[last]]
        if last not in _AFTER_ADDRESS and not closes_nothing:
            break
        counts[last] -= 1
        end -= 1
    return address[:end]


def same(text: str) -> str:
    """The text itself: for trackers that take it as it is."""
    return text


def cut(text: str, characters: int, written: Callable[[str], str] = same) -> Tuple[str, int]:
    """The text, and how many characters of it are missing: 0 where it fits.

    Else it ends at the border of a line or word, with the note "[cut: N more characters]" in a line
    of its own; a block of code that was cut is closed before it. With `written` it is the text as
    that function writes it that fits into `characters`; they are counted as UTF-16 does, like
    JavaScript and Java: what is written elsewhere may be shorter, never longer.
    """
    text = clean(text)
    if units(written(text)) <= characters:
        return text, 0
    low, high = 0, min(len(text) - 1, max(characters, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if units(written(_with_note(text, middle))) <= characters:
            low = middle
        else:
            high = middle - 1
    kept = _border(text, low)
    while kept and units(written(_with_note(text, kept))) > characters:
        kept -= max(1, kept // 100)
    if not kept and units(written(_with_note(text, 0))) > characters:
        return text[:0], len(text)
    return _with_note(text, kept), len(text) - kept


def units(text: str) -> int:
    """The length of a text as JavaScript and Java count it."""
    return len(text) + sum(1 for character in text if character > "\uffff")


# With anything else in the brackets it is an author's own last line.
_MARK_LINE = lazy_pattern(r"\(opsroom ops[0-9a-f]{10,20}\)")


def unmarked(text: str) -> str:
    """The text without the mark that is in its last line, where a tracker has no better place
    for it."""
    before, _, last = text.rstrip().rpartition("\n")
    return before.rstrip() if _MARK_LINE.fullmatch(last.strip()) else text


def _border(text: str, most: int) -> int:
    """Where to cut: after the last line that is not too far back, else after the last word, else
    there."""
    for border, far in (("\n", most // 5), (" ", 200)):
        found = text.rfind(border, max(most - far, 0), most + 1)
        if found > 0:
            return found
    return most


def _with_note(text: str, kept: int) -> str:
    begin = text[:kept].rstrip()
    note = f"[cut: {len(text) - kept} more characters]"
    fence = _open_fence(begin)
    return "\n".join(part for part in (begin, fence, note) if part)


def closed(text: str) -> str:
    """The text, with a block of code closed that it leaves open, so that more can follow."""
    text = clean(text).rstrip()
    fence = _open_fence(text)
    return f"{text}\n{fence}" if fence else text


def _open_fence(text: str) -> str:
    """The fence that a cut has left open, if there is one."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        code, after = _code_at(lines, at)
        if code is not None and opening and after == len(lines):
            fence = opening.group(1)
            last = lines[-1].strip()
            return "" if len(lines) - at > 1 and last.endswith(fence) else fence
        at = after
    return ""


def html(text: str) -> str:
    """The text as HTML: `<div>` with `<br>`, `<pre>`, addresses as links; everything in it
    escaped."""
    parts: List[str] = []
    lines: List[str] = []
    for block in blocks(text):
        if isinstance(block, Paragraph):
            lines += [*([""] if lines else []), *block.lines]
            continue
        if lines:
            parts.append(_div(lines))
            lines = []
        parts.append(f"<pre>{html_module.escape(block.text)}</pre>")
    return "".join([*parts, *([_div(lines)] if lines else [])])


def _div(lines: List[str]) -> str:
    return "<div>" + "<br>".join(_html_line(line) for line in lines) + "</div>"


def _html_line(line: str) -> str:
    parts = []
    for span in spans(line):
        text = html_module.escape(span.text)
        parts.append(f'<a href="{text}">{text}</a>' if span.address else text)
    # Browsers show one blank where there are several, and none at the beginning of a line.
    return re.sub(r"^ |(?<= ) ", "&nbsp;", "".join(parts).replace("\t", "    "))
