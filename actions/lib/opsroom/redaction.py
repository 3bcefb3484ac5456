"""Keeping secrets out of sentences: credentials, query strings and Authorization values never reach a room or a log."""

from __future__ import annotations

import base64
import re
from typing import Iterable, Tuple
from urllib.parse import quote, quote_plus, unquote, urlsplit, urlunsplit

HIDDEN = "***"

# In web addresses a token may stand where the user's name does; elsewhere (ssh://git@host) the name is no secret.
_WEB_USER = re.compile(r"(?i)\b(https?://)[^/\s?#]*@")
_PASSWORD = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s]*@")
_QUERY = re.compile(r"(?i)\b(https?://[^\s?'\"<>]+)\?[^\s'\"<>]*")
_AUTHORIZATION = re.compile(r"(?i)\b((?:proxy-)?authorization\b['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"}]+")
# A shorter text is no secret worth the name, and hiding it would blank out ordinary words.
_SHORTEST = 4


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets (also as they look in an address), without credentials in addresses, query
    strings and Authorization values."""
    for secret in sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True):
        for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(form, HIDDEN)
    text = _AUTHORIZATION.sub(rf"\g<1>{HIDDEN}", text)
    text = _WEB_USER.sub(rf"\g<1>{HIDDEN}@", text)
    text = _PASSWORD.sub(rf"\g<1>:{HIDDEN}@", text)
    return _QUERY.sub(r"\g<1>?…", text)


def shown_url(url: str, secrets: Iterable[str] = ()) -> str:
    """An address as a sentence may show it: scheme, host, port and path; no credentials, query or fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # "http://[": what cannot be taken apart is not shown in part either
        return "the configured address"
    host = parts.netloc.rpartition("@")[2]
    return redact(f"{parts.scheme}://{host}{parts.path}", secrets)


def without_credentials(url: str) -> Tuple[str, str, str]:
    """The address without `user:password@`, the Authorization they stand for, and the password."""
    try:
        parts = urlsplit(url)
        if "@" not in parts.netloc:
            return url, "", ""
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return url, "", ""
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return bare, f"Basic {token}", password or user
