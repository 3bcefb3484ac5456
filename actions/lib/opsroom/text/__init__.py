"""Texts for a room: neutralised, shortened, laid out. Every string that leaves an action passes
through here.

Why so much of it: StackStorm's stock result workflow evaluates `{{ }}` in what an action returns,
its workflow engine also `<% %>`, Slack turns `<!channel>` into a ping, and a lone carriage return
injects a command into IRC through hubot. Relays drop blank lines and indentation, and cut or drop a
message of more than a few hundred characters.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Iterable, List, Mapping, Sequence, Tuple

from ..structs.patterns import lazy_pattern
from .terminal import without_sequences

# What a relay delivers whole everywhere: under 400 characters and eight lines.
MESSAGE_CHARACTERS = 400
MESSAGE_LINES = 8
# A line on IRC has 512 bytes, with everything before the text, and letters that are not Latin take
# two to four. A sender of a longer one is disconnected (hubot), or loses it together with what
# comes next (errbot). An alias may add a link, where there are fewer than MESSAGE_CHARACTERS.
LINE_BYTES = 350
_BROKEN_BYTES = 300
# One string of the result as data; StackStorm stores it, nobody reads it in a room.
DATA_CHARACTERS = 20_000
_DEPTH = 20

# A blank goes between the two characters, so that nothing is hidden and nothing is evaluated. The
# lookahead keeps the second character for the next match: `{{{` becomes `{ { {`. `%~=` begins the
# mark between which StackStorm's python runner finds the result of an action.
_EXPRESSION = lazy_pattern(r"\{(?=[{%#~])|<(?=%)|[%#}~](?=\})|%(?=>|~=)")
# A ping, a fake link or a channel reference: `<!channel>`, `<@U1>`, `<#C1|x>`, `<https://a|b>` of
# Slack and Discord, `<at>` of Teams. errbot takes a backslash away, so that one in between hides
# nothing.
_REFERENCE = lazy_pattern(r"<(?=[!@#\\]|[a-zA-Z][a-zA-Z0-9+.-]*:|at\b)", re.IGNORECASE)
# errbot turns entities into their characters on the way: `&lt;!channel>`, `&#64;here`,
# `&commat;here`.
_ENTITY = lazy_pattern(
    r"&(?=\\|#|(?:lt|commat|lcub|lbrace|num|percnt|NewLine|Tab);|lt[!@#])", re.IGNORECASE
)
# What a chat may read as a mention: any `@word`, also `@[Alice]` and `@**all**`, whatever stands
# before the sign. An e-mail address, `alice!~alice@10.0.0.7` and a version such as `web@1.1.0` have
# a letter or digit before it and stay; only the words that call everyone are broken up there too,
# where no domain begins with them.
_AT = "@\uff20\ufe6b"
_MENTION = lazy_pattern(
    rf"(?<![A-Za-z0-9])[{_AT}](?=\S)"
    rf"|[{_AT}](?=(?:everyone|here|channel|all|room|group|team)(?![\w-]|\.\w))",
    re.IGNORECASE,
)
# Each with characters of which a text has one where it matches: most texts have none, and those of
# an action often compile no expression at all.
_BROKEN_UP = ((_EXPRESSION, "{}%"), (_ENTITY, "&"), (_REFERENCE, "<"), (_MENTION, _AT))
# What a reader of Markdown, errbot above all, takes for the start of a heading, list, quotation,
# table, block of code or HTML, definition, footnote or list of attributes, or for a rule or the
# underline of a heading.
_MARKED = lazy_pattern(
    r"[#>|{<]|(?:[-+*:]|\d+[.)])(?:\s|(?![\s\S]))|\*?\[[^\]]*\]:|```|~~~|[-=_*|: ]+(?![\s\S])"
)
# What is put before such a line: seen in every chat, and the start of nothing in any.
_NOT_MARKED = "· "
# Invisible marks that reorder or hide text. Joiners (U+200C, U+200D) stay: Persian and emoji need
# them.
_KEPT_FORMAT_CHARACTERS = {"\u200c", "\u200d"}
_BLANK_RUNS = lazy_pattern(r"[ \t]{2,}")
_WORD = lazy_pattern(r"\S+\s*|\s+")


def neutralise(text: str) -> str:
    """The text with nothing in it that StackStorm evaluates, a relay obeys or a reader cannot see.

    Line breaks stay; it may be applied twice without changing more.
    """
    clean = text
    if not (text.isascii() and text.isprintable()):
        visible = without_sequences(text).replace("\r\n", "\n")
        clean = "".join(_safe_character(character) for character in visible)
    # Breaking one thing can uncover no other: each step only adds blanks.
    for pattern, characters in _BROKEN_UP:
        if any(one in clean for one in characters):
            clean = pattern.sub(lambda match: match.group(0) + " ", clean)
    return clean


def is_evaluated(text: str) -> bool:
    """Whether StackStorm evaluates something in the text, or it holds what no relay and no reader
    may see.

    A room or a config may name people and channels (`@alice`, `<@U1>`), which `neutralise` would
    break up.
    """
    return bool(_EXPRESSION.search(text)) or any(_safe_character(one) != one for one in text)


def _safe_character(character: str) -> str:
    if character == "\n" or " " <= character < "\x7f":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cs" or (category == "Cf" and character not in _KEPT_FORMAT_CHARACTERS):
        return ""
    return character


def neutralise_data(value: Any, depth: int = 0) -> Any:
    """A result with every string in it, keys too, neutralised; what is no JSON becomes text or a
    list."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return neutralise_data(value.value, depth)
    if isinstance(value, str):
        return shorten(neutralise(value), DATA_CHARACTERS)
    if depth >= _DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            neutralise(str(key)): neutralise_data(item, depth + 1) for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [neutralise_data(item, depth + 1) for item in value]
    if isinstance(value, datetime):
        return stamp(value)
    return shorten(neutralise(str(value)), DATA_CHARACTERS)


