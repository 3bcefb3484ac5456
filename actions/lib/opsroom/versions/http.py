"""Ask an address which version runs: a JSON path, a header, a regular expression, or the whole
body."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Pattern
from urllib.parse import quote

from ..config.fields import Fields
from ..deploys import Target
from ..errors import Code, Failure
from ..expressions import search
from ..expressions.json_values import as_version, described, read
from ..http.options import read_verify
from ..names import VERSION, either, shown
from ..secrets import redact
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import fill, unknown
from ..text import one_line
from ..text.charset import unmarked
from ..text.terminal import without_sequences
from . import Running, VersionSource
from .expressions import found_by, read_expression

if TYPE_CHECKING:
    from ..http.response import Response

_KNOWN = ("app", "environment")
# A cache on the way may keep its copy, and has to ask whether it is still good (RFC 9111, section
# 5.2.1.4). Not `Pragma`: no cache of this century needs it (RFC 9111, section 5.4). What the config
# says takes their place.
_DEFAULTS = {"Accept": "application/json, text/plain, */*", "Cache-Control": "no-cache"}
# By these a cache shows that it answered: an age, or a word such as HIT. Varnish gives two numbers
# for a hit.
_CACHES = (
    "cache-status",
    "x-cache",
    "x-cache-status",
    "cf-cache-status",
    "x-proxy-cache",
    "x-vercel-cache",
)
_HIT = lazy_pattern(r"\b(?:hit|stale|updating)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """`url` with placeholders; at most one of `json`, `header`, `regex`; `time_limit` in s;
    `verify` a CA file."""

    url: str = field(repr=False)
    json: str = ""
    header: str = ""
    regex: Optional[Pattern[str]] = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    time_limit: float = 5.0
    verify: str = ""


def read_options(fields: Fields) -> Options:
    """Asks an address. Only one of `json`, `header` and `regex`; with none of them the whole body
    is the version.

    - `url`: the address that is asked, with GET.
    - `json` (JMESPath expression): where the version is in a JSON answer, such as `build.version`.
    - `header`: the header that has the version, such as `X-Version`.
    - `regex` (regular expression with a group): finds the version in the body, such as
      `v([0-9.]+)`: the group `version`, else the first; `^` and `$` mean lines.
    - `headers`: headers that are sent along.
    - `time_limit`: how long all of it may take, with redirects and retries.
    """
    options = Options(
        url=fields.text(
            "url",
            pattern=re.compile(r"^(?i:https?)://[^\s/]\S*$"),
            expected="an http or https address",
            hidden=True,
        ),
        json=fields.text("json", "", expected="a JMESPath expression such as build.version"),
        header=fields.text("header", "", expected="the name of a header"),
        regex=read_expression(fields, "regex"),
        headers=fields.text_map("headers", hidden=True),
        time_limit=fields.seconds("time_limit", 5.0, minimum=0.1),
        verify=read_verify(fields),
    )
    for name in unknown(options.url, _KNOWN):
        known = either(f"{{{one}}}" for one in _KNOWN)
        fields.problem("url", f"{{{name}}} is not filled in here; known: {known}")
    ways: List[str] = [key for key in ("json", "header", "regex") if fields.has(key)]
    if len(ways) > 1:
        fields.problem(
            ways[1],
            f"only one of json, header and regex can give the version; {ways[0]} is there too",
        )
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment."""
    values = {"app": target.app, "environment": target.environment}
    return HttpVersion(options, fill(options.url, values, lambda value: quote(value, safe="")))


class HttpVersion:
    """Asks the address each time."""

    def __init__(self, options: Options, url: str) -> None:
        self._options = options
        self._url = url

    def ask(self) -> Running:
        """Raises Failure: those of `HttpClient.send`, and bad_answer when the response holds no
        version."""
        from ..http.client import (
            HttpClient,
        )  # the config is read for every message, an address is asked for few

        options = self._options
        http = HttpClient(
            headers=_with_defaults(options.headers),
            time_limit=options.time_limit,
            verify=options.verify,
            # a page without rights; headers that may hold a secret do not go to another host
            follow=True,
        )
        answer = http.get(self._url)
        value = unmarked(without_sequences(self._value(answer)))
        if not VERSION.match(value):
            text = redact(shown(value), answer.secrets) if value else "nothing"
            raise _bad(answer, f"answered {text} where a version was expected")
        return Running(value, cached=redact(_cached(answer.headers), answer.secrets))

    def _value(self, answer: Response) -> str:
        options = self._options
        if options.json:
            return self._in_json(answer)
        if options.header:
            if options.header.lower() not in answer.headers:
                raise _bad(answer, f"answered without the header {options.header}")
            return unmarked(answer.headers[options.header.lower()])
        if options.regex is not None:
            value = found_by(options.regex, answer.text, f"the answer of {answer.url}")
            if value is None:
                raise _bad(answer, "answered nothing that the regular expression finds")
            return value
        return unmarked(answer.text)

    def _in_json(self, answer: Response) -> str:
        expression = self._options.json
        value = search(expression, answer.json(read), f"the JSON of {answer.url}")
        if value is None:
            raise _bad(
                answer,
                f"answered JSON in which there is no {shown(expression)} (it is missing, or null)",
            )
        found = as_version(value)
        if found is None:
            what = redact(described(value), answer.secrets)
            raise _bad(
                answer,
                f"answered JSON in which {shown(expression)} is {what}: neither a text nor a "
                "number",
            )
        return found


def _with_defaults(headers: Mapping[str, str]) -> Dict[str, str]:
    given = {name.lower() for name in headers}
    return {
        **{name: value for name, value in _DEFAULTS.items() if name.lower() not in given},
        **headers,
    }


def _cached(headers: Mapping[str, str]) -> str:
    """The headers of an answer by which a cache shows that it gave it: `Age: 120, X-Cache: HIT`."""
    found = (
        [f"Age: {headers['age']}"]
        if re.match(r"[0-9]{0,9}[1-9][0-9]{0,9}$", headers.get("age", ""))
        else []
    )
    shows = [name for name in _CACHES if _HIT.search(headers.get(name, ""))]
    return ", ".join(
        [*found, *(f"{name.title()}: {one_line(headers[name], 60)}" for name in shows[:1])]
    )


def _bad(answer: Response, what: str) -> Failure:
    facts = {"url": answer.url, "status": answer.status, "sent": True}
    return Failure(Code.BAD_ANSWER, f"{answer.url} {what}.", facts=facts)
