"""Opsgenie's errors in plain words, and its way to say how long to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ...errors import Code, Failure, OpsroomError, Refusal
from ...http.errors import retry_after
from ...secrets import redact
from ...text import length, one_line
from .mapping import text_of

if TYPE_CHECKING:
    from ...http.response import Response


def error_of(answer: Response, pager: str, account: bool) -> OpsroomError:
    """The error that an answer means. `pager` is the pager's key in the config; `account`: its
    read_key was used."""
    facts = {"url": answer.url, "status": answer.status, "sent": False}
    key = f"{pager}.{'read_key' if account else 'api_key'}"
    why = _words(answer)
    because = f": {why}" if why else ""
    if answer.status == 401:
        return Failure(
            Code.UNAUTHORIZED,
            f"Opsgenie does not accept the key (401){because}.",
            f"An administrator checks {key}, and that {pager}.url is that of the account's region.",
            facts,
        )
    if answer.status == 403:
        may = (
            "may read the configuration"
            if account
            else "belongs to an API integration that may read, create and update"
        )
        return Failure(
            Code.UNAUTHORIZED,
            f"Opsgenie does not allow this with the key (403){because}.",
            f"An administrator checks that {key} {may}.",
            facts,
        )
    if answer.status == 402:
        return Refusal(
            Code.NOT_POSSIBLE,
            f"The plan of the Opsgenie account does not include this (402){because}.",
            facts=facts,
        )
    if answer.status == 429:
        return _busy(answer, facts)
    if answer.status == 410:
        return Failure(
            Code.GONE,
            f"This part of Opsgenie's API is gone (410){because}.",
            f"Opsgenie ends in April 2027; in Jira Service Management, {pager}.url is another.",
            facts,
        )
    if answer.status in (404, 405):
        return Failure(
            Code.BAD_ANSWER,
            f"{answer.url} answered {answer.status}: there is no Opsgenie API{because}.",
            f"An administrator checks {pager}.url.",
            facts,
        )
    return Refusal(
        Code.NOT_ACCEPTED, f"Opsgenie did not take it ({answer.status}){because}.", facts=facts
    )


def of_opsgenie(answer: Response) -> bool:
    """Whether an error is of Opsgenie's own form, and not that of a server or gateway without
    Opsgenie."""
    try:
        content = answer.json()
    except Failure:
        return False
    return (
        isinstance(content, Mapping)
        and bool(text_of(content.get("requestId")))
        and "took" in content
    )


def said(answer: Response, words: str) -> str:
    """The vendor's words as a part of a sentence: without secrets, on one line, short, without a
    full stop."""
    return one_line(redact(words, answer.secrets), 200).rstrip(". ")


def _words(answer: Response) -> str:
    """What an error says: its message, and for 422 what is wrong with which field."""
    try:
        content = answer.json()
    except Failure:
        return ""
    if not isinstance(content, Mapping):
        return ""
    parts = [text_of(content.get("message"))]
    errors = content.get("errors")
    if isinstance(errors, Mapping):
        parts += [f"{name}: {text_of(what)}" for name, what in errors.items() if text_of(what)]
    return said(answer, ", ".join(part.rstrip(".") for part in parts if part))


def wait_of(answer: Response) -> Optional[float]:
    """Seconds after which requests are taken again, as far as the answer says."""
    for name in ("retry-after", "x-ratelimit-period-in-sec"):
        seconds = retry_after(answer.headers.get(name, ""))
        if seconds is not None:
            return seconds
    return None


def _busy(answer: Response, facts: Mapping[str, Any]) -> Failure:
    seconds = wait_of(answer)
    if seconds is None:
        return Failure(
            Code.RATE_LIMITED,
            "Opsgenie gets too many requests and does not say for how long.",
            facts=facts,
        )
    reason = answer.headers.get("x-ratelimit-reason", "")
    of = f" (those of the {said(answer, reason).lower()} count)" if reason else ""
    return Failure(
        Code.RATE_LIMITED,
        f"Opsgenie gets too many requests{of} and asks to wait {length(round(seconds, 1))}.",
        facts={**facts, "retry_after": seconds},
    )


def bad(answer: Response, what: str) -> Failure:
    """An answer of success that is none: what was asked may have been done."""
    facts = {"url": answer.url, "status": answer.status, "sent": True}
    return Failure(Code.BAD_ANSWER, f"{answer.url} {what}.", facts=facts)
