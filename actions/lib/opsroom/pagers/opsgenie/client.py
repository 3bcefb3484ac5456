"""Opsgenie's API: what is asked of it, and requests that were taken followed to their outcome."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, Refusal
from ...names import shown
from .errors import bad, error_of, of_opsgenie, said, wait_of
from .mapping import identifier_type, items, text_of

if TYPE_CHECKING:
    from ...http.client import HttpClient
    from ...http.response import Response

# Tests put their own here; both are in seconds.
clock: Callable[[], float] = time.monotonic
wait: Callable[[float], None] = time.sleep

_SPOKEN = (400, 401, 402, 403, 404, 405, 409, 410, 422, 429)
# A request that was taken is worked off within a second as a rule; its outcome is asked for in
# growing steps.
_FIRST_PAUSE = 0.15
_LONGEST_PAUSE = 1.5


@dataclass(frozen=True)
class Access:
    """Where the API is and with which keys. `key` is the pager's key in the config:
    `pagers.opsgenie`."""

    url: str
    key: str
    api_key: str = field(repr=False)
    read_key: str = field(default="", repr=False)
    time_limit: float = 10.0
    verify: str = ""
    follow: float = 8.0


@dataclass(frozen=True)
class Outcome:
    """What became of a request that was taken. `done` is None when that could not be learnt in
    time."""

    done: Optional[bool]
    status: str = ""
    alert: str = ""
    why: str = ""


class Api:
    """One account. Reading on-call needs the account's key (`read_key`), alerts that of an
    integration (`api_key`)."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._alerts: Optional[HttpClient] = None
        self._account: Optional[HttpClient] = None
        self._ends = clock() + access.time_limit

    def begin(self) -> None:
        """Start the time limit of a command, which all its requests share."""
        self._ends = clock() + self.access.time_limit

    def alert(self, id: str, time_limit: Optional[float] = None) -> Optional[Mapping[str, Any]]:
        """An alert by its id, tiny id or alias; None when there is none."""
        params = (("identifierType", identifier_type(id)),)
        answer = self.send(
            "GET", self._path(id), params=params, spoken=(404,), time_limit=time_limit
        )
        if answer.status == 404:
            return None
        found: Mapping[str, Any] = self.data(answer, Mapping)
        if not text_of(found.get("id")):
            raise bad(answer, "answered with an alert that has no id")
        return found

    def alerts(self, query: str, limit: int) -> List[Mapping[str, Any]]:
        """Alerts that a search finds, newest first."""
        params = (("query", query), ("limit", str(limit)), ("sort", "createdAt"), ("order", "desc"))
        return items(self.data(self.send("GET", "/v2/alerts", params=params), list))

    def create(self, alert: Mapping[str, Any]) -> str:
        """Have an alert made; the id of the request, to be followed."""
        return self._request_of(self.send("POST", "/v2/alerts", json=alert))

    def act(self, id: str, action: str, content: Mapping[str, Any]) -> Outcome:
        """Do something to an alert (`acknowledge`, `close`, `escalate`, `responders`) and follow
        it.

        Raises Refusal(unknown_page) when Opsgenie knows no such alert.
        """
        params = (("identifierType", identifier_type(id)),)
        answer = self.send(
            "POST", f"{self._path(id)}/{action}", params=params, json=content, spoken=(404,)
        )
        if answer.status == 404:
            raise self.unknown(id)
        return self.follow(self._request_of(answer))

    def read(
        self,
        path: str,
        params: Tuple[Tuple[str, str], ...] = (),
        time_limit: Optional[float] = None,
    ) -> Response:
        """Ask for something of the account: schedules, users, teams. 404 is an answer."""
        return self.send(
            "GET", path, params=params, account=True, spoken=(404,), time_limit=time_limit
        )

    def follow(self, request: str) -> Outcome:
        """What became of a request. Never raises: it was taken, so it may have been done whatever
        comes now."""
        # Some of the time is kept for the alert itself, which may be there anyway.
        until = min(clock() + self.access.follow, self._ends - self.access.time_limit / 5)
        began, pause = clock(), _FIRST_PAUSE
        path = f"/v2/alerts/requests/{quote(request, safe='')}"
        while True:
            left = until - clock()
            if left <= 0:
                return Outcome(None, why=f"it was not known within {round(clock() - began, 1):g} s")
            try:
                # 404 means that it has not come to it yet.
                answer = self.send(
                    "GET", path, spoken=(404,), time_limit=_part(left, self.access.time_limit)
                )
                found = {} if answer.status == 404 else self.data(answer, Mapping)
            except Failure as failure:
                return Outcome(None, why=failure.message.rstrip("."))
            except Refusal as refusal:
                return Outcome(None, why=refusal.message.rstrip("."))
            if isinstance(found.get("isSuccess"), bool):
                status = said(answer, text_of(found.get("status")))
                return Outcome(found["isSuccess"], status, text_of(found.get("alertId")))
            if clock() + pause < until:
                wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                wait(max(until - clock(), 0.0))

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Tuple[Tuple[str, str], ...] = (),
        json: Optional[Mapping[str, Any]] = None,
        account: bool = False,
        spoken: Tuple[int, ...] = (),
        time_limit: Optional[float] = None,
    ) -> Response:
        """An answer with a 2xx status, or one of `spoken` that is Opsgenie's. Everything else is
        raised in plain words.

        429 comes without Retry-After; X-RateLimit-Period-In-Sec says how long the counted time is
        (1 or 60 seconds). It is waited for once when that is short.
        """
        left = self._ends - clock()
        if left <= 0:
            message = (
                f"Opsgenie did not answer all that was asked within {self.access.time_limit:g} s."
            )
            raise Failure(Code.TIMED_OUT, message, facts={"sent": False})
        limit = _part(left, self.access.time_limit if time_limit is None else time_limit)
        until, waited = clock() + limit, False
        http = self._http(account)
        while True:
            answer = http.send(
                method,
                self.access.url + path,
                params=params or None,
                json=json,
                accept=_SPOKEN,
                time_limit=round(max(until - clock(), 0.1), 1) if waited else limit,
            )
            if 200 <= answer.status < 300 or (answer.status in spoken and of_opsgenie(answer)):
                return answer
            pause = wait_of(answer) if answer.status == 429 else None
            if pause is None or waited or clock() + pause >= until:
                raise error_of(answer, self.access.key, account)
            wait(pause)
            waited = True

    def data(self, answer: Response, kind: type) -> Any:
        """What stands under `data` in an answer. Raises Failure(bad_answer) when it is no such
        thing."""
        content = answer.json()
        found = content.get("data") if isinstance(content, Mapping) else None
        if not isinstance(found, kind):
            raise bad(answer, "answered JSON without the data that belongs there")
        return found

    def unknown(self, id: str) -> Refusal:
        """That there is no such alert."""
        hint = (
            "Type the number that Opsgenie shows beside the alert, or ask for the open ones: "
            "show pages."
        )
        return Refusal(Code.UNKNOWN_PAGE, f"Opsgenie has no page {shown(id)}.", hint)

    def _path(self, id: str) -> str:
        return f"/v2/alerts/{quote(id, safe='')}"

    def _request_of(self, answer: Response) -> str:
        content = answer.json()
        request = text_of(content.get("requestId")) if isinstance(content, Mapping) else ""
        if not request:
            raise bad(answer, "took the request, and did not say under which id it can be followed")
        return request

    def _http(self, account: bool) -> HttpClient:
        from ...http.client import HttpClient

        access = self.access
        kept = self._account if account else self._alerts
        if kept is None:
            kept = HttpClient(
                headers={
                    "Authorization": f"GenieKey {access.read_key if account else access.api_key}"
                },
                secrets=(access.api_key, access.read_key),
                time_limit=access.time_limit,
                verify=access.verify,
                address_key=f"{access.key}.url",
            )
            if account:
                self._account = kept
            else:
                self._alerts = kept
        return kept


def _part(left: float, limit: float) -> float:
    """As much of the time limit as is left, in a number that reads well in a sentence."""
    return min(round(max(left, 0.1), 1), limit)
