"""Texts of answers: without what a chat reads as a command of its own, in pieces that it takes."""

from __future__ import annotations

import re
from typing import Iterator

from .seal import without_seals

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")


def clean(text: object, shown: str = "") -> str:
    """An answer without control characters (line breaks and tabs stay) and without sealed speakers,
    for which `shown` stands."""
    lines = str(text).replace("\r\n", "\n").replace("\r", "\n")
    return without_seals(_CONTROLS.sub("", lines), shown).strip("\n")


def addressed(text: str, name: str) -> str:
    """The answer with the name of who asked before it, unless it names them already."""
    if not name or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
        return text
    return f"{name}: {text}"


def pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most `limit` bytes of UTF-8, cut at line breaks, else at blanks,
    else between characters."""
    while len(text.encode()) > limit:
        head = text.encode()[:limit].decode("utf-8", "ignore")
        for mark in ("\n", " "):
            at = head.rfind(mark)
            if at > limit // 4:
                head = head[:at]
                break
        yield head
        text = text[len(head) :]
        text = text[1:] if text[:1] in ("\n", " ") else text
    yield text
