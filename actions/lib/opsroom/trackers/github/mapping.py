"""What an issue, a comment or a person of GitHub says, out of JSON that may be of any shape."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, Optional, Tuple

from .client import bad

if TYPE_CHECKING:
    from ...http.client import Answer

# What a page of a list holds at most.
PAGE = 100


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


def number_of(answer: Answer, issue: Mapping[str, Any]) -> int:
    number = issue.get("number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise bad(answer, "issue")
    return number


def status_of(answer: Answer, issue: Mapping[str, Any]) -> str:
    """`open`, `closed`, `closed as not planned`."""
    state, reason = issue.get("state"), issue.get("state_reason")
    if state not in ("open", "closed"):
        raise bad(answer, "issue")
    if state == "closed" and isinstance(reason, str) and reason and reason != "completed":
        return "closed as " + reason.replace("_", " ")
    return str(state)


def is_there(issue: Mapping[str, Any], wanted: Tuple[str, str]) -> bool:
    state, reason = wanted
    if issue.get("state") != state:
        return False
    # Issues that were closed before GitHub knew reasons have none.
    return state == "open" or (issue.get("state_reason") or "completed") == reason


def assignees_of(issue: Mapping[str, Any]) -> List[str]:
    found = issue.get("assignees")
    names = [login_of(one) for one in found] if isinstance(found, list) else []
    return [name for name in names if name]


def among(login: str, names: Iterable[str]) -> bool:
    return login.casefold() in [name.casefold() for name in names]


def login_of(user: Any) -> str:
    """Empty where a user is gone or the answer names none."""
    found = user.get("login") if isinstance(user, dict) else None
    return found if isinstance(found, str) else ""


def text_of(source: Mapping[str, Any], key: str) -> str:
    found = source.get(key)
    return found if isinstance(found, str) else ""


def address_of(source: Mapping[str, Any]) -> str:
    found = text_of(source, "html_url")
    return found if re.match(r"^https?://[^\s<>\"]+\Z", found) else ""


def repository_of(issue: Mapping[str, Any], otherwise: str) -> str:
    found = re.search(r"/repos/([^/\s]+/[^/\s]+)\Z", text_of(issue, "repository_url"))
    return found.group(1) if found else otherwise


def moment_of(value: Any) -> Optional[datetime]:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        return None
