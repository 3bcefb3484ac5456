"""HTTP with a total time limit, careful retries and redirects, TLS on, no secret in a sentence."""

from __future__ import annotations

import os
import threading
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
)
from urllib.parse import urljoin, urlsplit

from .. import pack_version
from ..errors import Code, Failure
from ..secrets import shown_url, without_credentials
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from .attempts import ATTEMPTS, REPEATABLE, attempted
from .errors import Fault, explain, judge
from .response import Response

if TYPE_CHECKING:
    import requests

Params = Union[Mapping[str, str], Sequence[Tuple[str, str]]]

MAX_BYTES = 5_000_000
MAX_REDIRECTS = 5
# Seconds that the worker gets beyond the time limit to report what went wrong.
_GRACE = 0.25

_FOLLOWING = ("GET", "HEAD")
_REDIRECTS = (301, 302, 303, 307, 308)
# Any other header may carry a secret: it is not sent on to another host, and its value is kept out
# of sentences.
_TOKENS = lazy_pattern(r"[\w.~+/-]{8,}=*")
_PLAIN_HEADERS = ("accept", "accept-language", "cache-control", "content-type", "user-agent")
# No secrets either, but nobody else's business: a domain in them may be that of an address to show.
_OWN_HEADERS = ("from", "idempotency-key", "x-github-api-version")


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    params: Optional[Params]
    json: Any
    data: Optional[Union[bytes, str, Mapping[str, str]]]
    accept: Tuple[int, ...]
    repeatable: bool
    deadline: float
    time_limit: float
    secrets: Tuple[str, ...]
    address_key: str

    @property
    def shown(self) -> str:
        return shown_url(self.url, self.secrets)