def message(text: str, characters: int = MESSAGE_CHARACTERS, lines: int = MESSAGE_LINES) -> str:
    """A text as a room may get it: neutralised, no blank lines, no indentation, at most so long."""
    rows = [_BLANK_RUNS.sub(" ", row).strip() for row in neutralise(text).split("\n")]
    rows = [not_marked(row) for row in rows if row]
    if len(rows) > lines:
        hidden = len(rows) - lines + 1
        rows = [*rows[: lines - 1], f"… and {hidden} more lines"]
    return shorten("\n".join(rows), characters)


def not_marked(line: str) -> str:
    """The line, with a dot before it where a reader of Markdown took its start for more than text:
    `· #12 is done`.

    Names stay as they are, so that they can be copied: errbot eats `*x*`, `_x_` and backticks in a
    line, though no underscore between two letters.
    """
    return _NOT_MARKED + line if _MARKED.match(line) else line


def shorten(text: str, characters: int) -> str:
    """The text, cut with an ellipsis where it is longer."""
    return text if len(text) <= characters else text[: max(characters - 1, 0)].rstrip() + "…"


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends already or is cut: the ellipsis stays."""
    whole = text.rstrip()
    return whole if whole.endswith(("…", "!", "?")) else whole.rstrip(".") + "."


def in_lines(text: str, hint: str = "") -> Tuple[str, str]:
    """A message and its hint, which are said after one another, with line breaks where a line were
    too long for IRC."""
    answer = f"{text} {hint}" if hint else text
    if answer.isascii() or all(_bytes(row) <= LINE_BYTES for row in answer.split("\n")):
        return text, hint
    # What was in the middle of a line may be at the start of one now.
    rows, hints = ([not_marked(row.strip()) for row in _broken(one)] for one in (text, hint))
    if hint and _bytes(f"{rows[-1]} {hints[0]}") > LINE_BYTES:
        rows.append("")
    return "\n".join(rows), "\n".join(hints)


def _broken(text: str) -> List[str]:
    rows: List[str] = []
    for row in text.split("\n"):
        if _bytes(row) <= _BROKEN_BYTES:
            rows.append(row)
            continue
        line = ""
        # Blanks are where it is broken; a word that is too long on its own is broken anywhere.
        for piece in _WORD.findall(row):
            if line and _bytes(line + piece.rstrip()) > _BROKEN_BYTES:
                rows.append(line.rstrip())
                line = ""
            for character in piece:
                if _bytes(line + character) > _BROKEN_BYTES:
                    rows.append(line)
                    line = ""
                line += character
        rows.append(line.rstrip())
    return rows


def _bytes(text: str) -> int:
    return len(text.encode("utf-8"))


def one_line(text: str, characters: int = 120) -> str:
    """A text from outside as a part of a sentence: neutralised, on one line, short."""
    return shorten(" ".join(neutralise(text).split()), characters)


def table(
    rows: Iterable[Sequence[str]], narrow: str = "", heading: str = "", foot: str = ""
) -> str:
    """Rows as lines that read well in any font: cells joined by ` | `, nothing padded, empty cells
    left out.

    As many rows as one message holds; then a line counts the rest and says how to narrow
    (`narrow`). `foot` is the last line, whatever is left out before it.
    """
    lines = [
        not_marked(" | ".join(cell for cell in (one_line(str(cell)) for cell in row) if cell))
        for row in rows
    ]
    text = ""
    for shown in range(min(len(lines), MESSAGE_LINES), -1, -1):
        rest = [_rest(len(lines) - shown, narrow)] if shown < len(lines) else []
        candidate = [line for line in (heading, *lines[:shown], *rest, foot) if line]
        text = "\n".join(candidate)
        if len(candidate) <= MESSAGE_LINES and len(text) <= MESSAGE_CHARACTERS:
            break
    return text


def _rest(count: int, narrow: str) -> str:
    return f"… and {count} more" + (f"; {narrow}" if narrow else "")


def length(seconds: float) -> str:
    """A length of time in words: `0.25 s`, `3 s`, `45 s`, `10 min`; as exact as it matters."""
    if seconds < 1:
        return f"{seconds:.2g} s"
    return f"{round(seconds, 1):g} s" if seconds < 120 else f"{round(seconds / 60, 1):g} min"


def span(seconds: float) -> str:
    """A length of time as people say it: `0.4 s`, `12 s`, `3 min`, `2 h 5 min`, `4 d`."""
    if seconds < 0.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if minutes < 5 and rest else f"{minutes} min"
    if whole < 86400:
        hours, minutes = divmod(whole // 60, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{whole // 86400} d"


def stamp(moment: datetime) -> str:
    """A moment as data: ISO 8601 in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(moment: datetime, now: datetime) -> str:
    """A moment as people read it: `14:02 UTC` today, else `2026-11-23 14:02 UTC`."""
    moment, now = moment.astimezone(timezone.utc), now.astimezone(timezone.utc)
    return moment.strftime("%H:%M UTC" if moment.date() == now.date() else "%Y-%m-%d %H:%M UTC")
