"""The pager kind webhook: signed JSON of any shape to any address, which cannot be followed."""

from __future__ import annotations

import json
import time
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from ..config.fields import Fields
from ..config.templates import read_json_template
from ..errors import Code, Failure
from ..http.options import LOOK_FOR, TIME_LIMIT, read_look_for, read_verify
from ..secrets import redact
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import filled, holds
from ..text import one_line
from ..webhooks.signature import KEY_PREFIX, STANDARD, signature, signing_key, standard_headers
from . import Delivery, Incident, Page, Paged, Pager, State, Target, printable, title_of

if TYPE_CHECKING:
    from ..http.client import HttpClient
    from ..http.response import Response

SIGNATURE = "X-Opsroom-Signature"
KEY = "Idempotency-Key"
# What a template may hold, and what is sent where the config has none.
KNOWN = ("text", "title", "who", "room", "target", "urgent", "mark", "link")
DEFAULT: Mapping[str, str] = {name: f"{{{name}}}" for name in KNOWN}

_URL = lazy_pattern(r"^(?i:https?)://[^\s/]\S*$")
_HEADER = lazy_pattern(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}(?![\s\S])")
_HEADER_VALUE = lazy_pattern(r"^[\x20-\x7e\xa0-\xff]+(?![\s\S])")
# Many services put the secret into the path: a part as long as this is not shown.
_LONG = 16
# Statuses that are explained here. 401, 403, 408 and 429 mean the same everywhere.
_EXPLAINED = tuple(one for one in range(400, 500) if one not in (401, 403, 407, 408, 429))
_MAX_ID = 200


class Signature(str, Enum):
    """Which signature goes with a page: the headers of Standard Webhooks, the one header of
    opsroom up to 0.3, or both."""

    STANDARD = "standard"
    OPSROOM = "opsroom"
    BOTH = "both"


