"""Text for GitHub: Markdown in which nothing is hidden and nobody is named by accident, and back.

What people write stays Markdown. HTML does not: GitHub drops comments and tags that it does not
know, so that "fails for <user>" would lose its end. Every `<` that would begin HTML is shown as it
was written.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, List, Tuple

from ...people import Author
from ...structs.patterns import lazy_pattern
from ..formats.text import Code, blocks, clean, cut

# GitHub counts characters of the Markdown; `cut` counts as UTF-16 does, which is never less.
BODY_CHARACTERS = 65_536
TITLE_CHARACTERS = 256

_INDENTED = lazy_pattern(r"^(?: {4}|\t)")
_LIST_ITEM = lazy_pattern(r"^\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_TICKS = lazy_pattern(r"`+")
# What HTML begins with, unless it is an address in angle brackets or was escaped by its author.
_AUTOLINK = lazy_pattern(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)*)>"
)
_TAG = lazy_pattern(r"<(?=[A-Za-z/!?])")
_FENCE = lazy_pattern(r"^ {0,3}(`{3,}|~{3,})")
_TILDES = lazy_pattern(r"^( {0,3})(~{3,})", re.MULTILINE)
_TILDE_FENCE = lazy_pattern(r"^ {0,3}(~{3,})([^~`]*)\Z")


def body(author: Author, text: str, mark: str) -> Tuple[str, int]:
    """The Markdown of an issue or comment, and how many characters of the text had no room.

    The mark is before the text, in a comment that is not shown: whatever the text leaves open
    cannot reach it.
    """
    head = f"{_line(author)} {marked(mark)}"
    kept, missing = cut(text, BODY_CHARACTERS - len(head) - 2, markdown)
    return "\n\n".join(part for part in (head, markdown(kept)) if part), missing


def title(summary: str) -> Tuple[str, int]:
    """The title of an issue: one line, and how many characters had no room."""
    line = " ".join(clean(summary).split())
    if len(line) <= TITLE_CHARACTERS:
        return line, 0
    kept = line[: TITLE_CHARACTERS - 1].rstrip()
    return kept + "…", len(line) - len(kept)


def marked(mark: str) -> str:
    """The mark as it is in a text."""
    return f"<!-- opsroom {mark} -->"


def markdown(text: str) -> str:
    """The text as GitHub shows it whole: code in fences that end where they should, no HTML outside
    of it."""
    parts: List[str] = []
    in_list = False
    for block in blocks(_with_backticks(text)):
        if isinstance(block, Code):
            parts.append(_fenced(block.text, block.language))
            continue
        lines = list(block.lines)
        in_list = in_list or any(_LIST_ITEM.match(line) for line in lines)
        if not in_list and all(_INDENTED.match(line) for line in lines if line):
            parts.append(
                _fenced("\n".join(_INDENTED.sub("", line) for line in lines).strip("\n"), "")
            )
        else:
            # A fence that is left here would run over the blocks that follow.
            parts.append(
                _TILDES.sub(lambda found: found[1] + "\\~" * len(found[2]), _without_html(lines))
            )
    return "\n\n".join(parts)


def plain(text: str) -> str:
    """What people see of a body: no comments (templates are full of them), `<` as itself. Code
    stays as it is."""
    shown: List[str] = []
    outside: List[str] = []
    fence = ""

    def flush() -> None:
        if outside:
            shown.append(_without_comments("\n".join(outside)).replace("&lt;", "<"))
            outside.clear()

    for line in clean(text).split("\n"):
        found = _FENCE.match(line)
        if fence:
            shown.append(line)
            if found and found.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif found:
            flush()
            shown.append(line)
            fence = found.group(1)
        else:
            outside.append(line)
    flush()
    return "\n".join(line.rstrip() for line in "\n".join(shown).split("\n")).strip()


def _line(author: Author) -> str:
    """The author's line with names as code: a chat name that reads @someone calls nobody, and is
    no link."""
    return replace(author, shown=_code(author.shown), room=_code(author.room)).line


def _code(name: str) -> str:
    line = " ".join(clean(name).split())
    if not line:
        return ""
    ticks = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def _fenced(code: str, language: str) -> str:
    fence = "`" * max(3, max((len(run) for run in _TICKS.findall(code)), default=0) + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _with_backticks(text: str) -> str:
    """The text with fences of tildes, where they are closed, as fences of backticks: those `blocks`
    knows."""
    lines = clean(text).split("\n")
    # From which length on fences are not closed any more: looking again and again would take too
    # long.
    hopeless = len(text) + 1
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        if not opening or (opening.group(1)[0] == "~" and len(opening.group(1)) >= hopeless):
            at += 1
            continue
        fence = opening.group(1)
        closing = re.compile(rf"^ {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*\Z")
        end = next(
            (number for number in range(at + 1, len(lines)) if closing.match(lines[number])), 0
        )
        if not end and fence[0] == "`":
            break  # it runs to the end, as `blocks` will see
        if not end:
            hopeless = min(hopeless, len(fence))
        tildes = _TILDE_FENCE.match(lines[at])
        if tildes and end:
            inside = "\n".join(lines[at + 1 : end])
            lines[at : end + 1] = _fenced(inside, tildes.group(2).strip()).split("\n")
            end = at + inside.count("\n") + 2
        at = max(at, end) + 1
    return "\n".join(lines)


def _without_html(lines: List[str]) -> str:
    """Lines of Markdown with every `<` shown that would begin HTML, apart from code and addresses
    in brackets.

    Only code that begins and ends in a line counts, and none after a line that leaves some open:
    what could be read either way stays visible.
    """
    parts: List[str] = []
    certain = True
    for line in lines:
        written, closed = _line_without_html(line, certain)
        certain = certain and closed
        parts.append(written)
    return "\n".join(parts)


def _line_without_html(line: str, certain: bool) -> Tuple[str, bool]:
    parts: List[str] = []
    at = 0
    closed = True
    closing = _closing_ticks(line) if certain else {}
    while at < len(line):
        ticks = _TICKS.match(line, at)
        if ticks and not _escaped(line, at):
            closed = closed and at in closing
            end = closing.get(at, ticks.end())
            parts.append(line[at:end])
            at = end
            continue
        if line[at] == "<" and not _escaped(line, at):
            link = _AUTOLINK.match(line, at)
            if link:
                parts.append(link.group())
                at = link.end()
                continue
            if _TAG.match(line, at):
                parts.append("&lt;")
                at += 1
                continue
        parts.append(line[at])
        at += 1
    return "".join(parts), closed


def _closing_ticks(line: str) -> Dict[int, int]:
    """Where a run of backticks begins -> where the code that it opens ends. Each length looks for
    its next run."""
    runs = [(found.start(), found.end()) for found in _TICKS.finditer(line)]
    following: Dict[int, int] = {}
    ends: Dict[int, int] = {}
    for start, end in reversed(runs):
        length = end - start
        if length in following:
            ends[start] = following[length]
        following[length] = end
    return ends


def _escaped(line: str, at: int) -> bool:
    backslashes = 0
    while at - backslashes > 0 and line[at - backslashes - 1] == "\\":
        backslashes += 1
    return backslashes % 2 == 1


def _without_comments(text: str) -> str:
    kept: List[str] = []
    at = 0
    while True:
        begin = text.find("<!--", at)
        end = text.find("-->", begin + 4) if begin >= 0 else -1
        if end < 0:
            return "".join([*kept, text[at:]])
        kept.append(text[at:begin])
        at = end + 3
