"""Issues, comments and people of GitHub, from JSON that may be of any shape."""

from __future__ import annotations

import re
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple

from ...errors import Failure
from ...http.content import text_at
from ...http.response import Response
from ...times.iso import moment_of
from ...vendors.github.client import PAGE
from .. import Card, Comment, Made
from .text import plain


def bad(response: Response, what: str) -> Failure:
    """The failure that JSON is which is not what was asked for."""
    return response.unexpected(f"answered JSON that is no {what}")


def an_object(response: Response, what: str) -> Mapping[str, Any]:
    """The JSON object of a response. Raises Failure(bad_answer) when it is none."""
    found = response.json()
    if not isinstance(found, dict):
        raise bad(response, what)
    return found


def a_list(response: Response, what: str, searched: bool = False) -> List[Mapping[str, Any]]:
    """The JSON objects of a list. Raises Failure(bad_answer) when it is no list of objects.

    `searched`: something is looked for in it, so each must have an id: what is something else must
    not pass for a list in which it is not.
    """
    found = response.json()
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and (not searched or one.get("id") is not None) for one in found
    ):
        raise bad(response, what)
    return found


def parts_of(card: str) -> Tuple[str, str]:
    """The repository and the number in `owner/name#17`."""
    repository, _, number = card.rpartition("#")
    return repository, number


def last_page(count: int, wanted: int) -> Tuple[int, int]:
    """Size and number of the page that ends a list of `count` and holds the last `wanted` of it, or
    all.

    GitHub lists the comments of an issue from the oldest on, and only so.
    """
    if count <= wanted:
        return wanted, 1
    for size in range(wanted, PAGE + 1):
        if count % size == 0 or count % size >= wanted:
            return size, -(-count // size)
    return PAGE, -(-count // PAGE)


def number_of(response: Response, issue: Mapping[str, Any]) -> int:
    """The number of an issue. Raises Failure(bad_answer)."""
    number = issue.get("number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise bad(response, "issue")
    return number


def status_of(response: Response, issue: Mapping[str, Any]) -> str:
    """`open`, `closed`, `closed as not planned`. Raises Failure(bad_answer)."""
    state, reason = issue.get("state"), issue.get("state_reason")
    if state not in ("open", "closed"):
        raise bad(response, "issue")
    if state == "closed" and isinstance(reason, str) and reason and reason != "completed":
        return "closed as " + reason.replace("_", " ")
    return str(state)


def is_in(issue: Mapping[str, Any], wanted: Tuple[str, str]) -> bool:
    """Whether an issue is in a state, for a reason."""
    state, reason = wanted
    if issue.get("state") != state:
        return False
    # Issues that were closed before GitHub knew reasons have none.
    return state == "open" or (issue.get("state_reason") or "completed") == reason


def assignees_of(issue: Mapping[str, Any]) -> List[str]:
    """The logins of those to whom an issue is assigned."""
    found = issue.get("assignees")
    names = [login_of(one) for one in found] if isinstance(found, list) else []
    return [name for name in names if name]


def among(login: str, names: Iterable[str]) -> bool:
    """Whether a login is one of these, case aside."""
    return login.casefold() in [name.casefold() for name in names]


def login_of(user: Any) -> str:
    """Empty where a user is gone or the response names none."""
    return text_at(user, "login")


def page_of(found: Mapping[str, Any]) -> str:
    """The address of the page of an issue or comment; empty where it is none."""
    page = text_at(found, "html_url")
    return page if re.match(r"^https?://[^\s<>\"]+\Z", page) else ""


def url_of(issue: Mapping[str, Any], card: str, site: str) -> str:
    """The address of a card's page; `site` is that of GitHub's pages."""
    repository, number = parts_of(card)
    return page_of(issue) or f"{site}/{repository}/issues/{number}"


def card_of(
    response: Response,
    issue: Mapping[str, Any],
    repository: str,
    site: str,
    comments: Optional[Sequence[Mapping[str, Any]]] = None,
) -> Card:
    """An issue as a card. `comments` None: only what a list of cards needs.

    Raises Failure(bad_answer).
    """
    card = f"{repository}#{number_of(response, issue)}"
    status = status_of(response, issue)
    return Card(
        id=card,
        summary=" ".join(text_at(issue, "title").split()),
        status=f"{status} (pull request)" if issue.get("pull_request") else status,
        assignee=", ".join(assignees_of(issue)),
        reporter=login_of(issue.get("user")),
        description="" if comments is None else plain(text_at(issue, "body")),
        project=repository,
        url=url_of(issue, card, site),
        closed=issue["state"] == "closed",
        archived="locked" if issue.get("locked") is True else "",
        changed_at=moment_of(issue.get("updated_at")),
        comments=tuple(
            Comment(
                login_of(one.get("user")),
                plain(text_at(one, "body")),
                moment_of(one.get("created_at")),
            )
            for one in comments or ()
        ),
    )


def made_of(
    response: Response,
    issue: Mapping[str, Any],
    repository: str,
    site: str,
    notes: Tuple[str, ...] = (),
) -> Made:
    """An issue that was made, or that a mark was found in. Raises Failure(bad_answer)."""
    card = f"{repository}#{number_of(response, issue)}"
    return Made(card, url_of(issue, card, site), notes)


def comment_of(
    response: Response,
    comment: Mapping[str, Any],
    card: str,
    site: str,
    notes: Tuple[str, ...] = (),
) -> Made:
    """A comment that was made, or that a mark was found in. Raises Failure(bad_answer)."""
    number = comment.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise bad(response, "comment")
    page = f"{url_of({}, card, site)}#issuecomment-{number}"
    return Made(str(number), page_of(comment) or page, notes)


def repository_of(issue: Mapping[str, Any], otherwise: str) -> str:
    """The repository of an issue that was found, `otherwise` where it does not say."""
    found = re.search(r"/repos/([^/\s]+/[^/\s]+)\Z", text_at(issue, "repository_url"))
    return found.group(1) if found else otherwise
