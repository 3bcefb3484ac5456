"""Asking Trello: its header, its plain-text errors, its ten-second windows, and answers of the
wrong form."""

from __future__ import annotations

import json as json_module
import re
import time
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Tuple, TypeVar
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...names import shown
from ...secrets import redact
from ...text import one_line
from .. import shut
from ..shapes import Unexpected
from .mapping import archived, why_shut

if TYPE_CHECKING:
    from ...http.client import Answer
    from . import Options

T = TypeVar("T")

# A board of 5,000 cards with long descriptions; Trello sends all cards of a board at once.
_MOST_BYTES = 30_000_000
# Trello counts requests in windows of ten seconds and says neither how many are left nor how long
# to wait. https://developer.atlassian.com/cloud/trello/guides/rest-api/rate-limits/
WINDOW = 10.0
# The reason of a refusal stands in the body, mostly as plain text.
_TOLD = tuple(status for status in range(400, 500) if status not in (408, 425, 429))


# What it says of a thing that is not there, in lower case and without a full stop.
_NOT_THERE = (
    "the requested resource was not found",
    *(f"{what} not found" for what in ("model", "board", "card", "list", "member", "action")),
)


# Its words for what takes nothing, and its codes for what is full, such as BOARD_TOO_MANY_CARDS.
_SAYS_CLOSED = re.compile(
    r"\b(?:board|list|card) (?:is|has been|was) (?:closed|archived)|closed board|archived "
    r"(?:card|list)"
)
_SAYS_FULL = re.compile(r"too[_ ]many|limit[_ ](?:was )?(?:reached|exceeded)|maximum number")


class Client:
    """The requests of one verb: together they keep the tracker's time limit.

    `about` of a request is what its path speaks of, ("card", "AbCd1234"): a refusal names it.
    Raises Refusal(unknown_card, unknown_project, unknown_column, not_accepted) and Failure. What
    fails before anything was changed has the fact `sent` false.
    """

    def __init__(self, options: Options, name: str) -> None:
        from ...http.client import Http

        # Trello also takes them in the query, from where they get into the logs of every proxy.
        authorization = f'OAuth oauth_consumer_key="{options.key}", oauth_token="{options.token}"'
        self._http = Http(
            headers={"Accept": "application/json, text/plain", "Authorization": authorization},
            secrets=(options.key, options.token),
            time_limit=options.time_limit,
            verify=options.verify,
            most_bytes=_MOST_BYTES,
            address_key=f"trackers.{name}.url",
        )
        self._name = name
        self._url = options.url
        self._board = options.board
        self._limit = options.time_limit
        self._ends = time.monotonic() + options.time_limit

    def get(self, path: str, about: Tuple[str, str], read: Callable[[Any], T], **params: str) -> T:
        """What `read` makes of the JSON at a path."""
        return self.send("GET", path, about, read, params)

    def send(
        self,
        method: str,
        path: str,
        about: Tuple[str, str],
        read: Callable[[Any], T],
        params: Optional[Mapping[str, str]] = None,
        json: Optional[Mapping[str, Any]] = None,
    ) -> T:
        """Send a request; what `read` makes of the JSON that comes back. `read` raises
        Unexpected."""
        try:
            answer = self._answer(method, path, params, json)
            if answer.status >= 400:
                raise self._trouble(answer, about)
            try:
                return read(answer.json())
            except Unexpected as error:
                raise _failure(
                    Code.BAD_ANSWER, answer, f"{answer.url} answered JSON in which {error}."
                ) from None
        except Failure as failure:
            if method == "GET":
                failure.facts["sent"] = False  # nothing can have come of it
            raise

    def archived(self, card: str) -> str:
        """Why the board does not show a card, as in `Card`; empty where it does, or where Trello
        does not say."""
        params = {"fields": "closed", "list": "true", "board": "true", "board_fields": "closed"}
        content = self._quietly(f"/cards/{quote(card, safe='')}", params)
        try:
            return archived(content)
        except Unexpected:
            return ""

    def _quietly(self, path: str, params: Mapping[str, str]) -> Any:
        """What Trello answers; None when it does not: what was done or refused is told anyway."""
        try:
            answer = self._answer("GET", path, params, None)
            return answer.json() if answer.status < 300 else None
        except OpsroomError:
            return None

    def _shut(self, answer: Answer, about: Tuple[str, str], said: str) -> Optional[Refusal]:
        """Why a board or card takes nothing: by Trello's words, else by what it says of the
        board."""
        why = "closed" if _SAYS_CLOSED.search(said) else ""
        why = "full" if _SAYS_FULL.search(said) and "api_" not in said else why
        if not why and answer.method != "GET" and answer.status in (401, 403):
            params = {"fields": "closed,limits"}
            content = self._quietly(f"/boards/{quote(self._board, safe='')}", params)
            try:
                why = why_shut(content)
            except Unexpected:
                return None
            if why == "full" and about[0] == "card":
                return None  # a full board still takes comments and moves
        if why == "full":
            message = f"The board {shown(self._board)} is full: Trello accepts nothing more on it."
            return shut(
                message,
                "Archive cards there, or have an administrator configure another board or list.",
            )
        if why == "closed":
            what = "card" if about[0] == "card" else "board"
            name = about[1] if what == "card" else self._board
            which = "the card, its list or its board" if what == "card" else "the board or the list"
            told = (
                f"Trello accepts no changes to {what} {shown(name)}: {which} is closed (archived)."
            )
            return shut(
                told,
                "Reopen it in Trello, or have an administrator configure another board or list.",
            )
        return None

    @staticmethod
    def odd(message: str) -> Failure:
        """The failure that a success without what it should hold is: nobody knows what was done."""
        return Failure(Code.BAD_ANSWER, message, facts={"sent": True})

    def _answer(
        self,
        method: str,
        path: str,
        params: Optional[Mapping[str, str]],
        json: Optional[Mapping[str, Any]],
    ) -> Answer:
        again = True
        while True:
            left = self._ends - time.monotonic()
            if left <= 0:
                message = f"Trello did not answer all that was asked within {self._limit:g} s."
                raise Failure(Code.TIMED_OUT, message, facts={"sent": False})
            try:
                told = max(round(left, 1), 0.1)  # a sentence may tell it
                return self._http.send(
                    method,
                    self._url + path,
                    params=params,
                    json=json,
                    accept=_TOLD,
                    time_limit=told,
                )
            except Failure as failure:
                if failure.code is not Code.RATE_LIMITED or "retry_after" in failure.facts:
                    raise
                left = self._ends - time.monotonic()
                if not again or left <= WINDOW:
                    raise _limited(failure) from None
            again = False
            time.sleep(WINDOW)

    def _trouble(self, answer: Answer, about: Tuple[str, str]) -> OpsroomError:
        status, said = answer.status, _said(answer)
        lower = said.lower()
        told = f"{status}: {said}" if said else str(status)
        what, name = about
        if status in (400, 401, 403):
            refusal = (
                None if _is_key(status, lower) else self._shut(answer, about, _every_word(answer))
            )
            if refusal is not None:
                return refusal
        if status in (401, 403):
            for key in ("key", "token"):
                if _is_key(status, lower, key):
                    hint = f"An administrator renews trackers.{self._name}.{key} in the config."
                    return _failure(
                        Code.UNAUTHORIZED,
                        answer,
                        f"Trello does not accept the {key} ({told}).",
                        hint,
                    )
            message = f"The user of the configured token may not do this on Trello ({told})."
            hint = (
                f"That user needs access to the board, and trackers.{self._name}.token the "
                "scope read,write."
            )
            return _failure(Code.UNAUTHORIZED, answer, message, hint)
        if status == 410:
            message = f"Trello no longer has the way in which it was asked ({told})."
            return _failure(Code.GONE, answer, message, "An administrator updates opsroom.")
        if "idlist" in lower:
            what = "list"
        if status == 405 or (status == 404 and not _of_trello(answer, lower)):
            message = f"{answer.url} answered {told}, not as Trello does."
            hint = (
                f"An administrator checks trackers.{self._name}.url: it is the address of "
                "Trello's API."
            )
            return _failure(Code.BAD_ANSWER, answer, message, hint)
        if status == 404 or (status == 400 and ("invalid id" in lower or "idlist" in lower)):
            return _unknown(what, name, f"trackers.{self._name}")
        facts = {"url": answer.url, "status": status, "reason": said}
        return Refusal(Code.NOT_ACCEPTED, f"Trello rejected the request ({told}).", facts=facts)