class HttpClient:
    """A client for one service. Not for use by two threads at once: each takes its own.

    `headers` go with every request. `secrets` are texts that never appear in an error, apart from
    the values of headers, which are kept out anyway. `time_limit` (seconds) is for all of a
    request: name look-up, connecting, redirects, retries, waiting and a body that drips. `verify`
    is the path of a CA file for servers with certificates of the house; checking cannot be turned
    off. Proxies are taken from the environment, passwords from ~/.netrc are not.

    A redirect is followed only with `follow`, and then only for GET and HEAD: what is asked with a
    token is asked at the configured address or not at all. `address_key` is the config's key of
    that address (`trackers.jira.url`): the failure that a redirect is names it.
    """

    def __init__(
        self,
        headers: Optional[Mapping[str, str]] = None,
        secrets: Iterable[str] = (),
        time_limit: float = 10.0,
        connect_limit: float = 5.0,
        verify: str = "",
        attempts: int = ATTEMPTS,
        max_bytes: int = MAX_BYTES,
        follow: bool = False,
        address_key: str = "",
    ) -> None:
        self._headers = dict(headers or {})
        self._secrets = tuple(secrets)
        self._time_limit = time_limit
        self._connect_limit = connect_limit
        self._verify = verify
        self._attempts = max(1, attempts)
        self._max_bytes = max_bytes
        self._follows = follow
        self._address_key = address_key
        self._session: Optional[requests.Session] = None

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Optional[Mapping[str, str]] = None,
        params: Optional[Params] = None,
        json: Any = None,
        data: Optional[Union[bytes, str, Mapping[str, str]]] = None,
        accept: Iterable[int] = (),
        idempotent: Optional[bool] = None,
        time_limit: Optional[float] = None,
        address_key: str = "",
    ) -> Response:
        """Send a request and return its answer when the status is 2xx or one of `accept`.

        Retried, as long as the time limit allows: when no connection came about or it broke, after
        502, 503 and 504, and after 429 as long as the server asks. Where the server may have done
        what was asked, only methods that may be repeated are: GET, HEAD, OPTIONS, PUT, DELETE, or
        any method with `idempotent=True`; after 429, or when no connection came about, all are.
        `address_key` as for the client, for this request.

        Raises Failure: unreachable, timed_out, rate_limited, unauthorized, bad_answer. Its facts:
        `url` (to show), `sent` (whether the server may have got the request, so that its effect is
        unknown), `status` when there was an answer, `retry_after` in seconds when the server said
        so, `redirect` (the address that a redirect names, to show; nothing was done then).
        """
        limit = self._time_limit if time_limit is None else time_limit
        request = self._request(
            method, url, headers, params, json, data, tuple(accept), idempotent, limit, address_key
        )
        if self._verify and not os.path.isfile(self._verify):
            message = (
                f"The CA file '{self._verify}' does not exist, so {request.shown} cannot "
                "be trusted."
            )
            raise Failure(Code.UNREACHABLE, message, facts={"url": request.shown, "sent": False})
        self.connect()  # what it imports does not count against the time limit
        work = _Work()
        # The time limits of sockets count from byte to byte, and looking up a name has none at all.
        # A thread that can be left behind keeps the limit in every case; it is a daemon so that it
        # cannot hold up the end of the process.
        threading.Thread(
            target=self._work, args=(request, work), name="opsroom-http", daemon=True
        ).start()
        if not work.done.wait(max(limit, 0.0) + _GRACE):
            work.given_up.set()
            self._session = None  # its connection still belongs to the thread left behind
            raise _late(request, work.sent).failure
        if work.crash is not None:
            raise work.crash
        if work.fault is not None:
            raise work.fault.failure
        assert work.answer is not None
        return work.answer

    def get(self, url: str, **options: Any) -> Response:
        """`send("GET", ...)`."""
        return self.send("GET", url, **options)

    def _request(
        self,
        method: str,
        url: str,
        headers: Optional[Mapping[str, str]],
        params: Optional[Params],
        json: Any,
        data: Optional[Union[bytes, str, Mapping[str, str]]],
        accept: Tuple[int, ...],
        idempotent: Optional[bool],
        limit: float,
        address_key: str,
    ) -> _Request:
        every = {"User-Agent": user_agent(), **self._headers, **(headers or {})}
        bare, authorization, password = without_credentials(url)
        if authorization and not any(name.lower() == "authorization" for name in every):
            every["Authorization"] = authorization
        secrets = [*self._secrets, password]
        for name, value in every.items():
            if name.lower() not in (*_PLAIN_HEADERS, *_OWN_HEADERS):
                secrets += [
                    value,
                    *_TOKENS.findall(value),
                ]  # "Bearer abc...": the token alone as well
        repeatable = method.upper() in REPEATABLE if idempotent is None else idempotent
        return _Request(
            method.upper(), bare, every, params, json, data, accept, repeatable,
            time.monotonic() + limit, limit, tuple(secret for secret in secrets if secret),
            address_key or self._address_key,
        )  # fmt: skip

    def _work(self, request: _Request, work: _Work) -> None:
        try:
            outcome = self._attempt_all(request, work)
            if isinstance(outcome, Response):
                work.answer = outcome
            else:
                work.fault = outcome
        except BaseException as error:
            work.crash = error
        finally:
            work.done.set()

    def _attempt_all(self, request: _Request, work: _Work) -> Union[Response, Fault]:
        def once() -> Union[Response, Fault]:
            outcome = self._follow(request, work)
            if (
                isinstance(outcome, Fault)
                or 200 <= outcome.status < 300
                or outcome.status in request.accept
            ):
                return outcome
            return judge(
                outcome.status,
                outcome.headers,
                outcome.url,
                request.method,
                request.secrets,
                request.address_key,
            )

        return attempted(
            once, lambda: request.repeatable, request.deadline, work.given_up, self._attempts
        )

    def _follow(self, request: _Request, work: _Work) -> Union[Response, Fault]:
        """One attempt, with the redirects it leads to."""
        url, headers, params = request.url, dict(request.headers), request.params
        for hop in range(MAX_REDIRECTS + 1):
            outcome = self._once(request, url, headers, params, work)
            if isinstance(outcome, Fault) or not (self._follows and _leads_on(outcome, request)):
                return outcome
            if hop == MAX_REDIRECTS:
                return _bad(outcome, f"leads on and on: {MAX_REDIRECTS} redirects and no page")
            try:
                target = without_credentials(urljoin(url, outcome.headers["location"]))[0]
            except ValueError:
                return _bad(outcome, "redirects to something that is no address")
            shown = shown_url(target, request.secrets)
            if not target.lower().startswith(("http://", "https://")):
                return _bad(outcome, "leads to an address that is neither http nor https")
            if url.lower().startswith("https:") and target.lower().startswith("http:"):
                return _bad(
                    outcome, f"leads to {shown}, which is not encrypted; that was not followed"
                )
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                headers = {
                    name: value for name, value in headers.items() if name.lower() in _PLAIN_HEADERS
                }
            url, params = target, None  # the new address brings its own query
        raise AssertionError("the last redirect returns")

    def _once(
        self,
        request: _Request,
        url: str,
        headers: Dict[str, str],
        params: Optional[Params],
        work: _Work,
    ) -> Union[Response, Fault]:
        left = request.deadline - time.monotonic()
        if left <= 0:
            return _late(request, work.sent)
        shown = shown_url(url, request.secrets)
        limits = (max(min(self._connect_limit, left), 0.001), left)
        work.sent = True
        try:
            response = self.transmit(
                request.method, url, headers, params, request.json, request.data, limits
            )
            with response:
                # urllib3 1.26, which StackStorm brings, takes half a body for a whole one unless it
                # is told not to.
                response.raw.enforce_content_length = True
                body = bytearray()
                for chunk in response.iter_content(16384):
                    body += chunk
                    if len(body) > self._max_bytes:
                        size = f"{self._max_bytes / 1_000_000:g} MB"
                        return _bad(
                            Response(response.status_code, {}, b"", shown),
                            f"answered with more than {size}",
                        )
                    if time.monotonic() > request.deadline:
                        return _late(request, True)
                lower = {name.lower(): value for name, value in response.headers.items()}
                return Response(
                    response.status_code, lower, bytes(body), shown, request.secrets, request.method
                )
        except Exception as error:  # requests lets errors of urllib3, http.client and ssl through
            fault = explain(error, shown, request.time_limit, limits[0])
            if fault is None:
                raise
            work.sent = bool(fault.failure.facts["sent"])
            return fault

    def transmit(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Optional[Params],
        json: Any,
        data: Any,
        limits: Tuple[float, float],
    ) -> requests.Response:
        """Send one request, once; the response, whose body need not be read yet.

        `limits` are seconds to connect and between two parts of the response. Another way to send
        overrides this and `connect`; all else of this class holds for it as well.
        """
        return self.connect().request(
            method, url, headers=headers, params=params, json=json, data=data, stream=True,
            allow_redirects=False, timeout=limits, verify=self._verify or True, auth=_as_it_is,
        )  # fmt: skip

    def connect(self) -> requests.Session:
        """The session of this client, made at its first request."""
        if self._session is None:
            import requests

            self._session = requests.Session()
            restrict(self._session)
        return self._session


