"""The client of Jira's API: its credentials, and what each response means that is not a success."""

from __future__ import annotations

import base64
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.client import HttpClient
from ...http.content import at, list_at, object_at
from ...http.errors import judge
from ...http.response import Response
from ...secrets import redact
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...text import one_line
from .. import shut
from .mapping import PLACE, archived
from .options import Options
from .transport import Transport


@dataclass(frozen=True)
class Result:
    """What Jira answered: `content` is its JSON, None where there is none. `ok`: it did what was
    asked."""

    content: Any
    response: Response

    @property
    def ok(self) -> bool:
        return self.response.status < 300

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def errors(self) -> Dict[str, str]:
        """What is wrong with each field, by its id."""
        errors = object_at(self.content, "errors")
        return {str(key): _line(value) for key, value in errors.items()}

    @property
    def is_jiras(self) -> bool:
        """Whether it is an error of Jira's own, not of a proxy or of a server that is something
        else."""
        return isinstance(at(self.content, "errorMessages"), list)

    def words(self, characters: int = vendor.QUOTED) -> str:
        """What Jira says is wrong, on one line, without a full stop; empty when it says nothing."""
        parts: List[str] = [_line(one) for one in list_at(self.content, "errorMessages")]
        parts += [f"{key}: {value}" for key, value in self.errors.items()]
        words = " ".join(part for part in parts if part) or _line(at(self.content, "message"))
        return one_line(redact(words, self.response.secrets), characters).rstrip(".")


