"""The client of a vendor's API: what is the same for every tracker and pager that is a service.

A vendor's own client is a subclass that says how the vendor wants to be asked and what its errors
mean. Everything else is here, once: all requests of a command share one deadline; a rate limit is
waited for where it ends before the deadline; a question that fails leaves nothing in doubt, while
the lost answer to a change does; an error is a sentence with a reason code; JSON of another shape
than documented is a sentence as well.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional, Tuple, TypeVar

from ..errors import Code, Failure, OpsroomError, Refusal
from ..secrets import redact
from ..text import length, one_line
from .client import MAX_BYTES, HttpClient, Params
from .content import Unexpected, text_at
from .errors import retry_after
from .response import Response

T = TypeVar("T")

# Tests put their own here; seconds.
clock: Callable[[], float] = time.monotonic
sleep: Callable[[float], None] = time.sleep

# The statuses of errors that the vendor itself may explain in the body. Not 408 and 425: after
# those nobody knows what was done.
EXPLAINED = tuple(status for status in range(400, 500) if status not in (408, 425))
QUOTED = 200


class Subject(NamedTuple):
    """What a request is about, for the sentence of an error: a kind ("card") and a name
    ("OPS-12")."""

    kind: str = ""
    name: str = ""


NOTHING = Subject()


class Client:
    """The requests of one command to one vendor.

    `key` is where the config has the provider (`trackers.trello`), `url` the address that paths
    are appended to and `url_key` the key under `key` that holds it. `time_limit` (seconds) is for
    all requests of a command together. `verify` as for `HttpClient`. `headers` go with every
    request; `secrets` and the values of headers never appear in a sentence.

    A subclass sets `service`, and overrides what differs: `authorization`, `renew`,
    `is_rate_limited`, `wait_of`, `rate_limited`, `words`, `error`.
    """

    service = ""
    # The statuses that come back from `request` instead of being raised there.
    explained: Tuple[int, ...] = EXPLAINED
    # How often in a row a rate limit is waited for.
    max_waits = 2
    # Seconds that must remain after such a wait, for the answer.
    reserve = 0.0
    max_bytes = MAX_BYTES

    def __init__(
        self,
        key: str,
        url: str,
        *,
        time_limit: float,
        verify: str = "",
        headers: Optional[Mapping[str, str]] = None,
        secrets: Iterable[str] = (),
        url_key: str = "url",
    ) -> None:
        self.key = key
        self.url = url
        self.time_limit = time_limit
        self._http = self.transport(
            headers=headers,
            secrets=[secret for secret in secrets if secret],
            time_limit=time_limit,
            verify=verify,
            max_bytes=self.max_bytes,
            address_key=f"{key}.{url_key}",
        )
        self.deadline = 0.0
        self.begin()

    # The time.

    def begin(self) -> None:
        """Start the time limit of a command, which all its requests share."""
        self.deadline = clock() + self.time_limit

    @property
    def remaining(self) -> float:
        """Seconds until the deadline of the command, 0 where it has passed."""
        return max(self.deadline - clock(), 0.0)

    def time_left(self, at_most: Optional[float] = None) -> float:
        """Seconds that the next request may take, as a number that reads well in a sentence.

        Raises Failure(timed_out) where none are left; nothing was sent then.
        """
        remaining = self.remaining
        if remaining <= 0:
            message = (
                f"{self.service} did not answer all that was asked within {self.time_limit:g} s."
            )
            raise Failure(Code.TIMED_OUT, message, facts={"url": self.url, "sent": False})
        left = max(round(remaining, 1), 0.1)
        return left if at_most is None else min(left, at_most)

    # Requests.

    def send(
        self,
        method: str,
        path: str,
        about: Subject = NOTHING,
        *,
        accept: Tuple[int, ...] = (),
        **request: Any,
    ) -> Response:
        """`request`, raising what an error means, except for the statuses in `accept`.

        Raises what `request` raises, and what `error` returns.
        """
        response = self.request(method, path, accept=accept, **request)
        if response.ok or response.status in accept:
            return response
        raise self._certain(response.method, self.error(response, about))

    def request(
        self,
        method: str,
        path: str,
        *,
        address: str = "",
        headers: Optional[Mapping[str, str]] = None,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Mapping[str, str]] = None,
        accept: Tuple[int, ...] = (),
        idempotent: Optional[bool] = None,
        at_most: Optional[float] = None,
        url_key: str = "",
        authorized: bool = True,
    ) -> Response:
        """The response to a request, also when it is an error that the vendor explains.

        It is sent to `path` below the client's address, or to `address`, where `url_key` names the
        config's key of it. `headers` come on top of those of every request and, unless
        `authorized` is false, of `authorization()`. `idempotent` as for `HttpClient.send`;
        `at_most` is a shorter time limit, in seconds. A rate limit is waited for, and credentials
        are renewed, where the time allows it: in both cases nothing was done yet.

        Raises Failure: those of `HttpClient.send`, timed_out and rate_limited. Its fact `sent` is
        false where nothing can have been done, as always after a GET.
        """
        until = self.deadline if at_most is None else min(self.deadline, clock() + at_most)
        explained = (*self.explained, *accept)
        waits = 0
        try:
            while True:
                response = self._http.send(
                    method,
                    address or self.url + path,
                    headers={**(self.authorization() if authorized else {}), **(headers or {})},
                    params=params or None,
                    json=json,
                    data=data,
                    accept=explained,
                    idempotent=idempotent,
                    time_limit=self.time_left(None if at_most is None else until - clock()),
                    address_key=f"{self.key}.{url_key}" if url_key else "",
                )
                if response.ok or response.status in accept:
                    return response
                if self.renew(response):
                    continue
                if not self.is_rate_limited(response):
                    return response
                wait = self.wait_of(response)
                pause = max(wait or 0.0, 0.1)
                if (
                    wait is None
                    or waits == self.max_waits
                    or clock() + pause + self.reserve >= until
                ):
                    raise self.rate_limited(response, wait)
                sleep(pause)
                waits += 1
        except Failure as failure:
            raise self._certain(method, failure) from None

    def quietly(self, path: str, **request: Any) -> Any:
        """The JSON at a path; None where there is none, or an error came instead.

        For what only makes an answer fuller, or explains an error better.
        """
        try:
            response = self.request("GET", path, **request)
        except OpsroomError:
            return None
        return response.content() if response.ok else None

    def read(self, response: Response, reader: Callable[[Any], T]) -> T:
        """What `reader` makes of the JSON of a response.

        `reader` raises Unexpected where it has another shape: that is Failure(bad_answer) here.
        """
        try:
            return reader(response.json())
        except Unexpected as error:
            raise response.unexpected(f"answered JSON in which {error}") from None

    # What differs from vendor to vendor.

    def transport(self, **options: Any) -> HttpClient:
        """What requests are sent with; `options` are those of `HttpClient`."""
        return HttpClient(**options)

    def authorization(self) -> Mapping[str, str]:
        """Headers for the next request, where they are not the same for all."""
        return {}

    def renew(self, response: Response) -> bool:
        """Whether credentials were renewed after this response, so that it is asked again."""
        return False

    def is_rate_limited(self, response: Response) -> bool:
        """Whether the response means: too many requests."""
        return response.status == 429

    def wait_of(self, response: Response) -> Optional[float]:
        """Seconds after which a rate limit ends; None where the vendor does not say."""
        return retry_after(response.headers.get("retry-after", ""))

    def rate_limited(self, response: Response, wait: Optional[float]) -> Failure:
        """The failure that a rate limit is: nothing was done."""
        facts = {"url": response.url, "status": response.status, "sent": False}
        if wait is None:
            message = f"{self.service} is rate-limiting opsroom without saying for how long."
            return Failure(Code.RATE_LIMITED, message, "Try again in a minute.", facts)
        message = f"{self.service} is rate-limiting opsroom; retry in {length(round(wait, 1))}."
        return Failure(Code.RATE_LIMITED, message, facts={**facts, "retry_after": wait})

    def words(self, response: Response) -> str:
        """What the vendor says about an error, without a full stop; empty where it says nothing."""
        content = response.content()
        found = (text_at(content, key) for key in ("message", "error", "errorMessage", "reason"))
        return self.quoted(response, next((one for one in found if one), ""))

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error response means; `about` is what was asked for."""
        status, words, facts = response.status, self.words(response), response.facts
        because = f": {words}" if words else ""
        if status == 401:
            message = f"{self.service} does not accept the credentials (401){because}."
            return Failure(Code.UNAUTHORIZED, message, self.hint(status, about), facts)
        if status == 403:
            message = f"{self.service} does not allow this with these credentials (403){because}."
            return Failure(Code.UNAUTHORIZED, message, self.hint(status, about), facts)
        if status == 402:
            message = f"The {self.service} account does not include this (402){because}."
            return Refusal(Code.NOT_POSSIBLE, message, self.hint(status, about), facts)
        if status == 410:
            message = f"{self.service} no longer has this part of its API (410){because}."
            return Failure(Code.GONE, message, self.hint(status, about), facts)
        if status in (404, 405):
            return self.not_the_api(response)
        message = f"{self.service} rejected the request ({status}){because}."
        facts["reason"] = words
        return Refusal(Code.NOT_ACCEPTED, message, self.hint(status, about), facts)

    def hint(self, status: int, about: Subject) -> str:
        """What would help after an error with this status; empty where there is nothing to say."""
        return ""

    def not_the_api(self, response: Response) -> Failure:
        """The failure that an error is which the vendor's API does not give: it is not there."""
        message = f"{response.url} answered {response.status}, not as {self.service} does."
        hint = (
            f"An administrator has to check {self.key}.url: it is the address of "
            f"{self.service}'s API."
        )
        return Failure(Code.BAD_ANSWER, message, hint, response.facts)

    def quoted(self, response: Response, words: str, characters: int = QUOTED) -> str:
        """A vendor's words as part of a sentence: no secrets, on one line, short, no full stop."""
        # Secrets first: what is shortened may hold half of one.
        return one_line(redact(words, response.secrets), characters).rstrip(". ")

    def _certain(self, method: str, error: OpsroomError) -> OpsroomError:
        if method == "GET" and isinstance(error, Failure):
            error.facts["sent"] = False  # a question changes nothing
        return error
