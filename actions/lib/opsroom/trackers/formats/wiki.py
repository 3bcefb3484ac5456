r"""Jira's wiki markup, which Data Center and Jira Cloud's older interface (v2) take and give: from
plain text and back.

How Jira's renderer reads it: `\X` is X for the characters in _ESCAPED, unless another backslash
precedes; `\\` is a line break; entities such as `&#92;` stay; `*`, `_` and their like begin
something only where no letter or digit precedes; `{` begins a macro anywhere, and `{{` is not
undone by backslashes; some things mean something only at the beginning of a line. What means
nothing is left alone, so that the text reads well in mails too.
"""

from __future__ import annotations

import re
from html import unescape
from typing import List
from urllib.parse import quote

from ...structs.patterns import lazy_pattern
from .text import Block, Code, blocks, spans

_ESCAPED = "-#*_+?^~|%{}[]()!@"
# Jira shows a complaint instead of code in a language that it does not know.
_LANGUAGES = {
    "actionscript3", "ada", "applescript", "bash", "c", "c#", "c++", "cpp", "css", "erlang", "go",
    "groovy", "haskell",
    "html", "java", "javascript", "js", "json", "lua", "objc", "perl", "php", "powershell",
    "python", "r", "ruby",
    "scala", "sh", "sql", "swift", "visualbasic", "xml", "yaml",
}  # fmt: skip
_HEADING = lazy_pattern(r"^(\s*)(h[1-6]|bq)\.(?=\s|\Z)", re.IGNORECASE)
_ENTITY = lazy_pattern(r"&#?\w{1,31};")
# All others stand for themselves.
_PERHAPS_ACTIVE = lazy_pattern(r"[\\&{}:\[\]|*_+^~\-#?!()]")
_FACE = lazy_pattern(r":[PpDd](?!\w)")
_BRACKET_FACE = lazy_pattern(r"\((?:y|n|i|/|x|!|\+|-|\?|on|off|\*[rgby]?|flag|flagoff)\)")


def markup(text: str) -> str:
    """The text as markup that shows it as it was written: no part of it means anything but fences
    and addresses."""
    return "\n\n".join(_block(block) for block in blocks(text))


def _block(block: Block) -> str:
    if not isinstance(block, Code):
        return "\n".join(_line(line) for line in block.lines)
    language, inside = block.language.lower(), block.text
    if language in _LANGUAGES and "{code" not in inside:
        return f"{{code:{language}}}\n{inside}\n{{code}}"
    if "{noformat" not in inside:
        return f"{{noformat}}\n{inside}\n{{noformat}}"
    if "{code" not in inside:
        return f"{{code}}\n{inside}\n{{code}}"
    # Both ends stand in it: one of them has to look a little different.
    return "{noformat}\n" + inside.replace("{noformat", "{ noformat") + "\n{noformat}"


def _line(line: str) -> str:
    parts = []
    at = 0
    for span in spans(line):
        at += len(span.text)
        if not span.address:
            parts.append(_escape(line, at - len(span.text), at))
            continue
        # Brackets show where it ends when something follows that could be a part of it.
        address = quote(span.address, safe="%/:=&?~#+!$,;'@()*_.-")
        parts.append(address if at == len(line) or line[at].isspace() else f"[{address}]")
    return _HEADING.sub(r"\1\2&#46;", "".join(parts))


def _escape(line: str, begin: int, end: int) -> str:
    parts: List[str] = []
    for found in _PERHAPS_ACTIVE.finditer(line, begin, end):
        parts += (line[begin : found.start()], _character(line, found.start()))
        begin = found.end()
    return "".join([*parts, line[begin:end]])


def _character(line: str, at: int) -> str:
    one, before, after = line[at], line[at - 1 : at], line[at + 1 : at + 2]
    if one == "\\":
        literal = after and after not in _ESCAPED and after not in "\\&" and before != "\\"
        return one if literal else "&#92;"
    if one == "&":
        return "&amp;" if _ENTITY.match(line, at) else one
    if one in "{}":
        return f"&#{ord(one)};" if one in (before, after) else "\\" + one
    if one == ":" and not before.isalnum() and _FACE.match(line, at):
        return "&#58;"
    active = (
        one in "[]|"
        or (one in "*_+^~-" and not before.isalnum())
        or (one == "#" and not line[:at].strip())
        or (one == "?" and "?" in (before, after))
        or (one == "!" and after.strip() != "")
        or (one in "()" and before != "" and before in ":;")
        or (one == "(" and _BRACKET_FACE.match(line, at) is not None)
    )
    return "\\" + one if active else one


_VERBATIM = lazy_pattern(r"(?<!\\)\{(code|noformat)(?::[^{}\n]*)?\}")
_MACRO = lazy_pattern(
    r"(?<!\\)\{(?:quote|color|panel|expand|anchor|section|column)(?::[^{}\n]*)?\}"
)
_LINK = lazy_pattern(r"(?<!\\)\[([^\[\]|\n]+)\|([^\[\]|\n]+)(?:\|[^\[\]\n]*)?\]")
_BARE_LINK = lazy_pattern(r"(?<!\\)\[((?i:https?)://[^\[\]|\s]+)\]")
_PERSON = lazy_pattern(r"(?<!\\)\[~(?:accountid:)?([^\[\]|\n]+)\]")
_MONOSPACE = lazy_pattern(r"(?<!\\)\{\{([^{}\n]+)\}\}")
_BEGINNING = lazy_pattern(r"^[ \t]*(?:h[1-6]\.[ \t]+|(bq\.)[ \t]+)", re.MULTILINE)
_UNESCAPED = lazy_pattern(r"\\\\|\\([" + re.escape(_ESCAPED) + r"])|&#?\w{1,31};")


def plain(source: str) -> str:
    """Markup as plain text: what is escaped as itself, code as it is, links with their addresses.
    Bold stays *bold*."""
    source = source.replace("\r\n", "\n")
    parts: List[str] = []
    done = 0
    while True:
        begin = _VERBATIM.search(source, done)
        end = source.find(f"{{{begin.group(1)}}}", begin.end()) if begin else -1
        if begin is None or end < 0:
            # What does not end is no block; looking for the end of each would take too long.
            return "".join([*parts, _plain(source[done:])]).strip("\n")
        parts.append(_plain(source[done : begin.start()]))
        parts.append(re.sub(r"^\n|\n\Z", "", source[begin.end() : end]))
        done = end + len(begin.group(1)) + 2


def _plain(source: str) -> str:
    text = _MACRO.sub("", source)
    text = _LINK.sub(lambda found: f"{found.group(1)} ({found.group(2)})", text)
    text = _BARE_LINK.sub(r"\1", text)
    text = _PERSON.sub(r"@\1", text)
    text = _MONOSPACE.sub(r"\1", text)
    text = _BEGINNING.sub(lambda found: "> " if found.group(1) else "", text)
    return _UNESCAPED.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    if found.group() == "\\\\":
        return "\n"
    return str(found.group(1) or unescape(found.group()))