class Client(vendor.Client):
    """Speaks with one Jira. All requests of a verb share one time limit: `begin()` starts it."""

    service = "Jira"
    # Those of which Jira explains something that is read here.
    explained = (400, 401, 403, 404, 409, 410, 413, 422, 429)

    def __init__(self, options: Options, name: str) -> None:
        self.options = options
        url = f"{options.url}/rest/api/{options.api}"
        pair = base64.b64encode(f"{options.user}:{options.token}".encode()).decode("ascii")
        super().__init__(
            f"trackers.{name}",
            url,
            time_limit=options.time_limit,
            verify=options.verify,
            headers={"Accept": "application/json"},
            secrets=(options.token, pair),
        )

    def transport(self, **options: Any) -> HttpClient:
        """The `jira` library."""
        return Transport(self.options, f"{self.options.url}/rest/api/{self.options.api}", **options)

    def page(self, card: str) -> str:
        """The address of a card's page."""
        return f"{self.options.site}/browse/{quote(card, safe='')}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Mapping[str, str]] = None,
        json: Optional[Any] = None,
    ) -> Result:
        """Send a request. Returns successes, and what Jira refuses with 400, 404, 409, 413 and
        422.

        Raises Failure: unauthorized, gone, and those of `vendor.Client.request`.
        """
        response = self.request(method, path, params=params, json=json)
        result = _read(response)
        self._check_login(result)
        if response.status == 403:
            raise self._forbidden(result)
        if response.status == 410:
            words = result.words() or "410 Gone"
            raise Failure(
                Code.GONE,
                f"Jira no longer has {response.url}: {words}.",
                f"opsroom needs a newer version, or {self.key}.api in its config another one.",
                response.facts,
            )
        return result

    def is_rate_limited(self, response: Response) -> bool:
        """Data Center sends "retry-after: 0" with every response; with 403 only a real wait is a
        limit."""
        return response.status == 429 or (response.status == 403 and bool(self.wait_of(response)))

    def shut(self, card: str, project: str, error: OpsroomError) -> OpsroomError:
        """Instead of an error: the refusal of an archived card or project, where one of them is. By
        Jira's words; where they say only that it is not allowed, by what Jira says of card and
        project: two requests at most."""
        stuck = error.code is Code.UNKNOWN_COLUMN and not error.facts.get("columns")
        explained = error.code in (
            Code.UNAUTHORIZED,
            Code.NOT_ACCEPTED,
            Code.UNKNOWN_CARD,
            Code.UNKNOWN_PROJECT,
        )
        hinted = explained and re.search(r"archiv|arquiv", error.message, re.IGNORECASE)
        if not (
            stuck
            or hinted
            or error.facts.get("status") == 403
            or error.code is Code.UNKNOWN_PROJECT
        ):
            return error
        # A word may be that of a field or a summary; what Jira says of the card and the project
        # counts first.
        why = ""
        if card:
            why = archived(self.quietly(f"/issue/{quote(card, safe='')}", params={"fields": PLACE}))
        if not why and at(self.quietly(f"/project/{quote(project, safe='')}"), "archived") is True:
            why = "in an archived project"
        if (
            not why
            and hinted
            and re.search(r"\b(?:is|are|been) archived|archived (?:issue|project)", error.message)
        ):
            why = "archived"
        if not why:
            return error
        message = f"{card} is {why} in Jira, so it is read-only."
        if not card:
            message = f"The project {project} is archived in Jira, so it is read-only."
        return shut(message, "Restore it in Jira, or use another card or project.")

    def not_accepted(self, result: Result, what: str) -> OpsroomError:
        """A refusal in Jira's own words; `what` is what was asked for: "the comment"."""
        if result.status == 404:
            return self.not_found(result)
        if result.status == 413:
            message = f"Jira does not accept {what}: it is too long."
            return Refusal(Code.TEXT_TOO_LONG, message, "Use fewer words.")
        words = result.words()
        if not words:
            return judge(result.status, {}, result.response.url, "POST").failure
        message = f"Jira does not accept {what}: {words}."
        return Refusal(Code.NOT_ACCEPTED, message, facts=result.response.facts)

    def no_card(self, result: Result, card: str) -> OpsroomError:
        """What 404 means where a card was asked for."""
        if not result.is_jiras:
            return self.not_found(result)
        message = f"Jira has no card {card}, or its user {self._user()}may not see it."
        return Refusal(Code.UNKNOWN_CARD, message, facts={"card": card})

    def not_found(self, result: Result) -> Failure:
        """What 404 means where something must be."""
        words = f": {result.words()}" if result.words() else ""
        message = f"{result.response.url} answered {result.status} Not Found{words}."
        hint = f"Is {self.key}.url in the config the address of Jira?"
        return Failure(Code.BAD_ANSWER, message, hint, result.response.facts)

    def check_done(self, result: Result) -> None:
        """That a request whose success has no content was carried out. Raises
        Failure(bad_answer)."""
        if result.status != 204:
            raise self.incomplete(result, "saying that it was done")

    def incomplete(self, result: Result, what: str) -> Failure:
        """A success without what it should hold."""
        return result.response.unexpected(f"answered {result.status} without {what}")

    def _user(self) -> str:
        return f"{self.options.user} " if self.options.user else ""

    def _check_credentials(self) -> str:
        if not self.options.user:
            return (
                f"An administrator must check {self.key}.token in the config: it may have "
                "expired, or its user have no right to this."
            )
        return (
            f"An administrator must check {self.key}.user and {self.key}.token in the config: "
            "tokens of Jira Cloud expire within a year."
        )

    def _check_login(self, result: Result) -> None:
        """Jira answers some requests with wrong credentials as if nobody had logged in, and says so
        in a header only.

        What was made anyway was made.
        """
        response = result.response
        reason = response.headers.get("x-seraph-loginreason", "").strip().upper()
        denied = response.headers.get("x-authentication-denied-reason", "")
        failed = (
            response.status == 401
            or "AUTHENTICATED_FAILED" in reason
            or "AUTHENTICATION_DENIED" in reason
            or bool(denied)
        )
        if not failed or (result.ok and response.method != "GET"):
            return
        captcha = (
            " It wants a CAPTCHA solved: log in with that user in a browser."
            if "CAPTCHA" in denied
            else ""
        )
        raise Failure(
            Code.UNAUTHORIZED,
            f"{response.url} does not accept the credentials ({response.status}).{captcha}",
            self._check_credentials(),
            {**response.facts, "sent": False},
        )

    def _forbidden(self, result: Result) -> Failure:
        words = f": {result.words()}" if result.words() else ""
        return Failure(
            Code.UNAUTHORIZED,
            f"Jira does not allow its user {self._user()}to do this (403){words}.",
            f"An administrator must give the user of {self.key}.token the right to do it in "
            "that project.",
            result.response.facts,
        )


def _read(response: Response) -> Result:
    if not response.ok:
        return Result(response.content(), response)
    return Result(
        None if response.status == 204 or not response.body else response.json(), response
    )


def _line(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""


_NUMBER = lazy_pattern(r"(?<![\w.,])(\d{1,3}(?:[.,\s’']\d{3})+|\d{4,7})(?!\w)")


def limit_in(texts: Iterable[str]) -> Optional[int]:
    """How many characters Jira says it takes, when a text was too long: 0 when it names no number,
    None otherwise."""
    for text in texts:
        if "CONTENT_LIMIT_EXCEEDED" in text:
            return 0
        number = _NUMBER.search(text)
        if number:
            return int(re.sub(r"\D", "", number.group(1)))
    return None
