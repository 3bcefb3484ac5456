"""What GitHub means by an error: limits, rights, what is not there, what it does not accept."""

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

_QUOTED = 160
# What a token needs for requests about something, as GitHub names it for fine-grained tokens.
_RIGHTS = {
    "workflow": "the repository permission Actions (read and write)",
    "run": "the repository permission Actions (read and write)",
    "deployment": "the repository permission Deployments (read and write)",
    "commit": "the repository permission Contents (read)",
    "file": "the repository permission Contents (read)",
    "repository": "the repository permission Contents (read)",
}
# These are known by their names alone.
_NAMES = ("card", "repository", "")


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
    return max(0.0, float(reset) - server_time(response))


def server_time(response: Response) -> float:
    """The moment of a response by GitHub's clock, in seconds since 1970; by ours without a Date."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return time.time()


def error_of(response: Response, about: Subject, key: str, right: str = "") -> OpsroomError:
    """What a status from 300 to 499 means that is no rate limit.

    `about` is what was asked for, `key` where the config has the provider: `apps.web.deploy`.
    `right` is what the token needs for it, where that does not follow from what it is about.
    """
    status, facts = response.status, response.facts
    right = right or _RIGHTS.get(about.kind, "")
    if status < 400:
        return redirected(response, about, key) or moved_api(response, key)
    if status == 401:
        message = f"GitHub does not accept the token of {owner_of(key)} (401)."
        hint = f"It may have expired: put a valid token into {key}.token."
        return Failure(Code.UNAUTHORIZED, message, hint, facts)
    if status == 403:
        message = f"GitHub does not allow this on {_shown(about)}{quoted(response)} (403)."
        return Failure(Code.UNAUTHORIZED, message, missing_right(response, key, right), facts)
    if status in (404, 410) and not is_of_github(response):
        message = f"{response.url} answered {status}, not as GitHub does."
        hint = f"Check {key}.url: it is the address of the API."
        return Failure(Code.BAD_ANSWER, message, hint, facts)
    if status == 404:
        # GitHub answers 404 also where someone may not look, so as not to reveal what exists.
        message = f"There is no {_named(about)} on GitHub, or the token may not see it."
        hint = f"The token in {key}.token needs {right}." if right else ""
        return Failure(Code.GONE, message, hint, facts)
    if status == 422:
        words = quoted(response, rejected_for(response))
        return Refusal(
            Code.NOT_ACCEPTED, f"GitHub does not accept this for {_shown(about)}{words}.", "", facts
        )
    message = f"{response.url} answered {status}{quoted(response)}."
    return Failure(Code.BAD_ANSWER, message, "", facts)


def owner_of(key: str) -> str:
    """Who has a token, by its place in the config: "the tracker gh", or the place itself."""
    part, _, name = key.partition(".")
    return f"the tracker {name}" if part == "trackers" else key


def moved_api(response: Response, key: str) -> Failure:
    """The failure that a redirect to another address of the API is: nothing was done."""
    return judge(
        response.status,
        response.headers,
        response.url,
        response.method,
        response.secrets,
        f"{key}.url",
    ).failure


def new_place(response: Response, key: str) -> str:
    """The address that a repository, or something in one, was moved to at the same API; empty where
    the redirect means something else."""
    target = str(moved_api(response, key).facts.get("redirect", ""))
    asked, leads_to = urlsplit(response.url), urlsplit(target)
    same = asked.netloc == leads_to.netloc
    return target if same and re.search(r"/repos(?:itories)?/", leads_to.path) else ""


def redirected(response: Response, about: Subject, key: str) -> Optional[Failure]:
    """The failure that a renamed repository is; None where a redirect means something else."""
    target = new_place(response, key)
    if not target:
        return None
    message = f"The {_named(about)} was renamed or moved on GitHub, to {target}; nothing was done."
    facts = {**response.facts, "redirect": target, "sent": False}
    return Failure(Code.BAD_ANSWER, message, f"Check the name in {key}.", facts)


def missing_right(response: Response, key: str, right: str) -> str:
    """What would help after a 403; `right` is what the token needs for the request."""
    if response.headers.get("x-github-sso", "").lower().startswith("required"):
        return f"The organisation wants single sign-on: authorise the token in {key}.token for it."
    return f"The token in {key}.token needs {right}." if right else ""


def rejected_for(response: Response) -> str:
    """GitHub's own words about why it did not accept something (422), as they came."""
    parts = [_error_text(one) for one in errors_in(response)]
    return "; ".join(part for part in parts if part) or message_of(response)


def errors_in(response: Response) -> List[Mapping[str, Any]]:
    """The single errors that an error response lists."""
    found = at(response.content(), "errors")
    if isinstance(found, str):
        return [{"message": found}]
    rows = found if isinstance(found, list) else []
    return [one if isinstance(one, dict) else {"message": str(one)} for one in rows]


def is_of_github(response: Response) -> bool:
    """Whether an error is GitHub's own, and not that of a server or gateway without GitHub."""
    documented = bool(text_at(response.content(), "documentation_url"))
    return bool(message_of(response)) and (documented or "x-github-request-id" in response.headers)


def message_of(response: Response) -> str:
    """GitHub's own words about an error, as they came; empty where there are none."""
    return text_at(response.content(), "message")


def quoted(response: Response, words: Optional[str] = None) -> str:
    """What GitHub says about an error (or these words of it), as the end of a sentence: no secrets,
    on one line, short."""
    text = message_of(response) if words is None else words
    # Secrets first: what is shortened may hold half of one.
    line = one_line(redact(text, response.secrets), _QUOTED).rstrip(".")
    return f": '{line}'" if line else ""


def _error_text(error: Mapping[str, Any]) -> str:
    if isinstance(error.get("message"), str):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("field", "code") if error.get(key))


def _shown(about: Subject) -> str:
    return about.name if about.kind in _NAMES else _named(about)


def _named(about: Subject) -> str:
    return f"{about.kind} {about.name}".strip()
