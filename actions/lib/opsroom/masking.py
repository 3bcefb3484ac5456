"""Secrets of the config, kept out of everything that is said, stored as a result or logged."""

from __future__ import annotations

import re
from typing import Any, Iterable, List, Mapping
from urllib.parse import unquote

from .text import neutralise

_SECRET_KEY = re.compile(
    r"token|password|passwd|secret|api_?key|authorization|credential|^totp$|^key$|^read_key$|^endpoint$|^headers$"
    r"|^environ$",
    re.I,
)
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@", re.I)
# Shorter values would blank out ordinary words.
_SHORTEST = 6
MASK = "********"


class Redactor:
    """Replaces known secret values in a text."""

    def __init__(self, values: Iterable[str]) -> None:
        known = {value for value in values if len(value) >= _SHORTEST}
        # A text may have been neutralised before it is masked.
        wanted = sorted(known | {neutralise(value) for value in known}, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(value) for value in wanted)) if wanted else None

    def text(self, text: str) -> str:
        """The text with every secret masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def data(self, value: Any) -> Any:
        """A result with every secret masked in every string, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        return value


def redactor_for(config: Mapping[str, Any]) -> Redactor:
    """A redactor for the values of a config that look like secrets by their key, and the passwords inside its URLs."""
    return Redactor(_secrets(config, secret=False))


def _secrets(value: Any, secret: bool) -> List[str]:
    if isinstance(value, str):
        in_urls = [part for raw in _URL_PASSWORD.findall(value) for part in (raw, unquote(raw))]
        return [value, *in_urls] if secret else in_urls
    if isinstance(value, Mapping):
        return [
            found
            for key, item in value.items()
            for found in _secrets(item, secret or bool(_SECRET_KEY.search(str(key))))
        ]
    if isinstance(value, (list, tuple)):
        return [found for item in value for found in _secrets(item, secret)]
    return []
