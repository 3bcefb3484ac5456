"""Asking Jira: addresses, credentials, and what each answer that is no success means."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.errors import judge, retry_after
from ...secrets import redact
from ...text import one_line
from .. import shut
from .mapping import PLACE, archived, at, list_at

if TYPE_CHECKING:
    from ...http.response import Response
    from . import Options

# Read here rather than by http.py, for what Jira says in them.
_READ = (400, 401, 403, 404, 409, 410, 413, 422)


@dataclass(frozen=True)
class Said:
    """What Jira said: `content` is its JSON, None where it said nothing. `ok`: it did what was
    asked."""

    status: int
    content: Any
    answer: Response

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def errors(self) -> Dict[str, str]:
        """What is wrong with each field, by its id."""
        errors = at(self.content, "errors")
        return (
            {str(key): _line(value) for key, value in errors.items()}
            if isinstance(errors, Mapping)
            else {}
        )

    @property
    def of_jira(self) -> bool:
        """Whether it is an error of Jira's own, not of a proxy or of a server that is something
        else."""
        return isinstance(at(self.content, "errorMessages"), list)

    def words(self, characters: int = 200) -> str:
        """What Jira says is wrong, on one line, without a full stop; empty when it says nothing."""
        parts: List[str] = [_line(one) for one in list_at(self.content, "errorMessages")]
        parts += [f"{key}: {value}" for key, value in self.errors.items()]
        said = " ".join(part for part in parts if part) or _line(at(self.content, "message"))
        return one_line(redact(said, self.answer.secrets), characters).rstrip(".")


class Client:
    """Speaks with one Jira. All requests of a verb share one time limit: `begin()` starts it."""

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self._base = f"{options.url}/rest/api/{options.api}"
        self._http: Any = None
        self._deadline = 0.0

    def begin(self) -> None:
        """Start the time limit of a verb."""
        self._deadline = time.monotonic() + self._options.time_limit

    def key(self, name: str) -> str:
        """The full name of a key of the config: `trackers.jira.token`."""
        return f"trackers.{self._name}.{name}"

    def page(self, card: str) -> str:
        """The address of a card's page."""
        return f"{self._options.site}/browse/{quote(card, safe='')}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Mapping[str, str]] = None,
        body: Optional[Any] = None,
    ) -> Said:
        """Send a request. Hands back successes, and what Jira refuses with 400, 404, 409, 413 and
        422.

        Raises Failure: unauthorized, gone, and those of `HttpClient.send`.
        """
        try:
            return self._said(method, path, params, body)
        except Failure as failure:
            if method == "GET":
                failure.facts["sent"] = False  # nothing can have come of it
            raise

    def _said(
        self, method: str, path: str, params: Optional[Mapping[str, str]], body: Optional[Any]
    ) -> Said:
        if self._http is None:
            self._http = self._connected()
        left = self._deadline - time.monotonic()
        if left <= 0:
            # Nothing of this request was sent.
            message = f"Jira did not answer everything within {self._options.time_limit:g} s."
            raise Failure(Code.TIMED_OUT, message, facts={"url": self._base, "sent": False})
        answer: Response = self._http.send(
            method,
            self._base + path,
            params=params,
            json=body,
            accept=_READ,
            time_limit=max(round(left, 1), 0.1),
        )
        said = _read(answer)
        self._look_at_login(method, said)
        if answer.status == 403:
            raise self._forbidden(said, method)
        if answer.status == 410:
            words = said.words() or "410 Gone"
            raise Failure(
                Code.GONE,
                f"Jira does not have {answer.url} any more: {words}.",
                f"opsroom needs a newer version, or {self.key('api')} in its config another one.",
                {"url": answer.url, "status": 410, "sent": True},
            )
        return said

    def shut(self, card: str, project: str, error: OpsroomError) -> OpsroomError:
        """Instead of an error: the refusal of an archived card or project, where one of them is. By
        Jira's words; where they say only that it is not allowed, by what Jira says of card and
        project: two requests at most."""
        stuck = error.code is Code.UNKNOWN_COLUMN and not error.facts.get("columns")
        told = error.code in (
            Code.UNAUTHORIZED,
            Code.NOT_ACCEPTED,
            Code.UNKNOWN_CARD,
            Code.UNKNOWN_PROJECT,
        )
        hinted = told and re.search(r"archiv|arquiv", error.message, re.IGNORECASE)
        if not (
            stuck
            or hinted
            or error.facts.get("status") == 403
            or error.code is Code.UNKNOWN_PROJECT
        ):
            return error
        # A word may be that of a field or a summary; what Jira says of the card and the project
        # counts first.
        why = (
            archived(self._quietly(f"/issue/{quote(card, safe='')}", {"fields": PLACE}))
            if card
            else ""
        )
        if (
            not why
            and at(self._quietly(f"/project/{quote(project, safe='')}", {}), "archived") is True
        ):
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

    def _quietly(self, path: str, params: Mapping[str, str]) -> Any:
        """What Jira answers; None when it does not: what was refused is told anyway."""
        try:
            said = self._said("GET", path, params, None)
        except OpsroomError:
            return None
        return said.content if said.ok else None

    def not_accepted(self, said: Said, what: str) -> OpsroomError:
        """A refusal in Jira's own words; `what` is what was asked for: "the comment"."""
        if said.status == 404:
            return self.not_there(said)
        if said.status == 413:
            return Refusal(
                Code.TEXT_TOO_LONG,
                f"Jira does not take {what}: it is too long.",
                "Say it in fewer words.",
            )
        facts = {"url": said.answer.url, "status": said.status, "sent": True}
        words = said.words()
        if not words:
            return judge(said.status, {}, said.answer.url, "POST").failure
        return Refusal(Code.NOT_ACCEPTED, f"Jira does not take {what}: {words}.", facts=facts)

    def no_card(self, said: Said, card: str) -> OpsroomError:
        """What 404 means where a card was asked for."""
        if not said.of_jira:
            return self.not_there(said)
        message = f"Jira has no card {card}, or its user {self._user()}may not see it."
        return Refusal(Code.UNKNOWN_CARD, message, facts={"card": card})

    def not_there(self, said: Said) -> Failure:
        """What 404 means where something must be."""
        facts = {"url": said.answer.url, "status": said.status, "sent": True}
        words = f": {said.words()}" if said.words() else ""
        message = f"{said.answer.url} answered {said.status} Not Found{words}."
        return Failure(
            Code.BAD_ANSWER,
            message,
            f"Is {self.key('url')} in the config the address of Jira?",
            facts,
        )

    def done(self, said: Said) -> None:
        """Whether a request whose success has no content was carried out. Raises
        Failure(bad_answer)."""
        if said.status != 204:
            raise self.odd(said, "saying that it was done")

    def odd(self, said: Said, what: str) -> Failure:
        """A success without what it should hold."""
        facts = {"url": said.answer.url, "status": said.status, "sent": said.answer.method != "GET"}
        return Failure(
            Code.BAD_ANSWER,
            f"{said.answer.url} answered {said.status} without {what}.",
            facts=facts,
        )

    def _connected(self) -> Any:
        from ...http.client import HttpClient

        options = self._options
        if options.user:
            pair = base64.b64encode(f"{options.user}:{options.token}".encode()).decode("ascii")
            authorization = f"Basic {pair}"
        else:
            authorization = f"Bearer {options.token}"
        return HttpClient(
            headers={"Accept": "application/json", "Authorization": authorization},
            secrets=(options.token,),
            time_limit=options.time_limit,
            verify=options.verify,
            address_key=self.key("url"),
        )

    def _user(self) -> str:
        return f"{self._options.user} " if self._options.user else ""

    def _check_credentials(self) -> str:
        if not self._options.user:
            return (
                f"An administrator must check {self.key('token')} in the config: it may have "
                "expired, "
                "or its user have no right to this."
            )
        keys = f"{self.key('user')} and {self.key('token')}"
        return (
            f"An administrator must check {keys} in the config: tokens of Jira Cloud expire "
            "within a year."
        )

    def _look_at_login(self, method: str, said: Said) -> None:
        """Jira answers some requests with wrong credentials as if nobody had logged in, and says so
        in a header only.

        What was made all the same was made.
        """
        reason = said.answer.headers.get("x-seraph-loginreason", "").strip().upper()
        denied = said.answer.headers.get("x-authentication-denied-reason", "")
        failed = (
            said.status == 401
            or "AUTHENTICATED_FAILED" in reason
            or "AUTHENTICATION_DENIED" in reason
            or bool(denied)
        )
        if not failed or (said.ok and method != "GET"):
            return
        captcha = (
            " It wants a CAPTCHA solved: log in with that user in a browser."
            if "CAPTCHA" in denied
            else ""
        )
        raise Failure(
            Code.UNAUTHORIZED,
            f"{said.answer.url} does not accept the credentials ({said.status}).{captcha}",
            self._check_credentials(),
            {"url": said.answer.url, "status": said.status, "sent": False},
        )

    def _forbidden(self, said: Said, method: str) -> Failure:
        # Data Center sends "retry-after: 0" with every answer; only a real wait means a limit here.
        wait = retry_after(said.answer.headers.get("retry-after", ""))
        if wait:
            return judge(403, said.answer.headers, said.answer.url, method).failure
        words = f": {said.words()}" if said.words() else ""
        return Failure(
            Code.UNAUTHORIZED,
            f"Jira does not allow its user {self._user()}to do this (403){words}.",
            f"An administrator must give the user of {self.key('token')} the right to do it in "
            "that project.",
            {"url": said.answer.url, "status": 403, "sent": True},
        )


def _read(answer: Response) -> Said:
    if answer.status < 300:
        return Said(
            answer.status,
            None if answer.status == 204 or not answer.body else answer.json(),
            answer,
        )
    try:
        return Said(answer.status, answer.json(), answer)
    except Failure:
        return Said(answer.status, None, answer)


def _line(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, (str, int, float)) else ""


_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.,\s’']\d{3})+|\d{4,7})(?!\w)")


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