class _Work:
    """What the thread of one request and its caller share."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.given_up = threading.Event()
        self.sent = False
        self.answer: Optional[Response] = None
        self.fault: Optional[Fault] = None
        self.crash: Optional[BaseException] = None


def restrict(session: requests.Session) -> None:
    """Have a session keep no cookies, follow no redirect and log no address."""
    import logging
    from http.cookiejar import DefaultCookiePolicy

    # Below ERROR it writes addresses with their query, where some services want the token.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Also where it is to follow no redirect it reads where one leads, and an address that is none
    # is a crash.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]


def user_agent() -> str:
    """`opsroom/1.2.3 (+address)`; the version is the pack's."""
    # Basecamp refuses requests whose agent names no address in brackets.
    return f"opsroom/{pack_version()} (+https://stackstorm.com)"


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given as `auth` so that requests does not replace our Authorization by one from ~/.netrc."""
    return prepared


def _leads_on(answer: Response, request: _Request) -> bool:
    wanted = (
        answer.status in _REDIRECTS
        and answer.status not in request.accept
        and request.method in _FOLLOWING
    )
    return wanted and bool(answer.headers.get("location"))


def _bad(answer: Response, what: str) -> Fault:
    facts = {"url": answer.url, "status": answer.status, "sent": True}
    return Fault(Failure(Code.BAD_ANSWER, f"{answer.url} {what}.", facts=facts))


def _late(request: _Request, sent: bool) -> Fault:
    message = f"{request.shown} did not answer within {request.time_limit:g} s."
    return Fault(Failure(Code.TIMED_OUT, message, facts={"url": request.shown, "sent": sent}))
