"""What GitHub means by an answer that is no success: limits, rights, what is gone, what it does not
accept."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import urlsplit

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.client import Answer
from ...http.errors import judge, retry_after
from ...secrets import redact
from ...text import length, one_line
from .. import shut


@dataclass(frozen=True)
class Asked:
    """What a request was about: the tracker's name in the config, a repository, and a card of it or
    none."""

    tracker: str
    repository: str
    card: str = ""

    def key(self, name: str) -> str:
        """A key of the tracker in the config."""
        return f"trackers.{self.tracker}.{name}"


def limited(answer: Answer) -> bool:
    """Whether the answer means: too many requests. GitHub says 403 or 429 for it."""
    if answer.status == 429:
        return True
    said = _message(answer).lower()
    return answer.status == 403 and (
        "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining", "").strip() == "0"
        or "rate limit" in said
        or "abuse detection" in said
    )


def wait_for(answer: Answer) -> Optional[float]:
    """Seconds until GitHub will listen again; None when it does not say.

    Retry-After comes first; else, where nothing remains, the moment in x-ratelimit-reset. The
    moment is compared with the answer's own Date, since the clock of this machine may be wrong.
    """
    seconds = retry_after(answer.headers.get("retry-after", ""))
    if seconds is not None:
        return seconds
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    if answer.headers.get("x-ratelimit-remaining", "").strip() != "0" or not (
        reset.isdigit() and len(reset) < 12
    ):
        return None
    return max(0.0, float(reset) - _now_there(answer))


def _now_there(answer: Answer) -> float:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return time.time()


def too_many(answer: Answer, wait: Optional[float]) -> Failure:
    """The failure that stands for a limit: nothing was done."""
    facts: Dict[str, Any] = {"url": answer.url, "status": answer.status, "sent": False}
    if wait is None:
        told = "GitHub gets too many requests from us and does not say for how long to wait."
        return Failure(Code.RATE_LIMITED, told, "Wait a minute at least, then say it again.", facts)
    facts["retry_after"] = wait
    told = f"GitHub gets too many requests from us and asks to wait {length(round(wait, 1))}."
    return Failure(Code.RATE_LIMITED, told, "Say it again then.", facts)


def trouble(answer: Answer, asked: Asked) -> OpsroomError:
    """What any other answer of 300 to 499 means."""
    said = _quoted(answer)
    facts = {"url": answer.url, "status": answer.status, "sent": True}
    about = asked.card or asked.repository
    if answer.status < 400:
        return _elsewhere(answer, asked)
    if answer.status == 401:
        told = f"GitHub does not accept the token of the tracker {asked.tracker} (401)."
        return Failure(
            Code.UNAUTHORIZED, told, f"Put a token that is valid into {asked.key('token')}.", facts
        )
    refusal = _shut(answer, asked) if answer.status == 403 else None
    if refusal is not None:
        return refusal
    if answer.status == 403:
        return Failure(
            Code.UNAUTHORIZED,
            f"GitHub does not allow this on {about}{said} (403).",
            _right(answer, asked),
            facts,
        )
    if answer.status in (404, 410) and not _of_github(answer):
        told = f"{answer.url} answered {answer.status}, not as GitHub does."
        return Failure(
            Code.BAD_ANSWER, told, f"Check {asked.key('url')}: it is the address of the API.", facts
        )
    if answer.status == 404:
        return _not_there(asked, facts)
    if answer.status == 410:
        if "disabled" in _message(answer).lower() or not asked.card:
            told = f"Issues are turned off in {asked.repository}."
            return Failure(
                Code.GONE, told, "Turn them on in the repository's settings, under Features.", facts
            )
        return Failure(Code.GONE, f"{asked.card} was deleted on GitHub.", "", facts)
    if answer.status == 422:
        return _not_accepted(answer, asked, facts)
    return Failure(Code.BAD_ANSWER, f"{answer.url} answered {answer.status}{said}.", "", facts)


def _elsewhere(answer: Answer, asked: Asked) -> OpsroomError:
    """A redirect: a repository that was renamed, an issue that was transferred, or an API at
    another address."""
    moved = judge(
        answer.status, answer.headers, answer.url, answer.method, answer.secrets, asked.key("url")
    ).failure
    target = str(moved.facts.get("redirect", ""))
    here, there = urlsplit(answer.url), urlsplit(target)
    if here.netloc != there.netloc or not re.search(r"/repos(?:itories)?/", there.path):
        return moved
    what = (
        f"The issue {asked.card} or its repository"
        if asked.card
        else f"The repository {asked.repository}"
    )
    told = f"{what} was renamed or moved on GitHub, to {target}; nothing was done."
    return Refusal(
        Code.UNKNOWN_CARD if asked.card else Code.UNKNOWN_PROJECT, told, _names(asked), moved.facts
    )


def _shut(answer: Answer, asked: Asked) -> Optional[Refusal]:
    """403 of a repository or issue that takes no changes from anybody, whatever rights the token
    has."""
    said = _message(answer).lower()
    facts = {"url": answer.url, "status": answer.status}
    if "archived" in said and "read-only" in said:
        told = f"The repository {asked.repository} is archived on GitHub, so it is read-only."
        return shut(
            told, "Have an owner unarchive it, or an administrator configure another.", facts
        )
    if "is locked" in said:
        told = (
            f"{asked.card or asked.repository} is locked on GitHub: only maintainers can comment."
        )
        return shut(told, "Have a maintainer unlock the conversation on GitHub.", facts)
    if "commenting is disabled" in said or "more than 2500 comments" in said:
        told = f"{asked.card or asked.repository} is full: GitHub accepts no more comments on it."
        return shut(told, "Open another issue for what is to be said.", facts)
    return None


def _not_there(asked: Asked, facts: Mapping[str, Any]) -> Refusal:
    # GitHub answers 404 also where someone may not look, so as not to tell what there is.
    if asked.card:
        told = f"There is no issue {asked.card} on GitHub, or the token may not see it."
        return Refusal(Code.UNKNOWN_CARD, told, "Check the number and the repository.", facts)
    told = f"There is no repository {asked.repository} on GitHub, or the token may not see it."
    return Refusal(Code.UNKNOWN_PROJECT, told, _names(asked), facts)


def _names(asked: Asked) -> str:
    return f"Check its name in {asked.key('repository')} and {asked.key('repositories')}."


def _right(answer: Answer, asked: Asked) -> str:
    if answer.headers.get("x-github-sso", "").lower().startswith("required"):
        return (
            "The organisation wants single sign-on: authorise the token in "
            f"{asked.key('token')} for it."
        )
    return (
        f"The token in {asked.key('token')} needs the right to read and write issues of "
        f"{asked.repository}."
    )


def _not_accepted(answer: Answer, asked: Asked, facts: Mapping[str, Any]) -> Refusal:
    """422: what is missing is named, anything else is quoted."""
    errors = _errors(answer)
    missing = [
        str(one.get("field"))
        for one in errors
        if one.get("code") in ("missing_field", "missing") and one.get("field")
    ]
    if missing:
        named = one_line(", ".join(missing))
        told = f"GitHub wants more for an issue in {asked.repository}: {named}."
        return Refusal(Code.FIELDS_MISSING, told, "", {**facts, "fields": missing})
    parts = [_error_text(one) for one in errors]
    quoted = one_line(
        redact("; ".join(part for part in parts if part) or _message(answer), answer.secrets), 160
    )
    if "cannot be searched" in quoted:
        told = (
            f"GitHub cannot search {asked.repository}: it does not exist, or the token may "
            "not see it."
        )
        return Refusal(Code.UNKNOWN_PROJECT, told, _names(asked), facts)
    told = f"GitHub does not accept this for {asked.card or asked.repository}" + (
        f": '{quoted}'." if quoted else "."
    )
    return Refusal(Code.NOT_ACCEPTED, told, "", facts)


def _error_text(error: Mapping[str, Any]) -> str:
    if isinstance(error.get("message"), str):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("field", "code") if error.get(key))


def _errors(answer: Answer) -> List[Mapping[str, Any]]:
    found = _content(answer).get("errors")
    if isinstance(found, str):
        return [{"message": found}]
    items = found if isinstance(found, list) else []
    return [one if isinstance(one, dict) else {"message": str(one)} for one in items]


def _of_github(answer: Answer) -> bool:
    """Whether it is GitHub's own word on what is not there, and not that of a server or gateway
    without GitHub."""
    documented = (
        isinstance(_content(answer).get("documentation_url"), str)
        or "x-github-request-id" in answer.headers
    )
    return bool(_message(answer)) and documented


def _message(answer: Answer) -> str:
    found = _content(answer).get("message")
    return found if isinstance(found, str) else ""


def _quoted(answer: Answer) -> str:
    """What GitHub says about it, as the end of a sentence."""
    said = one_line(redact(_message(answer), answer.secrets), 160).rstrip(".")
    return f": '{said}'" if said else ""


def _content(answer: Answer) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except Failure:
        return {}
    return found if isinstance(found, dict) else {}