def _of_trello(answer: Answer, said: str) -> bool:
    """Whether a 404 is Trello's own word on a thing that is not there, and not that of a server
    without Trello."""
    return said in _NOT_THERE or any(name.startswith("x-trello-") for name in answer.headers)


def _is_key(status: int, said: str, *keys: str) -> bool:
    """Whether Trello complains of the key or token."""
    return (
        status == 401
        and "permission" not in said
        and any(one in said for one in keys or ("key", "token"))
    )


def _every_word(answer: Answer) -> str:
    """All that Trello says, its code for the error too, in lower case."""
    return answer.text[:2000].lower()


def _unknown(what: str, name: str, key: str) -> Refusal:
    if what == "card":
        message = f"Trello has no card {shown(name)}, or the configured user may not see it."
        return Refusal(
            Code.UNKNOWN_CARD, message, "A card's id is the short word in its address, after /c/."
        )
    if what == "list":
        message = f"Trello has no list {shown(name)} for new cards."
        return Refusal(
            Code.UNKNOWN_COLUMN, message, f"An administrator mends {key}.list in the config."
        )
    message = f"Trello has no board {shown(name)}, or the configured user may not see it."
    return Refusal(
        Code.UNKNOWN_PROJECT, message, f"An administrator looks at {key}.board in the config."
    )


def _limited(failure: Failure) -> Failure:
    message = (
        "Trello gets too many requests; it does not say for how long, but counts them for "
        "ten seconds."
    )
    facts = {**failure.facts, "retry_after": WINDOW}
    return Failure(Code.RATE_LIMITED, message, "Ask again in a quarter of a minute.", facts)


def _failure(code: Code, answer: Answer, message: str, hint: str = "") -> Failure:
    return Failure(code, message, hint, {"url": answer.url, "status": answer.status, "sent": True})


def _said(answer: Answer) -> str:
    """Trello's own words: plain text, or the message of a JSON object; empty for a page."""
    text = answer.text.strip()
    try:
        content = json_module.loads(text)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        text = next(
            (content[key] for key in ("message", "error") if isinstance(content.get(key), str)), ""
        )
    if text.startswith("<"):
        return ""
    return one_line(redact(text, answer.secrets)).rstrip(".")
