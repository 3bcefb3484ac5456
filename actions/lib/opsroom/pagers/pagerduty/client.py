"""Talking to PagerDuty: one time limit for all requests of a command, its way of saying "too many",
its errors."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.client import HttpClient
from ...http.errors import retry_after
from ...http.response import Response
from ...secrets import redact
from ...text import length, one_line
from .options import Options

Params = Sequence[Tuple[str, str]]

# Tests put their own here; seconds.
wait: Callable[[float], None] = time.sleep

# All that PagerDuty explains in its own words, but 408, after which nobody knows what was done.
_EXPLAINED = tuple(status for status in range(400, 500) if status != 408)
_ATTEMPTS = 3
# PagerDuty's own numbers of errors begin here; others put the status there.
_NUMBERS = 1000
# After a wait there must be time left for an answer, in seconds.
_ROOM = 1.0
_PAGE = 100
_MOST_PAGES = 3
_QUOTED = 240


@dataclass(frozen=True)
class Wrong:
    """An answer that is an error: PagerDuty's number for it (0 without one), its words, and what to
    raise."""

    status: int
    number: int
    text: str
    error: OpsroomError

    @property
    def not_there(self) -> bool:
        """Whether PagerDuty itself says that there is no such thing; a 404 of anybody else is that
        of no API."""
        return self.status == 404 and self.number >= _NUMBERS

    def says(self, words: str) -> bool:
        """Whether its words hold these, case aside."""
        return words.casefold() in self.text.casefold()


@dataclass(frozen=True)
class Told:
    """A good answer and where it came from. `secrets` are kept out of what is quoted of it."""

    url: str
    status: int
    content: Any
    secrets: Tuple[str, ...] = field(default=(), repr=False)

    def bad(self, what: str) -> Failure:
        """The failure that an answer of another shape is. After a request that makes something it
        is in doubt."""
        facts = {"url": self.url, "status": self.status, "sent": True}
        return Failure(
            Code.BAD_ANSWER, f"PagerDuty answered {what}.", f"It was asked at {self.url}.", facts
        )

    def part(self, key: str) -> Mapping[str, Any]:
        """The mapping under a key."""
        found = self.content.get(key) if isinstance(self.content, Mapping) else None
        if not isinstance(found, Mapping):
            raise self.bad(f"JSON without '{key}'")
        return found

    def rows(self, key: str) -> List[Mapping[str, Any]]:
        """The mappings of the list under a key."""
        found = self.content.get(key) if isinstance(self.content, Mapping) else None
        if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
            raise self.bad(f"JSON without a list of '{key}'")
        return found


class Talk:
    """The requests of one command to the pager `name` of the config, at the address `base`.

    `key` is the config's key whose value PagerDuty checks there: token, or routing_key with its
    value in `secret`. `deadline` is a moment of time.monotonic, by default the options' time limit
    from now.
    """

    def __init__(
        self,
        options: Options,
        name: str,
        base: str,
        key: str,
        secret: str = "",
        deadline: Optional[float] = None,
    ) -> None:
        headers = {"Accept": "application/json"}
        if key == "token":
            accept = "application/vnd.pagerduty+json;version=2"
            headers = {"Accept": accept, "Authorization": f"Token token={options.token}"}
        self._name = name
        self._base = base
        self._key = key
        self._limit = options.time_limit
        self.deadline = time.monotonic() + options.time_limit if deadline is None else deadline
        secrets = [one for one in (options.token, options.routing_key, secret) if one]
        address = f"pagers.{name}.{'url' if key == 'token' else 'events_url'}"
        self._http = HttpClient(
            headers, secrets, options.time_limit, verify=options.verify, address_key=address
        )

    @property
    def left(self) -> float:
        """Seconds until the time limit of the command."""
        return self.deadline - time.monotonic()

    def ask(self, method: str, path: str, **request: Any) -> Told:
        """`attempt`, raising what an error means."""
        outcome = self.attempt(method, path, **request)
        if isinstance(outcome, Wrong):
            raise outcome.error
        return outcome

    def attempt(
        self,
        method: str,
        path: str,
        *,
        params: Params = (),
        json: Any = None,
        sender: str = "",
        idempotent: Optional[bool] = None,
        at_most: Optional[float] = None,
    ) -> Union[Told, Wrong]:
        """Send a request; waits and asks again after 429 where PagerDuty says how long and the time
        limit allows it.

        `sender` goes into the header From; `at_most` is a shorter time limit, in seconds. Raises
        Failure: those of `HttpClient.send`, rate_limited, and bad_answer for what is no JSON.
        """
        headers = {"From": sender} if sender else {}
        deadline = (
            self.deadline if at_most is None else min(self.deadline, time.monotonic() + at_most)
        )
        for attempt in range(1, _ATTEMPTS + 1):
            left = round(deadline - time.monotonic(), 1)
            if left <= 0:
                facts = {"url": self._base, "sent": False}
                raise Failure(
                    Code.TIMED_OUT,
                    f"PagerDuty did not answer within {self._limit:g} s.",
                    facts=facts,
                )
            answer = self._http.send(
                method, self._base + path, headers=headers, params=params, json=json,
                accept=_EXPLAINED, idempotent=idempotent, time_limit=left,
            )  # fmt: skip
            if answer.status != 429:
                return self._heard(answer)
            pause = _asked_to_wait(answer.headers)
            if pause is None or attempt == _ATTEMPTS or pause + _ROOM > deadline - time.monotonic():
                break
            wait(max(pause, 0.1))
        raise _too_many(answer, pause)

    def every(self, path: str, key: str, params: Params) -> Tuple[List[Mapping[str, Any]], Told]:
        """The rows of a list, all its pages up to a bound of 300 rows, and the last answer."""
        rows: List[Mapping[str, Any]] = []
        for number in range(_MOST_PAGES):
            where = [*params, ("limit", str(_PAGE)), ("offset", str(number * _PAGE))]
            told = self.ask("GET", path, params=where)
            rows += told.rows(key)
            if told.content.get("more") is not True:
                break
        return rows, told

    def _heard(self, answer: Response) -> Union[Told, Wrong]:
        if answer.status < 400:
            return Told(answer.url, answer.status, answer.json(), answer.secrets)
        number, text = _words(answer)
        return Wrong(answer.status, number, text, self._meaning(answer, number, text))

    def _meaning(self, answer: Response, number: int, text: str) -> OpsroomError:
        status, key = answer.status, f"pagers.{self._name}.{self._key}"
        facts: Dict[str, Any] = {"url": answer.url, "status": status, "sent": True}
        said = f": {text}" if text else ""
        if status == 401:
            message = f"PagerDuty does not accept the credentials (401){said}."
            return Failure(
                Code.UNAUTHORIZED,
                message,
                f"An administrator has to correct {key} in the config.",
                facts,
            )
        if status == 403:
            message = f"PagerDuty does not allow this with the configured credentials (403){said}."
            hint = (
                f"An administrator has to put a key with the right to do it into {key}; a "
                "read-only key cannot page."
            )
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 410:
            return Failure(
                Code.GONE,
                f"PagerDuty no longer has the way in which it was asked (410){said}.",
                "",
                facts,
            )
        if not text or (status in (404, 405) and number < _NUMBERS):
            hint = f"An administrator has to check the addresses under pagers.{self._name}."
            message = f"{answer.url} answered {status}, and not as PagerDuty explains its errors."
            return Failure(Code.BAD_ANSWER, message, hint, facts)
        if status == 402:
            return Refusal(
                Code.NOT_POSSIBLE,
                f"The PagerDuty account lacks what this needs (402): {text}.",
                "",
                facts,
            )
        return Refusal(
            Code.NOT_ACCEPTED,
            f"PagerDuty did not take it ({status}): {text}.",
            self._mend(text),
            facts,
        )

    def _mend(self, text: str) -> str:
        low = text.casefold()
        if "routing_key" in low or "routing key" in low:
            return (
                f"An administrator has to correct the routing_key under pagers.{self._name} "
                "or under the team."
            )
        if "not found" in low:
            return (
                f"The ids under teams and pagers.{self._name} must be those of the account, "
                "such as PWIXJZS."
            )
        return ""


def _words(answer: Response) -> Tuple[int, str]:
    """PagerDuty's number and words for an error, on one line and without secrets; empty when it is
    not in its form."""
    try:
        content = answer.json()
    except Failure:
        return 0, ""
    inner = content.get("error", content) if isinstance(content, Mapping) else None
    own = inner is not content
    if not isinstance(inner, Mapping):
        # Some gateways of theirs answer {"error": "text"}.
        return 0, quoted([inner], answer.secrets) if isinstance(inner, str) else ""
    number = inner.get("code")
    errors = inner.get("errors")
    every = [inner.get("message"), *(errors if isinstance(errors, list) else [errors])]
    # Gateways have numbers of their own, but not under "error".
    known = number if own and isinstance(number, int) and not isinstance(number, bool) else 0
    return known, quoted(every, answer.secrets)


def quoted(parts: Sequence[Any], secrets: Tuple[str, ...]) -> str:
    """The texts among some parts of an answer as a sentence may hold them."""
    texts = [" ".join(part.split()).rstrip(".:") for part in parts if isinstance(part, str)]
    # Secrets first: what is shortened may hold half of one.
    return one_line(redact(": ".join(text for text in texts if text), secrets), _QUOTED)


def _asked_to_wait(headers: Mapping[str, str]) -> Optional[float]:
    """Seconds: PagerDuty says them in ratelimit-reset, a gateway before it perhaps in
    Retry-After."""
    told = [
        retry_after(headers[name])
        for name in ("retry-after", "ratelimit-reset")
        if headers.get(name)
    ]
    return next((one for one in told if one is not None), None)


def _too_many(answer: Response, pause: Optional[float]) -> Failure:
    facts: Dict[str, Any] = {"url": answer.url, "status": 429, "sent": False}
    if pause is not None:
        facts["retry_after"] = pause
    how_long = (
        "does not say for how long" if pause is None else f"asks to wait {length(round(pause, 1))}"
    )
    return Failure(
        Code.RATE_LIMITED, f"PagerDuty gets too many requests and {how_long}.", facts=facts
    )
