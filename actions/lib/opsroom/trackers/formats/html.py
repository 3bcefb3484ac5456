"""HTML as plain text: what a tracker that stores HTML returns, as a room can show it."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import List, Optional, Tuple

from ...structs.patterns import lazy_pattern


def from_html(source: str) -> str:
    """HTML as plain text: lines where it has lines, the text of links and (where it differs) their
    address."""
    reader = _Reader()
    try:
        reader.feed(_NO_TAG.sub("&lt;", source))
        reader.close()
    except (AssertionError, NotImplementedError):  # a marked section that html.parser cannot read
        return unescape(re.sub(r"<[^<>]*>", " ", source)).strip()
    return reader.text()


_LINES = {
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "figcaption", "figure",
    "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table",
    "tbody", "thead", "tr", "ul",
}  # fmt: skip
_APART = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
# html.parser takes minutes over a page of tags that do not end; what is no whole tag is text.
_NO_TAG = lazy_pattern(r"<(?![^<>]*>)")
_UNSEEN = {"script", "style", "template", "title"}
# The space of HTML: a blank that must not break (U+00A0) is none of it.
_SPACE = lazy_pattern(r"[ \t\n\r\f]+")


class _Reader(HTMLParser):
    """Collects lines: `_wanted` is how many line breaks must come before the next text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: List[str] = []
        self._wanted = 0
        self._blank = False
        self._unseen = 0
        self._pre = 0
        self._links: List[Tuple[str, int]] = []

    def error(self, message: str) -> None:
        """Python 3.8 and 3.9 call it for what they cannot read."""
        raise AssertionError(message)

    def text(self) -> str:
        lines = "".join(self._parts).replace("\xa0", " ").split("\n")
        return "\n".join(line.rstrip() for line in lines).strip("\n")

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._flush()
            self._parts.append("\n")
            self._blank = False
        elif tag == "a":
            self._links.append((values.get("href", ""), len(self._parts)))
        elif tag == "img":
            self._say(values.get("alt", ""))
        elif tag in ("td", "th"):
            self._blank = True
        elif tag in _LINES:
            self._break(tag)
            self._pre += tag == "pre"
            if tag == "li":
                self._say("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a" and self._links:
            address, begun = self._links.pop()
            if (
                re.match(r"(?i)https?://", address)
                and "".join(self._parts[begun:]).strip() != address
            ):
                self._say(f" ({address})")
        elif tag in _LINES:
            if tag == "pre":
                self._pre = max(0, self._pre - 1)
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._pre:
            self._say(data)
            return
        plain = _SPACE.sub(" ", data)
        if plain.startswith(" "):
            self._blank = True
        if plain.strip(" "):
            self._say(plain.strip(" "))
            self._blank = plain.endswith(" ")

    def _break(self, tag: str) -> None:
        self._wanted = max(self._wanted, 2 if tag in _APART else 1)
        self._blank = False

    def _flush(self) -> None:
        """Write the line breaks that are due; those at the beginning and those that are already
        there are not."""
        if self._wanted and self._parts:
            tail = "".join(self._parts[-3:])
            present = len(tail) - len(tail.rstrip("\n"))
            self._parts.append("\n" * max(0, self._wanted - present))
        self._wanted = 0

    def _say(self, text: str) -> None:
        if not text:
            return
        self._flush()
        if self._blank and self._parts and not self._parts[-1].endswith(("\n", " ")):
            self._parts.append(" ")
        self._blank = False
        self._parts.append(text)
