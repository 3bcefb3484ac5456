"""One request to StackStorm's API, sent by st2client: in time, with certificates checked, and with
this client's credentials alone.

The only module that loads st2client (33 ms on top of requests), and only when it sends something.

st2client is made for a command line. Three of its habits do not suit an action; `auth` and the
response hook of requests, which it passes on, correct them (seen with st2client 3.9.0):

- Its credentials belong to the process: `Client(token=...)` writes the token into `os.environ`,
  every client of the process then sends the token that was written last, and beside the API key of
  another StackStorm it sends the token of this one. Here no client gets a token, the environment
  stays as it is, and a request is signed just before it leaves.
- On https it checks no certificate unless `cacert` is given. It follows redirects, with the token
  in the request, and has no time limit.
- Its resources hide what was answered: a redirect is an empty Execution, any 404 is None, the
  number 1.10 is 1.1. Callers read the text of the response instead.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from io import BytesIO
from typing import Any, Callable, Dict, Optional, Tuple, Union

from ..deadline import Late, answer_of
from ..errors import Code, Failure
from ..http.attempts import REPEATABLE, attempted
from ..http.client import MAX_BYTES, user_agent
from ..http.errors import Fault, explain, judge
from ..http.response import Response
from ..secrets import shown_url, without_credentials

# Seconds: for a request with all that belongs to it, and for the connection.
TIME_LIMIT = 10.0
_CONNECT_LIMIT = 5.0
# Seconds that the thread of a request gets beyond the limit to find out what went wrong.
_GRACE = 0.25
# The headers in which st2client, or requests from ~/.netrc, may have put credentials.
_CREDENTIALS = ("X-Auth-Token", "St2-Api-Key", "Authorization")

# call(client, **options): one request by st2client's Client, whose method gets the options.
Call = Callable[..., Any]


class Transport:
    """The API of one StackStorm. Any number of them, in any number of threads.

    `url` is the API's, with its version (`https://st2.example.com/api/v1`). `key` is an API key;
    without one, `token` is sent. `verify` is the path of a CA file for servers with certificates of
    the house; checking cannot be turned off. `time_limit` (seconds) is for all of a request: name
    look-up, connecting, attempts, pauses and a body that drips. `address_key` is where the address
    is configured: the failure that a redirect is names it.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        token: str = "",
        verify: str = "",
        time_limit: float = TIME_LIMIT,
        address_key: str = "",
    ) -> None:
        bare, authorization, password = without_credentials(url.rstrip("/"))
        self.url = bare
        self._time_limit = time_limit
        self._verify = verify
        self._address_key = address_key
        self._secrets = tuple(one for one in (key, token, password) if one)
        self._headers = {"User-Agent": user_agent()}
        if key:
            self._headers["St2-Api-Key"] = key
        elif token:
            self._headers["X-Auth-Token"] = token
        if authorization:
            self._headers["Authorization"] = authorization
        self._client: Any = None

    def call(self, call: Call, accept: Tuple[int, ...] = ()) -> Response:
        """The response to one request when its status is 2xx or one of `accept`.

        Retried as `http.client.HttpClient.send` retries: a POST only where StackStorm has certainly
        not got it.

        Raises Failure: unreachable, timed_out, rate_limited, unauthorized, bad_answer, with the
        facts `url`, `sent` (whether something may have been done: never for a GET), and `status`,
        `retry_after` and `redirect` where they are known.
        """
        if self._verify and not os.path.isfile(self._verify):
            shown = shown_url(self.url)
            message = f"The CA file '{self._verify}' does not exist, so {shown} cannot be trusted."
            raise Failure(Code.UNREACHABLE, message, facts={"url": shown, "sent": False})
        deadline = time.monotonic() + self._time_limit
        given_up = threading.Event()
        # The exchange of the last attempt: what has become of it is known also when it is given up.
        last = _Exchange(self._headers, self._secrets, self.url, deadline)

        def once() -> Union[Response, Fault]:
            nonlocal last
            last = _Exchange(self._headers, self._secrets, self.url, deadline, last.sent)
            return self._once(call, last, accept)

        def work() -> Union[Response, Fault]:
            return attempted(once, lambda: last.method in REPEATABLE, deadline, given_up)

        try:
            outcome = answer_of(max(self._time_limit, 0.0) + _GRACE, work, "opsroom-stackstorm")
        except Late:
            given_up.set()
            outcome = self._late(last)
        if isinstance(outcome, Fault):
            if last.method == "GET":
                outcome.failure.facts["sent"] = False  # a question leaves nothing in doubt
            raise outcome.failure
        return outcome

    def _once(
        self, call: Call, exchange: _Exchange, accept: Tuple[int, ...]
    ) -> Union[Response, Fault]:
        left = exchange.deadline - time.monotonic()
        if left <= 0:
            return self._late(exchange)
        connect = min(_CONNECT_LIMIT, left)
        options: Dict[str, Any] = {
            "timeout": (max(connect, 0.001), left),
            "allow_redirects": False,
            "auth": exchange.sign,
            "hooks": {"response": exchange.receive},
        }
        client = self._connected()
        try:
            call(client, **options)
        except Exception as error:
            # After a response it is st2client that cannot read it, which is of no concern here.
            if exchange.fault is None and exchange.response is None:
                fault = explain(error, exchange.shown, self._time_limit, connect)
                if fault is None:
                    raise
                if not fault.failure.facts["sent"]:
                    exchange.sent = False
                return fault
        if exchange.fault is not None:
            return exchange.fault
        response = exchange.response
        assert response is not None, "st2client sent nothing"
        if response.ok or response.status in accept:
            return response
        return judge(
            response.status,
            response.headers,
            response.url,
            response.method,
            self._secrets,
            self._address_key,
        )

    def _connected(self) -> Any:
        if self._client is None:
            try:
                from st2client.client import Client
            except ImportError as error:
                shown = shown_url(self.url)
                message = f"{shown} cannot be asked: st2client cannot be loaded ({error})."
                hint = "Install it into this virtualenv: pip install --no-deps st2client orjson six"
                facts = {"url": shown, "sent": False}
                raise Failure(Code.UNREACHABLE, message, hint, facts) from error
            # What urllib3 writes below ERROR is noise in the log of an execution.
            logging.getLogger("urllib3").setLevel(logging.ERROR)
            self._client = Client(base_url=self.url, api_url=self.url, cacert=self._verify or True)
        return self._client

    def _late(self, exchange: _Exchange) -> Fault:
        message = f"{exchange.shown} did not answer within {self._time_limit:g} s."
        facts = {"url": exchange.shown, "sent": exchange.sent}
        return Fault(Failure(Code.TIMED_OUT, message, facts=facts))


