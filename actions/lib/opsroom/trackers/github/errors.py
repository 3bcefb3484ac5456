"""What GitHub means by an error: limits, rights, what is gone, what it does not accept."""

from __future__ import annotations

import re
import time
from typing import Any, List, Mapping, Optional
from urllib.parse import urlsplit

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.content import at, text_at
from ...http.errors import judge
from ...http.response import Response
from ...http.vendor import Subject
from ...secrets import redact
from ...text import one_line
from .. import shut

_QUOTED = 160


def is_rate_limited(response: Response) -> bool:
    """Whether the response means: too many requests. GitHub says 403 or 429 for it."""
    if response.status == 429:
        return True
    words = message_of(response).lower()
    return response.status == 403 and (
        "retry-after" in response.headers
        or response.headers.get("x-ratelimit-remaining", "").strip() == "0"
        or "rate limit" in words
        or "abuse detection" in words
    )


def until_reset(response: Response) -> Optional[float]:
    """Seconds until x-ratelimit-reset where nothing remains; None when GitHub does not say.

    The moment is compared with the response's own Date, since the clock of this machine may be
    wrong.
    """
    reset = response.headers.get("x-ratelimit-reset", "").strip()
    if response.headers.get("x-ratelimit-remaining", "").strip() != "0" or not (
        reset.isdigit() and len(reset) < 12
    ):
        return None
    return max(0.0, float(reset) - _server_time(response))


def _server_time(response: Response) -> float:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return time.time()


def error_of(response: Response, about: Subject, key: str) -> OpsroomError:
    """What a status from 300 to 499 means that is no rate limit.

    `about` is Subject("card", "acme/web#17") or Subject("repository", "acme/web"), `key` where the
    config has the tracker: `trackers.github`.
    """
    status, facts = response.status, response.facts
    if status < 400:
        return _redirected(response, about, key)
    if status == 401:
        message = f"GitHub does not accept the token of the tracker {key.partition('.')[2]} (401)."
        return Failure(Code.UNAUTHORIZED, message, f"Put a valid token into {key}.token.", facts)
    if status == 403:
        message = f"GitHub does not allow this on {about.name}{_quoted(response)} (403)."
        hint = _missing_right(response, about, key)
        return _shut(response, about) or Failure(Code.UNAUTHORIZED, message, hint, facts)
    if status in (404, 410) and not _of_github(response):
        message = f"{response.url} answered {status}, not as GitHub does."
        hint = f"Check {key}.url: it is the address of the API."
        return Failure(Code.BAD_ANSWER, message, hint, facts)
    if status == 404:
        return _not_found(about, key, facts)
    if status == 410:
        if "disabled" in message_of(response).lower() or about.kind != "card":
            message = f"Issues are turned off in {_repository(about)}."
            hint = "Turn them on in the repository's settings, under Features."
            return Failure(Code.GONE, message, hint, facts)
        return Failure(Code.GONE, f"{about.name} was deleted on GitHub.", "", facts)
    if status == 422:
        return _not_accepted(response, about, key)
    message = f"{response.url} answered {status}{_quoted(response)}."
    return Failure(Code.BAD_ANSWER, message, "", facts)


def _redirected(response: Response, about: Subject, key: str) -> OpsroomError:
    """A repository that was renamed, an issue that was transferred, or an API at another
    address."""
    moved = judge(
        response.status,
        response.headers,
        response.url,
        response.method,
        response.secrets,
        f"{key}.url",
    ).failure
    target = str(moved.facts.get("redirect", ""))
    asked, leads_to = urlsplit(response.url), urlsplit(target)
    if asked.netloc != leads_to.netloc or not re.search(r"/repos(?:itories)?/", leads_to.path):
        return moved
    card = about.kind == "card"
    what = f"The issue {about.name} or its repository" if card else f"The repository {about.name}"
    message = f"{what} was renamed or moved on GitHub, to {target}; nothing was done."
    code = Code.UNKNOWN_CARD if card else Code.UNKNOWN_PROJECT
    return Refusal(code, message, _check_names(key), moved.facts)


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


def _not_found(about: Subject, key: str, facts: Mapping[str, Any]) -> Refusal:
    # GitHub answers 404 also where someone may not look, so as not to reveal what exists.
    if about.kind == "card":
        message = f"There is no issue {about.name} on GitHub, or the token may not see it."
        hint = "Check the number and the repository."
        return Refusal(Code.UNKNOWN_CARD, message, hint, facts)
    message = f"There is no repository {about.name} on GitHub, or the token may not see it."
    return Refusal(Code.UNKNOWN_PROJECT, message, _check_names(key), facts)


def _check_names(key: str) -> str:
    return f"Check its name in {key}.repository and {key}.repositories."


def _missing_right(response: Response, about: Subject, key: str) -> str:
    if response.headers.get("x-github-sso", "").lower().startswith("required"):
        return f"The organisation wants single sign-on: authorise the token in {key}.token for it."
    repository = _repository(about)
    return f"The token in {key}.token needs the right to read and write issues of {repository}."


def _not_accepted(response: Response, about: Subject, key: str) -> Refusal:
    """422: what is missing is named, anything else is quoted."""
    errors, facts = _errors(response), response.facts
    missing = [
        str(one.get("field"))
        for one in errors
        if one.get("code") in ("missing_field", "missing") and one.get("field")
    ]
    if missing:
        named = one_line(", ".join(missing))
        message = f"An issue in {_repository(about)} needs more on GitHub: {named}."
        return Refusal(Code.FIELDS_MISSING, message, "", {**facts, "fields": missing})
    parts = [_error_text(one) for one in errors]
    words = "; ".join(part for part in parts if part) or message_of(response)
    quoted = one_line(redact(words, response.secrets), _QUOTED)
    if "cannot be searched" in quoted:
        message = (
            f"GitHub cannot search {about.name}: it does not exist, or the token may not see it."
        )
        return Refusal(Code.UNKNOWN_PROJECT, message, _check_names(key), facts)
    message = f"GitHub does not accept this for {about.name}"
    return Refusal(
        Code.NOT_ACCEPTED, f"{message}: '{quoted}'." if quoted else f"{message}.", "", facts
    )


def _repository(about: Subject) -> str:
    return about.name.partition("#")[0]


def _error_text(error: Mapping[str, Any]) -> str:
    if isinstance(error.get("message"), str):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("field", "code") if error.get(key))


def _errors(response: Response) -> List[Mapping[str, Any]]:
    found = at(response.content(), "errors")
    if isinstance(found, str):
        return [{"message": found}]
    rows = found if isinstance(found, list) else []
    return [one if isinstance(one, dict) else {"message": str(one)} for one in rows]


def _of_github(response: Response) -> bool:
    """Whether an error is GitHub's own, and not that of a server or gateway without GitHub."""
    documented = bool(text_at(response.content(), "documentation_url"))
    return bool(message_of(response)) and (documented or "x-github-request-id" in response.headers)


def message_of(response: Response) -> str:
    """GitHub's own words about an error, as they came; empty where there are none."""
    return text_at(response.content(), "message")


def _quoted(response: Response) -> str:
    """What GitHub says about it, as the end of a sentence."""
    words = one_line(redact(message_of(response), response.secrets), _QUOTED).rstrip(".")
    return f": '{words}'" if words else ""
