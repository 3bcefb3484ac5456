"""The client of PagerDuty: one time limit for all requests of a command, its rate limits and its
errors."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.errors import retry_after
from ...http.response import Response
from ...secrets import redact
from ...structs import dataclass
from ...text import one_line
from .options import Options

Params = Sequence[Tuple[str, str]]

# All that PagerDuty explains in its own words, but 408, after which nobody knows what was done.
_EXPLAINED = tuple(status for status in range(400, 500) if status != 408)
# PagerDuty's own numbers of errors begin here; others put the status there.
_NUMBERS = 1000
# After a wait there must be time left for an answer, in seconds.
_ROOM = 1.0
_PAGE = 100
_MAX_PAGES = 3
_MAX_QUOTED = 240


@dataclass(frozen=True)
class ApiError:
    """An answer that is an error: PagerDuty's number for it (0 without one), its words, and what to
    raise."""

    status: int
    number: int
    text: str
    error: OpsroomError

    @property
    def is_missing(self) -> bool:
        """Whether PagerDuty itself says that there is no such thing; a 404 of anyone else is that
        of no API."""
        return self.status == 404 and self.number >= _NUMBERS

    def says(self, words: str) -> bool:
        """Whether its words hold these, case aside."""
        return words.casefold() in self.text.casefold()


@dataclass(frozen=True)
class Answer:
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


class Client(vendor.Client):
    """The requests of one command to the pager `name` of the config, at the address `base`.

    `key` is the config's key whose value PagerDuty checks there: token, or routing_key with its
    value in `secret`. `deadline` is a moment of the vendor's clock, by default the options' time
    limit from now.
    """

    service = "PagerDuty"
    explained = _EXPLAINED
    reserve = _ROOM

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
        super().__init__(
            f"pagers.{name}",
            base,
            time_limit=options.time_limit,
            verify=options.verify,
            headers=headers,
            secrets=(options.token, options.routing_key, secret),
            url_key="url" if key == "token" else "events_url",
        )
        self._secret_key = f"{self.key}.{key}"
        if deadline is not None:
            self.deadline = deadline

    def ask(self, method: str, path: str, **request: Any) -> Answer:
        """`attempt`, raising what an error means."""
        outcome = self.attempt(method, path, **request)
        if isinstance(outcome, ApiError):
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
    ) -> Union[Answer, ApiError]:
        """The response to a request, or the error that PagerDuty explains.

        `sender` goes into the header From. Raises Failure as `request` does, and bad_answer for
        what is no JSON.
        """
        response = self.request(
            method,
            path,
            headers={"From": sender} if sender else {},
            params=params,
            json=json,
            idempotent=idempotent,
            at_most=at_most,
        )
        if response.ok:
            return Answer(response.url, response.status, response.json(), response.secrets)
        number, text = _words(response)
        return ApiError(response.status, number, text, self._meaning(response, number, text))

    def wait_of(self, response: Response) -> Optional[float]:
        """PagerDuty says it in ratelimit-reset, a gateway before it perhaps in Retry-After."""
        for name in ("retry-after", "ratelimit-reset"):
            seconds = retry_after(response.headers.get(name, ""))
            if seconds is not None:
                return seconds
        return None

    def every(self, path: str, key: str, params: Params) -> Tuple[List[Mapping[str, Any]], Answer]:
        """The rows of a list, all its pages up to a bound of 300 rows, and the last answer."""
        rows: List[Mapping[str, Any]] = []
        for number in range(_MAX_PAGES):
            where = [*params, ("limit", str(_PAGE)), ("offset", str(number * _PAGE))]
            answer = self.ask("GET", path, params=where)
            rows += answer.rows(key)
            if answer.content.get("more") is not True:
                break
        return rows, answer

    def _meaning(self, answer: Response, number: int, text: str) -> OpsroomError:
        status, key = answer.status, self._secret_key
        facts: Dict[str, Any] = {"url": answer.url, "status": status, "sent": True}
        quoted_text = f": {text}" if text else ""
        if status == 401:
            message = f"PagerDuty does not accept the credentials (401){quoted_text}."
            return Failure(
                Code.UNAUTHORIZED,
                message,
                f"An administrator has to correct {key} in the config.",
                facts,
            )
        if status == 403:
            message = (
                f"PagerDuty does not allow this with the configured credentials (403){quoted_text}."
            )
            hint = (
                f"An administrator has to put a key with the right to do it into {key}; a "
                "read-only key cannot page."
            )
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 410:
            return Failure(
                Code.GONE,
                f"PagerDuty no longer has the way in which it was asked (410){quoted_text}.",
                "",
                facts,
            )
        if not text or (status in (404, 405) and number < _NUMBERS):
            hint = f"An administrator has to check the addresses under {self.key}."
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
            self._hint(text),
            facts,
        )

    def _hint(self, text: str) -> str:
        low = text.casefold()
        if "routing_key" in low or "routing key" in low:
            return (
                f"An administrator has to correct the routing_key under {self.key} "
                "or under the team."
            )
        if "not found" in low:
            return (
                f"The ids under teams and {self.key} must be those of the account, such as PWIXJZS."
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
    return one_line(redact(": ".join(text for text in texts if text), secrets), _MAX_QUOTED)
