"""The clients of Splunk On-Call: one for its API, one for its REST endpoint for alerts."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.content import text_of
from ...http.response import Response
from ...http.vendor import NOTHING, Subject
from .mapping import inside, items
from .options import Options

_LIMIT = (
    "Splunk On-Call takes 60 requests a minute (one for the list of escalation policies): "
    "try again in a minute."
)
_LIMIT_WORDS = ("limit", "exceed", "too many", "quota")


class Client(vendor.Client):
    """The requests of one command to the API of an organisation."""

    service = "Splunk On-Call"
    explained: Tuple[int, ...] = (400, 401, 402, 403, 404, 405, 409, 410, 422, 429)

    def __init__(
        self, options: Options, name: str, url: str, headers: Mapping[str, str], url_key: str
    ) -> None:
        endpoint_key = options.endpoint.rpartition("/")[2]
        super().__init__(
            f"pagers.{name}",
            url,
            time_limit=options.time_limit,
            verify=options.verify,
            headers=headers,
            secrets=(options.api_id, options.api_key, endpoint_key),
            url_key=url_key,
        )
        self.options = options

    def words(self, response: Response) -> str:
        """What an error says: plain text, or the text under one of several keys of JSON."""
        content = response.content()
        if content is None:
            return "" if response.is_page else self.quoted(response, response.text)
        keys = ("error", "message", "errorMessage", "reason")
        found = (text_of(inside(content, key)) for key in keys)
        return self.quoted(response, next((one for one in found if one), ""))

    def because(self, response: Response) -> str:
        """Its words as the end of a sentence, `: no such user`; empty where it says nothing."""
        words = self.words(response)
        return f": {words}" if words else ""

    def json(self, response: Response) -> Any:
        """The JSON of a response: a mapping or a list. Raises Failure(bad_answer)."""
        content = response.json()
        if not isinstance(content, (Mapping, list)):
            raise response.unexpected("answered JSON that is neither a mapping nor a list")
        return content


class Api(Client):
    """The API, `/api-public`, where the config has keys of it."""

    def __init__(self, options: Options, name: str) -> None:
        headers = {"X-VO-Api-Id": options.api_id, "X-VO-Api-Key": options.api_key}
        super().__init__(options, name, f"{options.url}/api-public", headers, "url")
        self.is_configured = bool(options.api_id and options.api_key)

    def get(self, path: str, at_most: Optional[float] = None) -> Any:
        """The JSON at a path. Raises Refusal(not_possible) where the config has no keys."""
        if not self.is_configured:
            raise self.without_keys("This")
        return self.json(self.send("GET", path, at_most=at_most))

    def rows(
        self, path: str, name: str = "", at_most: Optional[float] = None
    ) -> List[Mapping[str, Any]]:
        """The list at a path, or under a name in what is there. Raises Failure(bad_answer) where
        there is none: JSON of another form must not pass for an empty list."""
        content = self.get(path, at_most)
        found = inside(content, name) if name else content
        if not isinstance(found, list):
            message = f"{self.url}{path} answered JSON without the data that belongs there."
            raise Failure(Code.BAD_ANSWER, message, facts={"sent": False})
        return items(found)

    def incidents(self, at_most: Optional[float] = None) -> List[Mapping[str, Any]]:
        """Those that are open, acknowledged, or were resolved a short time ago."""
        return self.rows("/v1/incidents", "incidents", at_most)

    def change(
        self, method: str, path: str, content: Mapping[str, Any], again: bool = False
    ) -> Response:
        """A request that changes something; 404 is a response: it stands for an unknown user.

        `again`: it may be sent a second time when its answer is lost.
        """
        response = self.request(method, path, json=content, idempotent=again or None)
        # Any other 404 is not the API's, which names the user that it does not know.
        unknown_user = response.status == 404 and "user" in self.words(response).lower()
        if response.ok or unknown_user:
            return response
        raise self.error(response, NOTHING)

    def without_keys(self, what: str) -> Refusal:
        """The refusal where only the REST endpoint is configured, which can only take alerts."""
        return Refusal(
            Code.NOT_POSSIBLE,
            f"{what} needs Splunk On-Call's API; the config has only its REST endpoint.",
            f"An administrator has to set {self.key}.api_id and {self.key}.api_key.",
        )

    def is_rate_limited(self, response: Response) -> bool:
        """429, which is not documented, or a 403 that speaks of a limit."""
        if super().is_rate_limited(response):
            return True
        words = self.words(response).lower() if response.status == 403 else ""
        return any(word in words for word in _LIMIT_WORDS)

    def rate_limited(self, response: Response, wait: Optional[float]) -> Failure:
        """As for every vendor, with its words and its limit."""
        failure = super().rate_limited(response, wait)
        message = failure.message
        if response.status == 403:
            message = f"{self.service} is rate-limiting opsroom (403){self.because(response)}."
        return Failure(failure.code, message, _LIMIT, failure.facts)

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """As for every vendor. Nothing was done: it checks before it does anything."""
        if response.status == 403:
            # One and the same answer for a wrong key, for a key that may only read, and for too
            # many requests.
            message = (
                f"{self.service} does not accept the API key, or is rate-limiting opsroom: both "
                f"are 403{self.because(response)}."
            )
            error: OpsroomError = Failure(
                Code.UNAUTHORIZED, message, self.hint(403, about), response.facts
            )
        else:
            error = super().error(response, about)
        error.facts["sent"] = False
        return error

    def hint(self, status: int, about: Subject) -> str:
        keys = f"{self.key}.api_id and {self.key}.api_key"
        if status == 401:
            return f"An administrator has to check {keys}."
        if status == 403:
            also = "and that the key may not only read"
            return f"Try again in a minute; an administrator checks {keys}, {also}."
        return ""


class AlertClient(Client):
    """The REST endpoint for alerts: no headers, its address is the secret."""

    explained = (400, 401, 403, 404, 422)

    def __init__(self, options: Options, name: str) -> None:
        super().__init__(options, name, options.endpoint, {}, "endpoint")

    def alert(self, routing_key: str, content: Mapping[str, Any]) -> None:
        """Hand an alert over; the endpoint says only that it was taken.

        Raises Refusal(not_accepted) when it says that it was not.
        """
        # "@" must stay as it is.
        response = self.request("POST", f"/{quote(routing_key, safe='@')}", json=content)
        status, because = response.status, self.because(response)
        facts = {**response.facts, "sent": False}
        endpoint = f"{self.service}'s REST endpoint"
        if status in (401, 403, 404):
            message = f"{endpoint} does not know its key ({status}){because}."
            hint = f"An administrator has to check {self.key}.endpoint."
            raise Failure(Code.UNAUTHORIZED, message, hint, facts)
        if not response.ok:
            message = f"{endpoint} rejected the alert ({status}){because}."
            raise Refusal(Code.NOT_ACCEPTED, message, facts=facts)
        result = text_of(inside(self.json(response), "result")).lower()
        if result == "failure":
            raise Refusal(
                Code.NOT_ACCEPTED, f"{endpoint} rejected the alert{because}.", facts=facts
            )
        if result != "success":
            raise response.unexpected("answered neither success nor failure")
