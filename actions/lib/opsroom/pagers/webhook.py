"""The pager kind webhook: JSON of any shape to any address, signed. What came of it cannot be
asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from ..config.fields import Fields
from ..deadline import LOOK_FOR, LOOK_FOR_MOST
from ..errors import Code, Failure, Refusal
from ..people import Author
from ..text import one_line
from . import Alarm, Delivery, Duty, Incident, Paged, State, Target
from .email import plain, title_of
from .shape import KNOWN, filled, holds, read_shape

if TYPE_CHECKING:
    from ..http.client import HttpClient
    from ..http.response import Response

SIGNATURE = "X-Opsroom-Signature"
KEY = "Idempotency-Key"
_URL = re.compile(r"^(?i:https?)://[^\s/]\S*$")
_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}(?![\s\S])")
_HEADER_VALUE = re.compile(r"^[\x20-\x7e\xa0-\xff]+(?![\s\S])")
# Many services put the secret into the path: a part as long as this is not shown.
_LONG = 16
# Answers that are read here, for what they say: 401, 403, 408 and 429 mean the same everywhere.
_TOLD = tuple(one for one in range(400, 500) if one not in (401, 403, 407, 408, 429))
_LONGEST_ID = 200


@dataclass(frozen=True)
class Options:
    """Where to, how it is signed, what it looks like, and what its answer means."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    signature_header: str = SIGNATURE
    template: Any = field(default_factory=dict)
    answer_id: str = ""
    repeatable: bool = False
    target: str = ""
    time_limit: float = 10.0
    verify: str = ""
    look_for: float = LOOK_FOR
    key: str = ""


def read_options(fields: Fields) -> Options:
    """The keys `url`, `method`, `headers`, `secret`, `signature_header`, `template`, `answer_id`,
    `repeatable`, `target`, `time_limit`, `verify`."""
    options = Options(
        url=fields.text("url", pattern=_URL, expected="an http or https address", hidden=True),
        method=fields.text("method", "POST", choices=("POST", "PUT")),
        headers=fields.text_map("headers", hidden=True),
        secret=fields.secret("secret", "", expected="a text to sign with"),
        signature_header=fields.text(
            "signature_header", SIGNATURE, pattern=_HEADER, expected="the name of a header"
        ),
        template=read_shape(fields, "template"),
        answer_id=fields.text(
            "answer_id", "", expected="a JMESPath expression such as incident.id"
        ),
        repeatable=fields.flag("repeatable", default=False),
        target=fields.text(
            "target", "", expected="what {target} stands for where a team names nothing"
        ),
        time_limit=fields.seconds("time_limit", 10.0, minimum=0.1),
        verify=fields.text(
            "verify",
            "",
            pattern=re.compile(r"^/"),
            expected="the full path of a CA file (checking cannot be turned off)",
        ),
        look_for=fields.seconds("look_for", LOOK_FOR, maximum=LOOK_FOR_MOST),
        key=fields.path,
    )
    for one in KNOWN:
        if f"{{{one}}}" in options.url:
            fields.problem("url", f"{{{one}}} is not filled in here, only in template")
    if fields.has("signature_header") and not fields.has("secret"):
        fields.problem("secret", "expected one beside signature_header")
    ours = [
        KEY.lower(),
        "content-type",
        *([options.signature_header.lower()] if options.secret else []),
    ]
    for name, value in options.headers.items():
        if not _HEADER.match(name):
            fields.problem(f"headers.{name}", "expected the name of a header")
        elif name.lower() in ours:
            fields.problem(
                f"headers.{name}", "expected a header that opsroom does not set by itself"
            )
        elif value and not _HEADER_VALUE.match(value):
            fields.problem(
                f"headers.{name}", "expected one line of Latin letters, digits and signs"
            )
    return options


def read_target(fields: Fields, key: str) -> Target:
    """A text: what `{target}` stands for."""
    name = fields.text(key, expected="a text, what {target} stands for")
    return Target("target", name, name)


def make(options: Options, *, name: str, store: Any, keep: Any) -> WebhookPager:
    """The pager. It needs neither the database nor a folder."""
    return WebhookPager(options, name)


