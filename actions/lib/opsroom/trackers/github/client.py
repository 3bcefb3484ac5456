"""What GitHub means by an error about an issue, beyond what it means for any request."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.response import Response
from ...http.vendor import Subject
from ...text import one_line
from ...vendors.github import client
from ...vendors.github.errors import (
    error_of,
    errors_in,
    is_of_github,
    message_of,
    moved_api,
    new_place,
    quoted,
    rejected_for,
)
from .. import shut


class Client(client.Client):
    """The client of a tracker. `about` of a request is Subject("card", "acme/web#17") or
    Subject("repository", "acme/web")."""

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error means, also a redirect."""
        return _error_of(response, about, self.key)


def _error_of(response: Response, about: Subject, key: str) -> OpsroomError:
    """What a status from 300 to 499 means that is no rate limit; `key` is where the config has the
    tracker: `trackers.github`."""
    status = response.status
    if status < 400:
        return _moved(response, about, key) or moved_api(response, key)
    if status == 403:
        closed = _shut(response, about)
        if closed is not None:
            return closed
    if status in (404, 410) and is_of_github(response):
        return _missing(response, about, key)
    if status == 422:
        return _not_accepted(response, about, key)
    right = f"the right to read and write issues of {_repository(about)}"
    return error_of(response, about, key, right)


def _moved(response: Response, about: Subject, key: str) -> Optional[Refusal]:
    """A repository that was renamed, or an issue that was transferred."""
    target = new_place(response, key)
    if not target:
        return None
    card = about.kind == "card"
    what = f"The issue {about.name} or its repository" if card else f"The repository {about.name}"
    message = f"{what} was renamed or moved on GitHub, to {target}; nothing was done."
    code = Code.UNKNOWN_CARD if card else Code.UNKNOWN_PROJECT
    return Refusal(code, message, _check_names(key), moved_api(response, key).facts)


def _shut(response: Response, about: Subject) -> Optional[Refusal]:
    """403 of a repository or issue that takes no changes from anyone, whatever rights the token
    has."""
    words = message_of(response).lower()
    facts = {"url": response.url, "status": response.status}
    if "archived" in words and "read-only" in words:
        message = f"The repository {_repository(about)} is archived on GitHub, so it is read-only."
        hint = "Have an owner unarchive it, or an administrator configure another."
        return shut(message, hint, facts)
    if "is locked" in words:
        message = f"{about.name} is locked on GitHub: only maintainers can comment."
        return shut(message, "Have a maintainer unlock the conversation on GitHub.", facts)
    if "commenting is disabled" in words or "more than 2500 comments" in words:
        message = f"{about.name} is full: GitHub accepts no more comments on it."
        return shut(message, "Open another issue for your comment.", facts)
    return None


def _missing(response: Response, about: Subject, key: str) -> OpsroomError:
    """404 and 410: what is not there, was deleted, or is turned off."""
    facts = response.facts
    if response.status == 404:
        return _not_found(about, key, facts)
    if "disabled" in message_of(response).lower() or about.kind != "card":
        message = f"Issues are turned off in {_repository(about)}."
        hint = "Turn them on in the repository's settings, under Features."
        return Failure(Code.GONE, message, hint, facts)
    return Failure(Code.GONE, f"{about.name} was deleted on GitHub.", "", facts)


def _not_found(about: Subject, key: str, facts: Mapping[str, Any]) -> Refusal:
    # GitHub answers 404 also where someone may not look, so as not to reveal what exists.
    if about.kind == "card":
        message = f"There is no issue {about.name} on GitHub, or the token may not see it."
        hint = "Check the number and the repository."
        return Refusal(Code.UNKNOWN_CARD, message, hint, facts)
    message = f"There is no repository {about.name} on GitHub, or the token may not see it."
    return Refusal(Code.UNKNOWN_PROJECT, message, _check_names(key), facts)


def _not_accepted(response: Response, about: Subject, key: str) -> Refusal:
    """422: what is missing is named, anything else is quoted."""
    facts = response.facts
    missing = [
        str(one.get("field"))
        for one in errors_in(response)
        if one.get("code") in ("missing_field", "missing") and one.get("field")
    ]
    if missing:
        named = one_line(", ".join(missing))
        message = f"An issue in {_repository(about)} needs more on GitHub: {named}."
        return Refusal(Code.FIELDS_MISSING, message, "", {**facts, "fields": missing})
    words = quoted(response, rejected_for(response))
    if "cannot be searched" in words:
        message = (
            f"GitHub cannot search {about.name}: it does not exist, or the token may not see it."
        )
        return Refusal(Code.UNKNOWN_PROJECT, message, _check_names(key), facts)
    return Refusal(
        Code.NOT_ACCEPTED, f"GitHub does not accept this for {about.name}{words}.", "", facts
    )


def _check_names(key: str) -> str:
    return f"Check its name in {key}.repository and {key}.repositories."


def _repository(about: Subject) -> str:
    return about.name.partition("#")[0]
