"""The client of Basecamp's API: its token, its pages, its limits and its reasons for a refusal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Set, Tuple, TypeVar
from urllib.parse import urlsplit

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http import vendor
from ...http.content import Unexpected, at, objects
from ...http.response import Response
from ...http.vendor import EXPLAINED, Subject
from ...names import shown
from ...secrets import shown_url
from ...structs.patterns import lazy_pattern
from .. import shut
from .mapping import project_status
from .options import Options
from .tokens import Tokens

T = TypeVar("T")

_JSON = {"Content-Type": "application/json; charset=utf-8"}  # without it: 415
_MAX_PAGES = 200
_NEXT = lazy_pattern(r"<([^<>]*)>\s*;[^,<]*\brel\s*=\s*\"?next\b", re.IGNORECASE)
_TOO_MANY = 429


class Client(vendor.Client):
    """The requests of one verb. `about` of a request is what its path speaks of, such as
    Subject("card", "12") or Subject("column", "3").

    Raises Refusal(unknown_card, unknown_project, unknown_column, not_accepted) and Failure.
    """

    service = "Basecamp"
    explained = (*EXPLAINED, 507)  # 507: the account is full

    def __init__(self, options: Options, name: str, keep: Optional[Path]) -> None:
        super().__init__(
            f"trackers.{name}",
            f"{options.url}/{options.account}",
            time_limit=options.time_limit,
            verify=options.verify,
            headers={"Accept": "application/json"},
            secrets=(options.token, options.client_secret, options.refresh_token),
        )
        self._options = options
        self._tokens = Tokens(options, self.key, keep)
        self._token = ""

    def get(self, path: str, about: Subject, read: Callable[[Any], T]) -> T:
        """What `read` makes of the JSON at a path. `read` raises Unexpected."""
        return self.read(self.send("GET", path, about), read)

    def pages(
        self,
        path: str,
        about: Subject,
        read: Callable[[Dict[str, Any]], T],
        params: Optional[Mapping[str, str]] = None,
    ) -> Iterator[T]:
        """What `read` makes of the objects of a list, page by page as they are wanted."""
        address = self.url + path
        seen: Set[str] = set()
        while address:
            if address in seen or len(seen) >= _MAX_PAGES:
                message = f"{shown_url(address)} has pages that lead on and on."
                raise Failure(Code.BAD_ANSWER, message, facts={"sent": False})
            seen.add(address)
            response = self.send("GET", "", about, address=address, params=params)
            yield from self.read(response, lambda found: [read(row) for row in _rows(found)])
            found = _NEXT.search(response.headers.get("link", ""))
            address, params = found.group(1) if found else "", None
            if address and not self._is_ours(address):
                what = "names a next page in another place, which was not followed"
                raise response.unexpected(what)

    def change(
        self,
        method: str,
        path: str,
        about: Subject,
        read: Callable[[Any], T],
        json: Optional[Mapping[str, Any]] = None,
    ) -> T:
        """Change something; what `read` makes of the JSON that comes back."""
        headers = _JSON if json is not None else None
        return self.read(self.send(method, path, about, json=json, headers=headers), read)

    def carry_out(
        self, method: str, path: str, about: Subject, json: Optional[Mapping[str, Any]] = None
    ) -> None:
        """Change something of which nothing comes back."""
        headers = _JSON if json is not None else None
        response = self.send(method, path, about, json=json, headers=headers)
        if response.status != 204:
            what = f"answered {response.status} without saying that it was done"
            failure = response.unexpected(what)
            failure.facts["sent"] = not (response.is_page and response.status == 200)
            raise failure

    def authorization(self) -> Mapping[str, str]:
        """The configured token, the kept one, or a new one."""
        self._token = self._token or self._tokens.token(self.ask_for_token)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, response: Response) -> bool:
        """After 401, with another token. Raises Failure(unauthorized) where there is none."""
        if response.status != 401:
            return False
        self._token = self._tokens.instead_of(self._token, self.ask_for_token)
        return True

    def ask_for_token(self, url: str, form: Mapping[str, str]) -> Response:
        """The response to a request for a token, also when it is refused.

        It changes nothing, so it may be repeated and leaves nothing in doubt.
        """
        try:
            return self.request(
                "POST",
                "",
                address=url,
                data=form,
                accept=tuple(status for status in EXPLAINED if status != _TOO_MANY),
                idempotent=True,
                authorized=False,
                url_key="launchpad",
            )
        except Failure as failure:
            failure.facts["sent"] = False
            raise

    def wait_of(self, response: Response) -> Optional[float]:
        """As Retry-After says, else `retry_after` in the body."""
        seconds = super().wait_of(response)
        if seconds is not None:
            return seconds
        found = at(response.content(), "retry_after")
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return float(found) if is_number and 0 <= found < 1e9 else None

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error means. Where a project may be archived, or no Basecamp may be there at
        all, Basecamp is asked again."""
        status, words, account = response.status, self.words(response), self._options.account
        if status == 404 and "inactive" in response.headers.get("reason", "").lower():
            message = (
                f"The Basecamp account {account} is inactive: its trial has ended or it is "
                "suspended."
            )
            hint = "The owner of the account can resolve this in Basecamp."
            return Failure(Code.UNAUTHORIZED, message, hint, response.facts)
        if status == 507:
            because = f": {words}" if words else ""
            message = f"The Basecamp account {account} is full (507){because}."
            return shut(message, "Someone with rights there must free space or upgrade the plan.")
        refusal = self._shut() if status in (403, 404) else None
        if refusal is not None:
            return refusal
        # The body of a 404 is empty as a rule, so it does not say whose it is.
        if status == 404 and self._exists():
            return self._unknown(about)
        if status in (404, 405):
            message = f"{response.url} answered {status}, and there is no Basecamp with account "
            keys = f"{self.key}.url and {self.key}.account"
            hint = f"An administrator has to check {keys} in the config."
            facts = {**response.facts, "sent": False}
            return Failure(Code.BAD_ANSWER, f"{message}{account}.", hint, facts)
        return super().error(response, about)

    def hint(self, status: int, about: Subject) -> str:
        """Which access is missing."""
        if status != 403:
            return super().hint(status, about)
        return f"The configured user needs access to project {self._options.project} in Basecamp."

    def _shut(self) -> Optional[Refusal]:
        """The refusal of an archived or trashed project; None where it is neither. One request."""
        project = self._options.project
        try:
            archived, name = project_status(self.quietly(f"/projects/{project}"))
        except Unexpected:
            return None
        if not archived:
            return None
        message = (
            f"The project {shown(name or project)} of Basecamp is {archived}, so it "
            "accepts no changes."
        )
        hint = f"Restore it in Basecamp, or have an administrator change {self.key}.project."
        return shut(message, hint)

    def _exists(self) -> bool:
        """Whether there is a Basecamp with this account at the configured address. One request."""
        return isinstance(at(self.quietly("/my/profile.json"), "id"), int)

    def _unknown(self, about: Subject) -> Refusal:
        kind, name = about
        message = f"Basecamp has no {kind} {name}, or the configured user may not see it."
        if kind in ("card", "to-do"):
            other = "todo" if kind == "card" else "card"
            hint = f"Is it {other}/{name}? Its address in Basecamp can be typed as well."
            return Refusal(Code.UNKNOWN_CARD, message, hint)
        if kind == "account":
            hint = f"An administrator must correct {self.key}.account in the config."
            return Refusal(Code.UNKNOWN_PROJECT, message, hint)
        key = "todolist" if kind == "to-do list" else "column"
        hint = f"An administrator must check {self.key}.{key} in the config."
        return Refusal(Code.UNKNOWN_COLUMN, message, hint)

    def _is_ours(self, address: str) -> bool:
        """Whether an address lies in the account: the token goes nowhere else."""
        try:
            page, ours = urlsplit(address), urlsplit(self.url)
        except ValueError:
            return False
        same = (page.scheme.lower(), page.netloc.lower()) == (
            ours.scheme.lower(),
            ours.netloc.lower(),
        )
        return same and page.path.startswith(ours.path + "/") and "/.." not in page.path


def _rows(content: Any) -> Tuple[Dict[str, Any], ...]:
    """The objects of a list. Each has an id: what has none must not pass for something that is not
    looked for."""
    rows = objects(content, "objects")
    if not all(isinstance(row.get("id"), int) for row in rows):
        raise Unexpected("there is something without an id")
    return rows
