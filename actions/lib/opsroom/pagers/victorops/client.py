"""Splunk On-Call's API and its REST endpoint: what is asked of them, and their errors in plain
words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...secrets import redact
from ...text import one_line
from .mapping import inside, items, text_of
from .options import Options

if TYPE_CHECKING:
    from ...http.client import HttpClient
    from ...http.response import Response

# Tests put their own here; both are in seconds.
clock: Callable[[], float] = time.monotonic
wait: Callable[[float], None] = time.sleep

_SPOKEN = (400, 401, 402, 403, 404, 405, 409, 410, 422)
_LIMIT = (
    "Splunk On-Call takes 60 requests a minute (one for the list of escalation policies): "
    "try again in a minute."
)


class Api:
    """One organisation. `key` is the pager's key in the config: `pagers.victorops`."""

    def __init__(self, options: Options, key: str) -> None:
        self.options = options
        self.key = key
        self._made: Optional[HttpClient] = None
        self._ends = clock() + options.time_limit

    def begin(self) -> None:
        """Start the time limit of a command, which all its requests share."""
        self._ends = clock() + self.options.time_limit

    @property
    def remaining(self) -> float:
        """Seconds until the time limit of the command; 0 where it is over."""
        return max(self._ends - clock(), 0.0)

    def left(self, most: Optional[float] = None) -> float:
        """Seconds that a request may take. Raises Failure(timed_out) when none are left; nothing
        was sent then."""
        left = self.remaining
        if left <= 0:
            limit = self.options.time_limit
            message = f"Splunk On-Call did not answer all that was asked within {limit:g} s."
            raise Failure(Code.TIMED_OUT, message, facts={"sent": False})
        # A number that reads well in a sentence.
        return min(max(round(left, 1), 0.1), self.options.time_limit if most is None else most)

    @property
    def there(self) -> bool:
        """Whether the config has keys of the API."""
        return bool(self.options.api_id and self.options.api_key)

    def get(self, path: str, time_limit: Optional[float] = None) -> Any:
        """The JSON under a path of `/api-public`. Raises Refusal(not_possible) where the config has
        no keys."""
        if not self.there:
            raise self.without_keys("This")
        return self.json(self._send("GET", path, time_limit=time_limit))

    def rows(
        self, path: str, name: str = "", time_limit: Optional[float] = None
    ) -> List[Mapping[str, Any]]:
        """The list under a path, or under a name in what is there. Raises Failure(bad_answer) where
        there is none: what is of another form must not pass for an empty list."""
        content = self.get(path, time_limit)
        found = inside(content, name) if name else content
        if not isinstance(found, list):
            raise self._shapeless(path)
        return items(found)

    def incidents(self, time_limit: Optional[float] = None) -> List[Mapping[str, Any]]:
        """Those that are open, acknowledged, or were resolved a short time ago."""
        return self.rows("/v1/incidents", "incidents", time_limit)

    def change(
        self, method: str, path: str, content: Mapping[str, Any], again: bool = False
    ) -> Response:
        """A request that changes something; 404 is an answer: it stands for a user whom nobody
        knows.

        `again`: it may be sent a second time when its answer is lost.
        """
        return self._send(method, path, content, spoken=(404,), again=again)

    def alert(self, routing_key: str, content: Mapping[str, Any]) -> None:
        """Hand an alert to the REST endpoint, which says only that it was taken.

        Raises Refusal(not_accepted) when it says that it was not.
        """
        # "@" must stay as it is.
        url = f"{self.options.endpoint}/{quote(routing_key, safe='@')}"
        answer = self._http({}).send(
            "POST", url, json=content, accept=(400, 401, 403, 404, 422), time_limit=self.left()
        )
        why = self.words(answer)
        facts = {"url": answer.url, "status": answer.status, "sent": False}
        if answer.status in (401, 403, 404):
            message = (
                f"Splunk On-Call's REST endpoint does not know its key ({answer.status}){why}."
            )
            raise Failure(
                Code.UNAUTHORIZED, message, f"An administrator checks {self.key}.endpoint.", facts
            )
        if answer.status in (400, 422):
            message = f"Splunk On-Call's REST endpoint did not take it ({answer.status}){why}."
            raise Refusal(Code.NOT_ACCEPTED, message, facts=facts)
        content = self.json(answer)
        result = text_of(inside(content, "result")).lower()
        if result == "failure":
            raise Refusal(
                Code.NOT_ACCEPTED,
                f"Splunk On-Call's REST endpoint did not take it{why}.",
                facts=facts,
            )
        if result != "success":
            raise bad(answer, "answered neither success nor failure")

    def json(self, answer: Response) -> Any:
        """The JSON of an answer: a mapping or a list."""
        content = answer.json()
        if not isinstance(content, (Mapping, list)):
            raise bad(answer, "answered JSON that is neither a mapping nor a list")
        return content

    def words(self, answer: Response) -> str:
        """What an answer says is wrong, as the end of a sentence: `: no such user`; empty when it
        says nothing."""
        try:
            content = answer.json()
        except Failure:
            plain = answer.text.strip()
            return "" if plain.startswith("<") or not plain else f": {self.quoted(answer, plain)}"
        for name in ("error", "message", "errorMessage", "reason"):
            found = text_of(inside(content, name))
            if found:
                return f": {self.quoted(answer, found)}"
        return ""

    def quoted(self, answer: Response, text: str) -> str:
        """The vendor's words without secrets, on one line, short, without a full stop."""
        return one_line(redact(text, (*answer.secrets, *self._secrets())), 200).rstrip(". ")

    def without_keys(self, what: str) -> Refusal:
        """That only the REST endpoint is configured, which can do no more than take alerts."""
        return Refusal(
            Code.NOT_POSSIBLE,
            f"{what} needs Splunk On-Call's API; the config has only its REST endpoint.",
            f"An administrator sets {self.key}.api_id and {self.key}.api_key.",
        )

    def _send(
        self,
        method: str,
        path: str,
        content: Optional[Mapping[str, Any]] = None,
        spoken: Tuple[int, ...] = (),
        time_limit: Optional[float] = None,
        again: bool = False,
    ) -> Response:
        options = self.options
        http = self._http({"X-VO-Api-Id": options.api_id, "X-VO-Api-Key": options.api_key})
        try:
            answer = http.send(
                method,
                f"{options.url}/api-public{path}",
                json=content,
                accept=_SPOKEN,
                idempotent=again or None,
                time_limit=self.left(time_limit),
            )
        except Failure as failure:
            if failure.code is Code.RATE_LIMITED:
                raise Failure(failure.code, failure.message, _LIMIT, failure.facts) from None
            raise
        # Whatever else answers 404 is not the API, which says so of a user whom it does not know.
        if 200 <= answer.status < 300 or (
            answer.status in spoken and "user" in self.words(answer).lower()
        ):
            return answer
        raise self._error(answer)

    def _error(self, answer: Response) -> OpsroomError:
        status, why = answer.status, self.words(answer)
        facts = {"url": answer.url, "status": status, "sent": False}
        keys = f"{self.key}.api_id and {self.key}.api_key"
        if status == 403 and any(
            word in why.lower() for word in ("limit", "exceed", "too many", "quota")
        ):
            return Failure(
                Code.RATE_LIMITED,
                f"Splunk On-Call gets too many requests (403){why}.",
                _LIMIT,
                facts,
            )
        if status == 403:
            # One and the same answer for a wrong key, for a key that may only read, and for too
            # many requests.
            message = (
                "Splunk On-Call does not accept the API key, or gets too many requests: "
                f"both are 403{why}."
            )
            hint = (
                f"Try again in a minute; an administrator checks {keys}, and that the key may "
                "not only read."
            )
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 401:
            message = f"Splunk On-Call does not accept the API key (401){why}."
            return Failure(Code.UNAUTHORIZED, message, f"An administrator checks {keys}.", facts)
        if status == 402:
            return Refusal(
                Code.NOT_POSSIBLE,
                f"The plan of Splunk On-Call does not include this (402){why}.",
                facts=facts,
            )
        if status == 410:
            return Failure(
                Code.GONE, f"This part of Splunk On-Call's API is gone (410){why}.", facts=facts
            )
        if status in (404, 405):
            message = f"{answer.url} answered {status}: there is no API of Splunk On-Call{why}."
            return Failure(
                Code.BAD_ANSWER, message, f"An administrator checks {self.key}.url.", facts
            )
        return Refusal(
            Code.NOT_ACCEPTED, f"Splunk On-Call did not take it ({status}){why}.", facts=facts
        )

    def _http(self, headers: Mapping[str, str]) -> HttpClient:
        from ...http.client import HttpClient

        if headers and self._made is not None:
            return self._made
        made = HttpClient(
            headers=headers,
            secrets=self._secrets(),
            time_limit=self.options.time_limit,
            verify=self.options.verify,
            address_key=f"{self.key}.{'url' if headers else 'endpoint'}",
        )
        if headers:
            self._made = made
        return made

    def _secrets(self) -> Tuple[str, ...]:
        options = self.options
        return (options.api_id, options.api_key, options.endpoint.rpartition("/")[2])

    def _shapeless(self, path: str) -> Failure:
        message = (
            f"{self.options.url}/api-public{path} answered JSON without the data that "
            "belongs there."
        )
        return Failure(Code.BAD_ANSWER, message, facts={"sent": False})


def bad(answer: Response, what: str) -> Failure:
    """An answer of success that is none: what was asked may have been done."""
    facts = {"url": answer.url, "status": answer.status, "sent": True}
    return Failure(Code.BAD_ANSWER, f"{answer.url} {what}.", facts=facts)
