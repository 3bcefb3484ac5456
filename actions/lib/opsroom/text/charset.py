"""Bytes from outside as text: byte order marks, UTF-16 and UTF-32 included. Pure."""

from __future__ import annotations

import codecs

# The longer ones first: that of UTF-16 is the beginning of one of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"


def decoded(body: bytes, named: str = "") -> str:
    """The text of a body without its byte order mark; never raises.

    A byte order mark counts most, then the zeros among the first four bytes that every text of
    Latin letters has in UTF-16 and UTF-32 (RFC 4627, section 3), then the charset that the sender
    has `named`, then UTF-8. Programs that read a file with a mark pass it on at the beginning of
    their own text; that one goes too.
    """
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(charset, "replace").lstrip(_MARK)
    charset = _by_zeros(body[:4]) or named or "utf-8"
    try:
        text = body.decode(charset, "replace")
    except (
        LookupError,
        ValueError,
    ):  # a charset that nobody knows, or one that is none for pages, such as idna
        text = body.decode("utf-8", "replace")
    return text.lstrip(_MARK)


def unmarked(text: str) -> str:
    """A text without blanks and byte order marks at either end."""
    return text.strip().strip(_MARK).strip()


def _by_zeros(start: bytes) -> str:
    zeros = tuple(byte == 0 for byte in start)
    if zeros == (True, True, True, False):
        return "utf-32-be"
    if zeros == (False, True, True, True):
        return "utf-32-le"
    if zeros[:2] == (True, False):
        return "utf-16-be"
    if zeros[:2] == (False, True):
        return "utf-16-le"
    return ""