class _Exchange:
    """One attempt of one request: signed on its way out, and its response read on its way in."""

    def __init__(
        self,
        headers: Dict[str, str],
        secrets: Tuple[str, ...],
        url: str,
        deadline: float,
        sent: bool = False,
    ) -> None:
        self._headers = headers
        self._secrets = secrets
        self._url = url
        self.deadline = deadline
        self.sent = sent
        self.method = ""
        self.response: Optional[Response] = None
        self.fault: Optional[Fault] = None

    @property
    def shown(self) -> str:
        """The address as a sentence may show it."""
        return shown_url(self._url, self._secrets)

    def sign(self, prepared: Any) -> Any:
        """The request with this client's credentials in place of any others (`auth` of requests).

        `prepared` is a requests.PreparedRequest.
        """
        for name in _CREDENTIALS:
            prepared.headers.pop(name, None)
        prepared.headers.update(self._headers)
        self.method, self._url = str(prepared.method), str(prepared.url)
        self.sent = True
        return prepared

    def receive(self, received: Any, **_: Any) -> Any:
        """Read the whole response, and hand it on to st2client unless it is an error.

        `received` is a requests.Response whose body has not been read.
        """
        # urllib3 1.26, which StackStorm brings, takes half a body for a whole one unless it is told
        # not to.
        received.raw.enforce_content_length = True
        body = bytearray()
        for chunk in received.raw.stream(16384, decode_content=True):
            body += chunk
            if len(body) > MAX_BYTES:
                self._bad(received.status_code, f"answered with more than {MAX_BYTES / 1e6:g} MB")
            if time.monotonic() > self.deadline:
                raise socket.timeout
        received.raw.release_conn()
        headers = {name.lower(): value for name, value in received.headers.items()}
        self.response = Response(
            received.status_code, headers, bytes(body), self.shown, self._secrets, self.method
        )
        if not 200 <= received.status_code < 300:
            raise _Answered
        received.raw = BytesIO(body)
        return received

    def _bad(self, status: int, what: str) -> None:
        facts = {"url": self.shown, "status": status, "sent": True}
        self.fault = Fault(Failure(Code.BAD_ANSWER, f"{self.shown} {what}.", facts=facts))
        raise _Answered


class _Answered(Exception):
    """Ends a call of st2client whose response is an error, which is judged in `_once`."""
