"""What a service answered, and what a sentence may say of it."""

from __future__ import annotations

import json as json_module
import re
from dataclasses import field
from typing import Any, Callable, Dict, Mapping, Tuple

from ..errors import Code, Failure
from ..secrets import redact
from ..structs import dataclass
from ..text import shorten
from ..text.charset import decoded


@dataclass(frozen=True)
class Response:
    """What came back. Header names are lower case. `url` is as a sentence may show it, `method` in
    upper case, `secrets` are texts that no sentence may hold."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    secrets: Tuple[str, ...] = field(default=(), repr=False)
    method: str = ""

    @property
    def ok(self) -> bool:
        """Whether the server says that it did what was asked."""
        return 200 <= self.status < 300

    @property
    def facts(self) -> Dict[str, Any]:
        """The facts of a failure that this response means: `sent`, since it may have changed
        something, except after a GET."""
        return {"url": self.url, "status": self.status, "sent": self.method != "GET"}

    @property
    def text(self) -> str:
        """The body as text without its byte order mark, in the charset that the response names;
        never raises."""
        named = re.search(
            r"charset=[\"']?([\w.-]+)", self.headers.get("content-type", ""), re.IGNORECASE
        )
        return decoded(self.body, named.group(1) if named else "")

    def json(self, read: Callable[[str], Any] = json_module.loads) -> Any:
        """The body as JSON, read by `read`. Raises Failure(bad_answer) that names what came
        instead.

        Its fact `sent` is false for a page with status 200: what answers so, a login page or the
        portal of a network, is not what was asked for, and has done nothing.
        """
        try:
            return read(self.text)
        except (ValueError, RecursionError):
            failure = self.unexpected(f"answered {self._looks_like()} where JSON was expected")
            if self.is_page and self.status == 200:
                failure.facts["sent"] = False
            raise failure from None

    def content(self) -> Any:
        """The body as JSON; None where it is none. For errors, which explain themselves or do
        not."""
        try:
            return json_module.loads(self.text)
        except (ValueError, RecursionError):
            return None

    def unexpected(self, what: str) -> Failure:
        """The failure that a response of another form is: `what` follows its address in a
        sentence, without a full stop."""
        return Failure(Code.BAD_ANSWER, f"{self.url} {what}.", facts=self.facts)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, HTML or XML, where an interface for programs was
        asked."""
        return self.text.lstrip("\ufeff \t\r\n").startswith("<")

    def _looks_like(self) -> str:
        start = self.text.lstrip()[:60]
        if not start:
            return "with an empty page"
        if self.is_page:
            return "with an HTML or XML page (a login page, perhaps)"
        return "'" + shorten(redact(" ".join(start.split()), self.secrets), 40) + "'"
