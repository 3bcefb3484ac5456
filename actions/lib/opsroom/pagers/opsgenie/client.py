"""The client of Opsgenie: its two keys, its errors, and requests followed to their outcome."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.content import objects_in, text_at, text_of
from ...http.errors import retry_after
from ...http.response import Response
from ...http.vendor import NOTHING, Subject
from ...names import shown
from ...structs import dataclass
from ...text import length
from .mapping import identifier_type
from .options import Options

# About requests that are sent with the key of the account.
ACCOUNT = Subject("account")
# A request that was taken is carried out within a second as a rule; its outcome is asked for in
# growing steps.
_FIRST_PAUSE = 0.15
_MAX_PAUSE = 1.5


@dataclass(frozen=True)
class Outcome:
    """The outcome of a request that was taken. `done` is None when it stayed unknown in
    time."""

    done: Optional[bool]
    status: str = ""
    alert: str = ""
    why: str = ""


class Client(vendor.Client):
    """The requests of one command. Reading on-call needs the account's key (`read_key`), alerts
    that of an integration (`api_key`).

    Raises Failure, and Refusal(unknown_page, not_possible, not_accepted).
    """

    service = "Opsgenie"
    explained = (400, 401, 402, 403, 404, 405, 409, 410, 422, 429)
    max_waits = 1

    def __init__(self, options: Options, name: str) -> None:
        super().__init__(
            f"pagers.{name}",
            options.url,
            time_limit=options.time_limit,
            verify=options.verify,
            secrets=(options.api_key, options.read_key),
        )
        self.can_read = bool(options.read_key)
        self._follow = options.follow
        self._keys = {False: options.api_key, True: options.read_key}

    def send(
        self,
        method: str,
        path: str,
        about: Subject = NOTHING,
        *,
        accept: Tuple[int, ...] = (),
        **request: Any,
    ) -> Response:
        """As for every vendor; a status in `accept` comes back only where Opsgenie itself answered
        with it."""
        key = self._keys[about is ACCOUNT]
        headers = {"Authorization": f"GenieKey {key}"}
        response = self.request(method, path, headers=headers, accept=accept, **request)
        if response.ok or (response.status in accept and _of_opsgenie(response)):
            return response
        raise self._certain(method, self.error(response, about))

    def alert(self, id: str, at_most: Optional[float] = None) -> Optional[Mapping[str, Any]]:
        """An alert by its id, tiny id or alias; None when there is none."""
        params = (("identifierType", identifier_type(id)),)
        response = self.send("GET", _path(id), params=params, accept=(404,), at_most=at_most)
        if response.status == 404:
            return None
        found: Mapping[str, Any] = self.data(response, Mapping)
        if not text_of(found.get("id")):
            raise response.unexpected("answered with an alert that has no id")
        return found

    def alerts(self, query: str, limit: int) -> List[Mapping[str, Any]]:
        """Alerts that a search finds, newest first."""
        params = (("query", query), ("limit", str(limit)), ("sort", "createdAt"), ("order", "desc"))
        return objects_in(self.data(self.send("GET", "/v2/alerts", params=params), list))

    def create(self, alert: Mapping[str, Any]) -> str:
        """Have an alert made; the id of the request, to be followed."""
        return _request_of(self.send("POST", "/v2/alerts", json=alert))

    def act(self, id: str, action: str, content: Mapping[str, Any]) -> Outcome:
        """Do something to an alert (`acknowledge`, `close`, `escalate`, `responders`) and follow
        it.

        Raises Refusal(unknown_page) when Opsgenie knows no such alert.
        """
        params = (("identifierType", identifier_type(id)),)
        response = self.send(
            "POST", f"{_path(id)}/{action}", params=params, json=content, accept=(404,)
        )
        if response.status == 404:
            raise self.unknown(id)
        return self.follow(_request_of(response))

    def follow(self, request: str) -> Outcome:
        """The outcome of a request. Never raises: it was taken, so it may have been carried out
        whatever happens now."""
        # Some of the time is kept for the alert itself, which may exist anyway.
        began = vendor.clock()
        until = min(began + self._follow, self.deadline - self.time_limit / 5)
        path = f"/v2/alerts/requests/{quote(request, safe='')}"
        pause = _FIRST_PAUSE
        while True:
            left = until - vendor.clock()
            if left <= 0:
                took = round(vendor.clock() - began, 1)
                return Outcome(None, why=f"it was not known within {took:g} s")
            try:
                # 404 means that Opsgenie has not come to it yet.
                response = self.send("GET", path, accept=(404,), at_most=rounded(left))
                found = {} if response.status == 404 else self.data(response, Mapping)
            except OpsroomError as error:
                return Outcome(None, why=error.message.rstrip("."))
            if isinstance(found.get("isSuccess"), bool):
                status = self.quoted(response, text_of(found.get("status")))
                return Outcome(found["isSuccess"], status, text_of(found.get("alertId")))
            left = max(until - vendor.clock(), 0.0)
            vendor.sleep(min(pause, left))
            pause = min(pause * 2, _MAX_PAUSE)

    def data(self, response: Response, kind: type) -> Any:
        """What is under `data`. Raises Failure(bad_answer) when it is not of that kind."""
        content = response.json()
        found = content.get("data") if isinstance(content, Mapping) else None
        if not isinstance(found, kind):
            raise response.unexpected("answered JSON without the data that belongs there")
        return found

    def unknown(self, id: str) -> Refusal:
        """The refusal that there is no such alert."""
        hint = (
            "Type the number that Opsgenie shows beside the alert, or list the open ones: "
            "show pages."
        )
        return Refusal(Code.UNKNOWN_PAGE, f"Opsgenie has no page {shown(id)}.", hint)

    def wait_of(self, response: Response) -> Optional[float]:
        """As Retry-After says, which is not documented, else the time over which it counts."""
        for name in ("retry-after", "x-ratelimit-period-in-sec"):
            seconds = retry_after(response.headers.get(name, ""))
            if seconds is not None:
                return seconds
        return None

    def rate_limited(self, response: Response, wait: Optional[float]) -> Failure:
        """As for every vendor, with whose requests count."""
        failure = super().rate_limited(response, wait)
        reason = self.quoted(response, response.headers.get("x-ratelimit-reason", "")).lower()
        if not reason or wait is None:
            return failure
        message = (
            f"Opsgenie is rate-limiting opsroom, by the requests of the {reason}; retry in "
            f"{length(round(wait, 1))}."
        )
        return Failure(failure.code, message, facts=failure.facts)

    def words(self, response: Response) -> str:
        """The message of an error, and for 422 what is wrong with which field."""
        content = response.content()
        parts = [text_at(content, "message")]
        errors = content.get("errors") if isinstance(content, Mapping) else None
        if isinstance(errors, Mapping):
            parts += [f"{name}: {text_of(what)}" for name, what in errors.items() if text_of(what)]
        return self.quoted(response, ", ".join(part.rstrip(".") for part in parts if part))

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """As for every vendor. Nothing was done: Opsgenie checks before it takes a request."""
        error = super().error(response, about)
        error.facts["sent"] = False
        return error

    def hint(self, status: int, about: Subject) -> str:
        key = f"{self.key}.{'read_key' if about is ACCOUNT else 'api_key'}"
        if status == 401:
            region = f"that {self.key}.url is that of the account's region"
            return f"An administrator has to check {key}, and {region}."
        if status == 403 and about is ACCOUNT:
            return f"An administrator has to check that {key} may read the configuration."
        if status == 403:
            may = "belongs to an API integration that may read, create and update"
            return f"An administrator has to check that {key} {may}."
        if status == 410:
            ends = "Opsgenie ends in April 2027; in Jira Service Management"
            return f"{ends}, {self.key}.url is another."
        return ""


def _of_opsgenie(response: Response) -> bool:
    """Whether an error is Opsgenie's own, and not that of a server or gateway without Opsgenie."""
    content = response.content()
    if not isinstance(content, Mapping):
        return False
    return bool(text_of(content.get("requestId"))) and "took" in content


def _request_of(response: Response) -> str:
    content = response.json()
    request = text_of(content.get("requestId")) if isinstance(content, Mapping) else ""
    if not request:
        raise response.unexpected("took the request, but returned no id by which to follow it")
    return request


def _path(id: str) -> str:
    return f"/v2/alerts/{quote(id, safe='')}"


def rounded(seconds: float) -> float:
    """A time limit that reads well in a sentence."""
    return round(max(seconds, 0.1), 1)