class WebhookPager:
    """Sends one request for each page. All else is not possible, and says so."""

    # Either it cannot look, or it sends again what the receiver knows by its key.
    settles_within = 0.0

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._key = options.key or f"pagers.{name}"

    def default_target(self) -> Optional[Target]:
        """That of the config; without one, the receiver itself, if its JSON names no target
        anyway."""
        options = self._options
        if options.target:
            return Target("target", options.target, options.target)
        return None if holds(options.template, "target") else Target("target", "", self._name)

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        return Target("target", identity, shown) if identity else None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        return ()

    def on_call(self, target: Target) -> Tuple[Duty, ...]:
        raise self._cannot("tell who is on call")

    def page(self, alarm: Alarm) -> Paged:
        """Raises Failure as `HttpClient.send` does, and not_accepted and gone. What it says without
        a doubt is not in doubt: its fact `sent` is false."""
        answer = self._send(alarm)
        if answer.status >= 400:
            raise self._turned_down(answer)
        return self._taken(alarm, answer)

    def find(self, alarm: Alarm) -> Optional[Paged]:
        """Where the receiver knows a page by its key, it is sent again: that is once, whether it
        had come or not.

        Raises Refusal(not_possible) where it does not.
        """
        if not self._options.repeatable:
            raise self._cannot("be asked whether a page arrived")
        try:
            return self.page(alarm)
        except Failure as failure:
            # Whatever this one came to: the first may have arrived.
            failure.facts["sent"] = True
            failure.facts.pop("status", None)
            raise

    def incident(self, id: str) -> Incident:
        raise self._cannot("be asked what became of a page")

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        raise self._cannot("be asked for its pages")

    def acknowledge(self, id: str, author: Author) -> Incident:
        raise self._cannot("be acknowledged; do that at its receiver, or tell the room")

    def resolve(self, id: str, author: Author) -> Incident:
        raise self._cannot("be resolved; do that at its receiver")

    def escalate(self, id: str, author: Author) -> Incident:
        raise self._cannot("be escalated; page somebody else")

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        raise self._cannot("take somebody more; page them")

    def _cannot(self, what: str) -> Refusal:
        return Refusal(Code.NOT_POSSIBLE, f"{self._name} is a webhook and cannot {what}.")

    def _send(self, alarm: Alarm) -> Response:
        import json

        from ..webhooks.signature import signature

        options = self._options
        body = json.dumps(filled(options.template, _values(alarm)), ensure_ascii=False).encode(
            "utf-8"
        )
        headers: Dict[str, str] = {"Content-Type": "application/json", KEY: alarm.mark}
        if options.secret:
            headers[options.signature_header] = signature(options.secret, body)
        try:
            return self._http().send(
                options.method,
                options.url,
                headers=headers,
                data=body,
                accept=_TOLD,
                # PUT by itself would be, but not every receiver knows that it puts the same page
                # twice.
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

    def _turned_down(self, answer: Response) -> Failure:
        facts: Dict[str, Any] = {"url": answer.url, "status": answer.status, "sent": False}
        if answer.status == 409 and self._options.repeatable:
            # With a key that it knows, this is how a receiver says that the first request is still
            # on its way.
            del facts["status"]
            message = (
                f"{answer.url} is at it already, or has another page under the same key (409)."
            )
            return Failure(Code.BAD_ANSWER, message, facts={**facts, "sent": True})
        if answer.status == 410:
            message = f"{answer.url} is gone for good (410)."
            return Failure(Code.GONE, message, f"Put its new address into {self._key}.url.", facts)
        said = f": {_quoted(answer)}" if answer.body.strip() else ""
        hint = f"See {self._key}: " + (
            "url and method." if answer.status in (404, 405) else "template."
        )
        message = f"{answer.url} does not take the page, it answered {answer.status}{said}."
        return Failure(Code.NOT_ACCEPTED, message, hint, facts)

    def _taken(self, alarm: Alarm, answer: Response) -> Paged:
        notes: List[str] = []
        delivery = Delivery.ACCEPTED
        if answer.status == 202:
            delivery = Delivery.UNCONFIRMED
            notes.append(
                f"{answer.url} took it for later (202); what comes of it, it cannot be asked."
            )
        elif "html" in answer.headers.get("content-type", "").lower():
            delivery = Delivery.UNCONFIRMED
            notes.append(
                f"{answer.url} answered with a web page (a login page, perhaps), which proves "
                "nothing."
            )
        number = self._id(answer) if self._options.answer_id else alarm.mark
        incident = Incident(
            id=number,
            number=number,
            title=title_of(alarm.text),
            state=State.TRIGGERED,
            target=alarm.target.shown,
        )
        return Paged(incident, delivery, notes=tuple(notes))

    def _id(self, answer: Response) -> str:
        from ..expressions import ExpressionProblem, find_in_json

        try:
            content = answer.json()
        except Failure as failure:
            # Here a page may be all that the receiver says when it has taken something.
            failure.facts["sent"] = True
            raise
        try:
            value: Any = find_in_json(self._options.answer_id, content)
        except ExpressionProblem as problem:
            raise self._no_id(
                answer, f"to which the expression cannot be put: {one_line(str(problem))}"
            ) from None
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self._no_id(answer, "without one")
        number = one_line(str(value), _LONGEST_ID)
        if not number:
            raise self._no_id(answer, "with an empty one")
        return number

    def _no_id(self, answer: Response, what: str) -> Failure:
        facts = {"url": answer.url, "status": answer.status, "sent": True}
        message = (
            f"{answer.url} was to answer with an id at '{self._options.answer_id}' and "
            f"answered {what}."
        )
        return Failure(Code.BAD_ANSWER, message, f"See {self._key}.answer_id.", facts)


def _values(alarm: Alarm) -> Dict[str, Any]:
    author = alarm.author
    texts = {
        "text": alarm.text,
        "title": title_of(alarm.text),
        "who": author.shown,
        "room": author.room,
        "target": alarm.target.id,
        "mark": alarm.mark,
        "link": author.link,
    }
    return {**{name: plain(value) for name, value in texts.items()}, "urgent": alarm.urgent}


def _quoted(answer: Response) -> str:
    from ..secrets import redact

    text = answer.text
    if text.lstrip().startswith("<"):
        return "with a web page"
    return one_line(redact(text, answer.secrets), 160).rstrip(". ")
