"""Asking Basecamp: its token, its pages, its limits, its reasons for a refusal, and answers of the
wrong form."""

from __future__ import annotations

import json as json_module
import re
import time
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Dict,
    Iterator,
    Mapping,
    Optional,
    Set,
    Tuple,
    TypeVar,
)
from urllib.parse import urlsplit

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.errors import retry_after
from ...names import shown
from ...secrets import redact
from ...text import one_line, span
from .. import shut
from ..shapes import Unexpected, items
from .mapping import project_status
from .tokens import Tokens

if TYPE_CHECKING:
    from ...http.response import Response
    from . import Options

T = TypeVar("T")

# 507: the account is full.
_TOLD = (*(status for status in range(400, 500) if status not in (408, 425)), 507)
_JSON = {"Content-Type": "application/json; charset=utf-8"}  # without it: 415
_ATTEMPTS = 3
_MOST_PAGES = 200
_NEXT = re.compile(r"<([^<>]*)>\s*;[^,<]*\brel\s*=\s*\"?next\b", re.IGNORECASE)


class Client:
    """The requests of one verb: together they keep the tracker's time limit.

    `about` of a request is what its path speaks of, ("card", "12"), ("column", "3"): a refusal
    names it. Raises Refusal(unknown_card, unknown_project, unknown_column, not_accepted) and
    Failure. What fails before anything was changed has the fact `sent` false.
    """

    def __init__(self, options: Options, name: str, tokens: Tokens) -> None:
        from ...http.client import HttpClient

        self._http = HttpClient(
            headers={"Accept": "application/json"},
            secrets=(options.token, options.client_secret, options.refresh_token),
            time_limit=options.time_limit,
            verify=options.verify,
            address_key=f"trackers.{name}.url",
        )
        self._options = options
        self._key = f"trackers.{name}"
        self._tokens = tokens
        self._base = f"{options.url}/{options.account}"
        self._ends = time.monotonic() + options.time_limit

    def get(self, path: str, about: Tuple[str, str], read: Callable[[Any], T]) -> T:
        """What `read` makes of the JSON at a path. `read` raises Unexpected."""
        return self._reading(self._base + path, None, about, read)[0]

    def pages(
        self,
        path: str,
        about: Tuple[str, str],
        read: Callable[[Dict[str, Any]], T],
        params: Optional[Mapping[str, str]] = None,
    ) -> Iterator[T]:
        """What `read` makes of the objects of a list, page by page as they are wanted."""

        address = self._base + path
        seen: Set[str] = set()
        while address:
            if address in seen or len(seen) >= _MOST_PAGES:
                raise self._astray(address, "has pages that lead on and on")
            seen.add(address)
            rows, answer = self._reading(
                address, params, about, lambda found: [read(row) for row in _rows(found)]
            )
            yield from rows
            found = _NEXT.search(answer.headers.get("link", ""))
            address, params = found.group(1) if found else "", None
            if address and not self._is_ours(address):
                raise self._astray(
                    answer.url, "names a next page in another place, which was not followed"
                )

    def send(
        self,
        method: str,
        path: str,
        about: Tuple[str, str],
        read: Optional[Callable[[Any], T]] = None,
        json: Optional[Mapping[str, Any]] = None,
    ) -> Optional[T]:
        """Change something; what `read` makes of the JSON that comes back."""
        answer = self._answer(method, self._base + path, None, json)
        if answer.status >= 400:
            raise self._trouble(answer, about)
        if read:
            return self._read(answer, read)
        if answer.status != 204:
            message = f"{answer.url} answered {answer.status} without saying that it was done."
            failure = _failure(Code.BAD_ANSWER, answer, message)
            failure.facts["sent"] = not (answer.is_page and answer.status == 200)
            raise failure
        return None

    def _reading(
        self,
        address: str,
        params: Optional[Mapping[str, str]],
        about: Tuple[str, str],
        read: Callable[[Any], T],
    ) -> Tuple[T, Response]:
        try:
            answer = self._answer("GET", address, params, None)
            if answer.status >= 400:
                raise self._trouble(answer, about)
            return self._read(answer, read), answer
        except Failure as failure:
            failure.facts["sent"] = False  # nothing can have come of it
            raise

    def _read(self, answer: Response, read: Callable[[Any], T]) -> T:
        try:
            return read(answer.json())
        except Unexpected as error:
            raise _failure(
                Code.BAD_ANSWER, answer, f"{answer.url} answered JSON in which {error}."
            ) from None

    def _answer(
        self,
        method: str,
        address: str,
        params: Optional[Mapping[str, str]],
        json: Optional[Mapping[str, Any]],
    ) -> Response:
        """The answer, also when it is a refusal; with a token that works where there is one, after
        a short wait where there were too many requests."""
        token = self._tokens.token(self._post)
        waited = 0
        while True:
            headers = {"Authorization": f"Bearer {token}", **(_JSON if json is not None else {})}
            answer = self._http.send(
                method,
                address,
                headers=headers,
                params=params,
                json=json,
                accept=_TOLD,
                time_limit=self._left(),
            )
            if answer.status == 401:
                token = self._tokens.instead_of(token, self._post)
            elif answer.status == 429:
                waited += 1
                self._wait(answer, waited)
            else:
                return answer

    def _post(self, url: str, form: Mapping[str, str]) -> Response:
        """A request for a token. It changes nothing, so it may be repeated and leaves nothing in
        doubt."""
        accept = tuple(status for status in _TOLD if status != 429)
        try:
            return self._http.send(
                "POST",
                url,
                data=form,
                accept=accept,
                idempotent=True,
                time_limit=self._left(),
                address_key=f"{self._key}.launchpad",
            )
        except Failure as failure:
            failure.facts["sent"] = False
            raise

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left > 0:
            return max(round(left, 1), 0.1)  # a sentence may tell it
        message = (
            f"Basecamp did not answer all that was asked within {self._options.time_limit:g} s."
        )
        raise Failure(Code.TIMED_OUT, message, facts={"sent": False})

    def _wait(self, answer: Response, waited: int) -> None:
        wait = retry_after(answer.headers.get("retry-after", ""))
        if wait is None:
            content = _json(answer)
            told = content.get("retry_after") if isinstance(content, dict) else None
            if isinstance(told, (int, float)) and not isinstance(told, bool) and 0 <= told < 1e9:
                wait = float(told)
        if (
            wait is not None
            and waited < _ATTEMPTS
            and time.monotonic() + max(wait, 0.1) < self._ends
        ):
            time.sleep(max(wait, 0.1))
            return
        how_long = "does not say for how long" if wait is None else f"asks to wait {span(wait)}"
        facts: Dict[str, Any] = {"url": answer.url, "status": 429, "sent": False}
        if wait is not None:
            facts["retry_after"] = wait
        raise Failure(
            Code.RATE_LIMITED, f"Basecamp gets too many requests and {how_long}.", facts=facts
        )

    def _trouble(self, answer: Response, about: Tuple[str, str]) -> OpsroomError:
        status, said = answer.status, _said(answer)
        told = f"{status}: {said}" if said else str(status)
        if status == 404 and "inactive" in answer.headers.get("reason", "").lower():
            message = (
                f"The Basecamp account {self._options.account} is inactive: its trial has "
                "ended or it is suspended."
            )
            return _failure(
                Code.UNAUTHORIZED,
                answer,
                message,
                "The owner of the account can see to it in Basecamp.",
            )
        if status == 507:
            message = f"The Basecamp account {self._options.account} is full ({told})."
            return shut(message, "Someone with rights there must free space or upgrade the plan.")
        refusal = self._shut() if status in (403, 404) else None
        if refusal is not None:
            return refusal
        if status == 404:
            # The body of a 404 is empty as a rule, so it does not say whose it is.
            return self._unknown(*about) if self._is_there() else self._no_api(answer)
        if status == 405:
            return self._no_api(answer)
        if status == 403:
            message = f"The configured user may not do this in Basecamp ({told})."
            hint = f"That user needs access to project {self._options.project}."
            return _failure(Code.UNAUTHORIZED, answer, message, hint)
        if status == 410:
            message = f"Basecamp no longer has the way in which it was asked ({told})."
            return _failure(Code.GONE, answer, message, "An administrator updates opsroom.")
        facts = {"url": answer.url, "status": status, "reason": said}
        return Refusal(Code.NOT_ACCEPTED, f"Basecamp rejected the request ({told}).", facts=facts)

    def _shut(self) -> Optional[Refusal]:
        """The refusal of an archived or trashed project; None where it is neither. One request."""
        project = self._options.project
        try:
            answer = self._answer("GET", f"{self._base}/projects/{project}", None, None)
            archived, name = project_status(_json(answer)) if answer.status < 300 else ("", "")
        except (OpsroomError, Unexpected):
            return None
        if not archived:
            return None
        message = (
            f"The project {shown(name or project)} of Basecamp is {archived}, so it "
            "accepts no changes."
        )
        return shut(
            message, f"Restore it in Basecamp, or have an administrator change {self._key}.project."
        )

    def _is_there(self) -> bool:
        """Whether there is a Basecamp with this account at the configured address. One request."""
        try:
            answer = self._answer("GET", f"{self._base}/my/profile.json", None, None)
        except OpsroomError:
            return False
        content = _json(answer)
        return (
            answer.status < 300 and isinstance(content, dict) and isinstance(content.get("id"), int)
        )

    def _no_api(self, answer: Response) -> Failure:
        account = self._options.account
        message = (
            f"{answer.url} answered {answer.status}, and there is no Basecamp with account "
            f"{account}."
        )
        hint = f"An administrator checks {self._key}.url and {self._key}.account in the config."
        failure = _failure(Code.BAD_ANSWER, answer, message, hint)
        failure.facts["sent"] = False
        return failure

    def _unknown(self, what: str, name: str) -> Refusal:
        message = f"Basecamp has no {what} {name}, or the configured user may not see it."
        if what in ("card", "to-do"):
            other = "todo" if what == "card" else "card"
            hint = f"Is it {other}/{name}? Its address in Basecamp can be typed as well."
            return Refusal(Code.UNKNOWN_CARD, message, hint)
        if what == "account":
            return Refusal(
                Code.UNKNOWN_PROJECT,
                message,
                f"An administrator mends {self._key}.account in the config.",
            )
        key = "todolist" if what == "to-do list" else "column"
        return Refusal(
            Code.UNKNOWN_COLUMN,
            message,
            f"An administrator looks at {self._key}.{key} in the config.",
        )

    def _is_ours(self, address: str) -> bool:
        """Whether an address lies in the account: the token goes nowhere else."""
        try:
            there, here = urlsplit(address), urlsplit(self._base)
        except ValueError:
            return False
        same = (there.scheme.lower(), there.netloc.lower()) == (
            here.scheme.lower(),
            here.netloc.lower(),
        )
        return same and there.path.startswith(here.path + "/") and "/.." not in there.path

    def _astray(self, address: str, what: str) -> Failure:
        from ...secrets import shown_url

        return Failure(Code.BAD_ANSWER, f"{shown_url(address)} {what}.", facts={"sent": False})


def _rows(content: Any) -> Tuple[Dict[str, Any], ...]:
    """The objects of a list. Each has an id; what has none must not pass for something that is not
    looked for."""
    rows = items(content, "objects")
    if not all(isinstance(row.get("id"), int) for row in rows):
        raise Unexpected("there is something without an id")
    return rows


def _failure(code: Code, answer: Response, message: str, hint: str = "") -> Failure:
    return Failure(code, message, hint, {"url": answer.url, "status": answer.status, "sent": True})


def _said(answer: Response) -> str:
    """Basecamp's own words, empty where it sent a page."""
    content = _json(answer)
    found = content if isinstance(content, dict) else {}
    words = next(
        (found[key] for key in ("message", "error") if isinstance(found.get(key), str)), ""
    )
    return one_line(redact(words, answer.secrets)).rstrip(".")


def _json(answer: Response) -> Any:
    try:
        return json_module.loads(answer.text)
    except (ValueError, RecursionError):
        return None