@dataclass(frozen=True)
class Options:
    """The address, how a page is signed, what it looks like, and what the response means."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    signature: Signature = Signature.BOTH
    signature_header: str = SIGNATURE
    template: Any = field(default_factory=dict)
    answer_id: str = ""
    repeatable: bool = False
    target: str = ""
    time_limit: float = TIME_LIMIT
    verify: str = ""
    look_for: float = LOOK_FOR
    key: str = ""


def read_options(fields: Fields) -> Options:
    """JSON of any shape to any address.

    - `url`: the address to which a page is sent.
    - `method`: the method of the request.
    - `headers`: headers that are sent along.
    - `secret` (text): what requests are signed with: `whsec_` and base64, or any other text.
    - `signature` (`standard`, `opsroom` or `both`; default `both`): which signature is sent: the
      headers of Standard Webhooks, the header of opsroom 0.3, or both. The next version sends
      `standard` only.
    - `signature_header`: the name of the header of opsroom 0.3.
    - `template` (mapping or list; default all of them by their names): the JSON that is sent.
    - `answer_id` (JMESPath expression): where the id of the incident is in the JSON of the answer,
      such as `incident.id`.
    - `repeatable`: the receiver makes one page of requests with the same `Idempotency-Key`, so that
      a page whose answer was lost may be sent again.
    - `target` (text): what `{target}` stands for where a team names nothing.
    - `time_limit`: how long all of it may take, with retries.
    """
    headers = fields.text_map("headers", hidden=True)
    secret = fields.secret("secret", "", expected="a text to sign with")
    header = fields.text(
        "signature_header", SIGNATURE, pattern=_HEADER, expected="the name of a header"
    )
    options = Options(
        url=fields.text("url", pattern=_URL, expected="an http or https address", hidden=True),
        method=fields.text("method", "POST", choices=("POST", "PUT")),
        headers=headers,
        secret=secret,
        signature=_read_signature(fields, secret, header, headers),
        signature_header=header,
        template=read_json_template(fields, "template", KNOWN, DEFAULT),
        answer_id=fields.text(
            "answer_id", "", expected="a JMESPath expression such as incident.id"
        ),
        repeatable=fields.flag("repeatable", default=False),
        target=fields.text(
            "target", "", expected="what {target} stands for where a team names nothing"
        ),
        time_limit=fields.seconds("time_limit", TIME_LIMIT, minimum=0.1),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
        key=fields.path,
    )
    for one in KNOWN:
        if f"{{{one}}}" in options.url:
            fields.problem("url", f"{{{one}}} is not filled in here, only in template")
    for name in ("signature", "signature_header"):
        if fields.has(name) and not fields.has("secret"):
            fields.problem("secret", f"expected one beside {name}")
    ours = {KEY.lower(), "content-type", *_signature_headers(options)}
    for name, value in options.headers.items():
        if not _HEADER.match(name):
            fields.problem(f"headers.{name}", "expected the name of a header")
        elif name.lower() in ours:
            fields.problem(f"headers.{name}", "expected a header that opsroom does not set itself")
        elif value and not _HEADER_VALUE.match(value):
            fields.problem(
                f"headers.{name}", "expected one line of Latin letters, digits and signs"
            )
    return options


def _read_signature(
    fields: Fields, secret: str, header: str, headers: Mapping[str, str]
) -> Signature:
    """The key `signature`. Without it both are sent, so that no receiver has to change anything on
    the day of the update; only the old one where a config of 0.3 has no room for the new ones."""
    raw = fields.text("signature", "", choices=[one.value for one in Signature])
    chosen = Signature(raw) if raw in [one.value for one in Signature] else None
    if chosen is Signature.OPSROOM:
        return chosen
    is_key = not secret.startswith(KEY_PREFIX) or bool(signing_key(secret))
    taken = [name for name in (header, *headers) if name.lower() in STANDARD]
    if chosen is None:
        return Signature.BOTH if is_key and not taken else Signature.OPSROOM
    if not is_key:
        fields.problem("secret", f"expected base64 after {KEY_PREFIX}")
    if header.lower() in STANDARD:
        fields.problem("signature_header", f"expected another header than {header} beside it")
    return chosen


def _signature_headers(options: Options) -> Tuple[str, ...]:
    """The names, in lower case, of the headers that sign a page."""
    if not options.secret:
        return ()
    old = (options.signature_header.lower(),)
    return {
        Signature.STANDARD: STANDARD,
        Signature.OPSROOM: old,
        Signature.BOTH: (*STANDARD, *old),
    }[options.signature]


def read_target(fields: Fields, key: str) -> Target:
    """A text: what `{target}` stands for."""
    name = fields.text(key, expected="a text, what {target} stands for")
    return Target("target", name, name)


def make(options: Options, *, name: str, store: Any, keep: Any) -> WebhookPager:
    """The pager. It needs neither the database nor a folder."""
    return WebhookPager(options, name)


class WebhookPager(Pager):
    """Sends one request for each page, and can do nothing else."""

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._key = options.key or f"pagers.{name}"
        self.subject = f"{name} is a webhook and"

    def default_target(self) -> Optional[Target]:
        """That of the config; without one, the receiver itself, if its JSON names no target
        anyway."""
        options = self._options
        if options.target:
            return Target("target", options.target, options.target)
        return None if holds(options.template, "target") else Target("target", "", self._name)

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        return Target("target", identity, shown) if identity else None

    def page(self, page: Page) -> Paged:
        """Raises Failure as `HttpClient.send` does, and not_accepted and gone. What it says without
        a doubt is not in doubt: its fact `sent` is false."""
        response = self._send(page)
        if response.status >= 400:
            raise self._turned_down(response)
        return self._taken(page, response)

    def find(self, page: Page) -> Optional[Paged]:
        """Where the receiver knows a page by its key, it is sent again: the receiver has it once
        then, whether the first one arrived or not.

        Raises Refusal(not_possible) where it does not.
        """
        if not self._options.repeatable:
            raise self.refusal("say whether a page arrived")
        try:
            return self.page(page)
        except Failure as failure:
            # Whatever this one came to: the first may have arrived.
            failure.facts["sent"] = True
            failure.facts.pop("status", None)
            raise

    def _send(self, page: Page) -> Response:
        options = self._options
        content = filled(options.template, _values(page))
        body = json.dumps(content, ensure_ascii=False).encode("utf-8")
        headers: Dict[str, str] = {"Content-Type": "application/json", KEY: page.mark}
        at = int(time.time())
        if options.secret and options.signature is not Signature.OPSROOM:
            # The mark, so that a page that is sent again has the same id.
            headers.update(standard_headers(options.secret, page.mark, body, at))
        if options.secret and options.signature is not Signature.STANDARD:
            headers[options.signature_header] = signature(options.secret, body, at)
        try:
            return self._http().send(
                options.method,
                options.url,
                headers=headers,
                data=body,
                accept=_EXPLAINED,
                # By the standard a PUT is, but not every receiver knows a page that it has already.
                idempotent=options.repeatable,
            )
        except Failure as failure:
            raise self._explained(failure) from None

    def _http(self) -> HttpClient:
        from ..http.client import HttpClient

        options = self._options
        parts = [part for part in urlsplit(options.url).path.split("/") if len(part) >= _LONG]
        return HttpClient(
            headers={"Accept": "application/json, */*", **options.headers},
            secrets=[options.secret, *parts],
            time_limit=options.time_limit,
            verify=options.verify,
            address_key=f"{self._key}.url",
        )

    def _explained(self, failure: Failure) -> Failure:
        """With the key of the config that an administrator would look at."""
        key = self._key
        if failure.code is Code.UNAUTHORIZED:
            failure.hint = f"See {key}.headers and {key}.secret."
        elif failure.code is Code.UNREACHABLE and not failure.facts.get("sent"):
            failure.hint = f"See {key}.url and {key}.verify."
        return failure

    def _turned_down(self, response: Response) -> Failure:
        facts: Dict[str, Any] = {"url": response.url, "status": response.status, "sent": False}
        if response.status == 409 and self._options.repeatable:
            # A receiver that knows the key says so while the first request is still being handled.
            del facts["status"]
            message = (
                f"{response.url} is already working on it, or has another page with this key (409)."
            )
            return Failure(Code.BAD_ANSWER, message, facts={**facts, "sent": True})
        if response.status == 410:
            message = f"{response.url} is gone for good (410)."
            return Failure(Code.GONE, message, f"Put its new address into {self._key}.url.", facts)
        because = f": {_quoted(response)}" if response.body.strip() else ""
        hint = f"See {self._key}: " + (
            "url and method." if response.status in (404, 405) else "template."
        )
        message = f"{response.url} rejected the page with {response.status}{because}."
        return Failure(Code.NOT_ACCEPTED, message, hint, facts)

    def _taken(self, page: Page, response: Response) -> Paged:
        notes: List[str] = []
        delivery = Delivery.ACCEPTED
        if response.status == 202:
            delivery = Delivery.UNCONFIRMED
            notes.append(
                f"{response.url} accepted it for later (202) and cannot be asked for the outcome."
            )
        elif "html" in response.headers.get("content-type", "").lower():
            delivery = Delivery.UNCONFIRMED
            notes.append(
                f"{response.url} answered with a web page (a login page, perhaps), which proves "
                "nothing."
            )
        number = self._id(response) if self._options.answer_id else page.mark
        incident = Incident(
            id=number,
            number=number,
            title=title_of(page.text),
            state=State.TRIGGERED,
            target=page.target.shown,
        )
        return Paged(incident, delivery, notes=tuple(notes))

    def _id(self, response: Response) -> str:
        from ..expressions import ExpressionProblem, find_in_json

        try:
            content = response.json()
        except Failure as failure:
            # Here a page may be all that the receiver says when it has taken something.
            failure.facts["sent"] = True
            raise
        try:
            value: Any = find_in_json(self._options.answer_id, content)
        except ExpressionProblem as problem:
            raise self._no_id(
                response, f"to which the expression cannot be put: {one_line(str(problem))}"
            ) from None
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self._no_id(response, "without one")
        number = one_line(str(value), _MAX_ID)
        if not number:
            raise self._no_id(response, "with an empty one")
        return number

    def _no_id(self, response: Response, what: str) -> Failure:
        facts = {"url": response.url, "status": response.status, "sent": True}
        message = (
            f"{response.url} should answer with an id at '{self._options.answer_id}' and "
            f"answered {what}."
        )
        return Failure(Code.BAD_ANSWER, message, f"See {self._key}.answer_id.", facts)


def _values(page: Page) -> Dict[str, Any]:
    author = page.author
    texts = {
        "text": page.text,
        "title": title_of(page.text),
        "who": author.shown,
        "room": author.room,
        "target": page.target.id,
        "mark": page.mark,
        "link": author.link,
    }
    return {**{name: printable(value) for name, value in texts.items()}, "urgent": page.urgent}


def _quoted(response: Response) -> str:
    text = response.text
    if text.lstrip().startswith("<"):
        return "with a web page"
    return one_line(redact(text, response.secrets), 160).rstrip(". ")
