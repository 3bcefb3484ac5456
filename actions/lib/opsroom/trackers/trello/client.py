"""The client of Trello's API: its header, its plain-text errors and its ten-second windows."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, TypeVar
from urllib.parse import quote

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.content import Unexpected
from ...http.response import Response
from ...http.vendor import Subject
from ...names import shown
from ...structs.patterns import lazy_pattern
from .. import shut
from .mapping import archived, why_shut
from .options import Options

T = TypeVar("T")

# Trello counts requests in windows of ten seconds and says neither how many are left nor how long
# to wait. https://developer.atlassian.com/cloud/trello/guides/rest-api/rate-limits/
WINDOW = 10.0

# What it says of something that does not exist, in lower case and without a full stop.
_NOT_FOUND = (
    "the requested resource was not found",
    *(f"{what} not found" for what in ("model", "board", "card", "list", "member", "action")),
)
# Its words for what takes nothing, and its codes for what is full, such as BOARD_TOO_MANY_CARDS.
_SAYS_CLOSED = lazy_pattern(
    r"\b(?:board|list|card) (?:is|has been|was) (?:closed|archived)|closed board|archived "
    r"(?:card|list)"
)
_SAYS_FULL = lazy_pattern(r"too[_ ]many|limit[_ ](?:was )?(?:reached|exceeded)|maximum number")


class Client(vendor.Client):
    """The requests of one verb. `about` of a request is what its path speaks of, such as
    Subject("card", "AbCd1234").

    Raises Refusal(unknown_card, unknown_project, unknown_column, not_accepted) and Failure.
    """

    service = "Trello"
    max_waits = 1
    # A board of 5,000 cards with long descriptions; Trello sends all cards of a board at once.
    max_bytes = 30_000_000

    def __init__(self, options: Options, name: str) -> None:
        # Trello also takes them in the query, from where they get into the logs of every proxy.
        authorization = f'OAuth oauth_consumer_key="{options.key}", oauth_token="{options.token}"'
        super().__init__(
            f"trackers.{name}",
            options.url,
            time_limit=options.time_limit,
            verify=options.verify,
            headers={"Accept": "application/json, text/plain", "Authorization": authorization},
            secrets=(options.key, options.token),
        )
        self._board = options.board

    def get(self, path: str, about: Subject, read: Callable[[Any], T], **params: str) -> T:
        """What `read` makes of the JSON at a path. `read` raises Unexpected."""
        return self.read(self.send("GET", path, about, params=params), read)

    def change(
        self,
        method: str,
        path: str,
        about: Subject,
        read: Callable[[Any], T],
        params: Optional[Mapping[str, str]] = None,
        json: Optional[Mapping[str, Any]] = None,
    ) -> T:
        """Change something; what `read` makes of the JSON that comes back."""
        return self.read(self.send(method, path, about, params=params, json=json), read)

    def archived(self, card: str) -> str:
        """Why the board does not show a card, as in `Card`; empty where it does, or where Trello
        does not say."""
        params = {"fields": "closed", "list": "true", "board": "true", "board_fields": "closed"}
        content = self.quietly(f"/cards/{quote(card, safe='')}", params=params)
        try:
            return archived(content)
        except Unexpected:
            return ""

    def wait_of(self, response: Response) -> Optional[float]:
        """As Retry-After says, else the whole window."""
        seconds = super().wait_of(response)
        return WINDOW if seconds is None else seconds

    def words(self, response: Response) -> str:
        """Trello's own words: plain text, or the message of a JSON object; empty for a page."""
        if isinstance(response.content(), dict):
            return super().words(response)
        return "" if response.is_page else self.quoted(response, response.text)

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error means. Where a board may be closed, Trello is asked again."""
        status, words = response.status, self.words(response)
        lower = words.lower()
        because = f"{status}: {words}" if words else str(status)
        if status in (400, 401, 403) and not _is_key(status, lower):
            refusal = self._shut(response, about)
            if refusal is not None:
                return refusal
        if status in (401, 403):
            return self._unauthorized(response, lower, because)
        if status == 404 and not _of_trello(response, lower):
            return self.not_the_api(response)
        about_list = "idlist" in lower
        if status == 404 or (status == 400 and ("invalid id" in lower or about_list)):
            return self._unknown(Subject("list", about.name) if about_list else about)
        return super().error(response, about)

    def _unauthorized(self, response: Response, words: str, because: str) -> Failure:
        for key in ("key", "token"):
            if _is_key(response.status, words, key):
                message = f"Trello does not accept the {key} ({because})."
                hint = f"An administrator has to renew {self.key}.{key} in the config."
                return Failure(Code.UNAUTHORIZED, message, hint, response.facts)
        message = f"The user of the configured token may not do this on Trello ({because})."
        hint = f"That user needs access to the board, and {self.key}.token the scope read,write."
        return Failure(Code.UNAUTHORIZED, message, hint, response.facts)

    def _shut(self, response: Response, about: Subject) -> Optional[Refusal]:
        """Why a board or card takes nothing: by Trello's words, else by what it says of the
        board."""
        # All that Trello says, its code for the error too.
        words = response.text[:2000].lower()
        why = "closed" if _SAYS_CLOSED.search(words) else ""
        why = "full" if _SAYS_FULL.search(words) and "api_" not in words else why
        if not why and response.method != "GET" and response.status in (401, 403):
            path = f"/boards/{quote(self._board, safe='')}"
            try:
                why = why_shut(self.quietly(path, params={"fields": "closed,limits"}))
            except Unexpected:
                return None
            if why == "full" and about.kind == "card":
                return None  # a full board still takes comments and moves
        if why == "full":
            message = f"The board {shown(self._board)} is full: Trello accepts nothing more on it."
            hint = "Archive cards there, or have an administrator configure another board or list."
            return shut(message, hint)
        if why == "closed":
            card = about.kind == "card"
            what = f"card {shown(about.name)}" if card else f"board {shown(self._board)}"
            which = "the card, its list or its board" if card else "the board or the list"
            message = f"Trello accepts no changes to {what}: {which} is closed (archived)."
            hint = "Reopen it in Trello, or have an administrator configure another board or list."
            return shut(message, hint)
        return None

    def _unknown(self, about: Subject) -> Refusal:
        name = shown(about.name)
        if about.kind == "card":
            message = f"Trello has no card {name}, or the configured user may not see it."
            hint = "A card's id is the short word in its address, after /c/."
            return Refusal(Code.UNKNOWN_CARD, message, hint)
        if about.kind == "list":
            message = f"Trello has no list {name} for new cards."
            hint = f"An administrator must correct {self.key}.list in the config."
            return Refusal(Code.UNKNOWN_COLUMN, message, hint)
        message = f"Trello has no board {name}, or the configured user may not see it."
        hint = f"An administrator must check {self.key}.board in the config."
        return Refusal(Code.UNKNOWN_PROJECT, message, hint)


def _of_trello(response: Response, words: str) -> bool:
    """Whether a 404 is Trello's own, and not that of a server that is not Trello."""
    named = any(name.startswith("x-trello-") for name in response.headers)
    return words in _NOT_FOUND or named


def _is_key(status: int, words: str, *keys: str) -> bool:
    """Whether Trello complains of the key or token; `words` in lower case."""
    named = any(one in words for one in keys or ("key", "token"))
    return status == 401 and "permission" not in words and named
