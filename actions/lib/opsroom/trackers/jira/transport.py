"""Requests to Jira through the `jira` library, one request for each call, with the guarantees of
`HttpClient`.

The library knows the addresses, the credentials and the format of requests. It has no time limit
for a whole request, retries what may have been executed, follows redirects and logs what it
received. All of that is turned off: `HttpClient` keeps the time, retries what may be repeated and
judges the response.

It has no method for some calls that this tracker needs: a search of Jira Cloud's newer kind (before
3.10), an assignment without looking the person up, comments from the newest on, a comment with a
property. These go through the library's session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Tuple

from ...http.client import HttpClient, Params, restrict
from .options import Options

if TYPE_CHECKING:
    import requests
    from jira import JIRA

_CHUNK = 16384


class Transport(HttpClient):
    """Sends requests with the library. `base` is the address of the interface, with its version.

    All else is as for `HttpClient`, whose `options` it takes.
    """

    def __init__(self, jira: Options, base: str, **options: Any) -> None:
        super().__init__(**options)
        self._options = jira
        self._base = base
        self._jira: Optional[JIRA] = None
        self._call = _Call(self._max_bytes)

    def connect(self) -> requests.Session:
        """The session of the library. Nothing is sent for it."""
        if self._session is None:
            from jira import JIRA

            options = self._options
            user, token = options.user.encode("utf-8"), options.token.encode("utf-8")
            credentials: Any = (
                {"basic_auth": (user, token)} if user else {"token_auth": options.token}
            )
            self._jira = JIRA(
                options={
                    "server": options.url,
                    "rest_api_version": options.api,
                    "verify": options.verify or True,
                    "check_update": False,
                },
                get_server_info=False,
                max_retries=0,
                logging=False,
                **credentials,
            )
            self._session = self._jira._session
            self._call = _Call(self._max_bytes)
            self._call.watch(self._session)
            restrict(self._session)
        return self._session

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
        """As for `HttpClient`: one request. What the library makes of the response is not used."""
        self.connect()
        jira, call = self._jira, self._call
        assert jira is not None
        session = jira._session
        session.headers.update(headers)
        session.timeout = limits
        call.begin()
        try:
            path = url[len(self._base) :].strip("/").split("/")
            if method == "POST" and path == ["issue"]:
                # Without prefetch=False it reads the card back, and fails after it was made.
                jira.create_issue(fields=json["fields"], prefetch=False)
            elif method == "POST" and path[2:] == ["comment"] and set(json) == {"body"}:
                jira.add_comment(path[1], json["body"])
            elif json is not None:
                session.request(method, url, params=params, json=json)
            else:
                session.request(method, url, params=params)
        except Exception:
            # An error that Jira answered is a JIRAError, and nonsense may be any exception.
            if call.response is None:
                raise
        assert call.response is not None
        return call.response


class _Call:
    """The response to one call of the library. It refuses to send a second request in one call."""

    def __init__(self, max_bytes: int) -> None:
        self.response: Optional[requests.Response] = None
        self._max_bytes = max_bytes
        self._sent = False

    def begin(self) -> None:
        """A call begins: one request may be sent."""
        self.response, self._sent = None, False

    def watch(self, session: requests.Session) -> None:
        """Keep what a session receives, up to the bound of `HttpClient`."""
        send = session.send

        def once(request: requests.PreparedRequest, **options: Any) -> requests.Response:
            if self._sent:
                raise RuntimeError("a call of the jira library wants to send a second request")
            self._sent = True
            return send(request, **options)

        session.send = once  # type: ignore[method-assign]
        session.stream = True  # the body is read below
        session.hooks["response"].append(self._received)

    def _received(self, response: requests.Response, *args: Any, **options: Any) -> None:
        # urllib3 1.26, which StackStorm brings, takes half a body for a whole one otherwise.
        response.raw.enforce_content_length = True
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                break
        # Where no header names it, the library has requests guess the encoding: with chardet, which
        # StackStorm brings, over 10 s for 5 MB.
        response.encoding = response.encoding or "utf-8"
        response._content = bytes(body)
        response._content_consumed = True  # type: ignore[attr-defined]
        self.response = response
