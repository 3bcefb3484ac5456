"""Creating a card in Jira: one request; another one only without what Jira does not accept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

from ...errors import OpsroomError
from ...structs import dataclass
from ...text import shorten
from .. import Draft, Made
from ..formats import adf, wiki
from ..formats import text as prose
from .client import Client, Result, limit_in
from .fields import missing_for_card, unknown_type
from .mapping import key_of
from .options import Options
from .search import unknown_project

# Of a description or comment; an administrator of Data Center may have set another limit, which
# Jira then names.
MAX_TEXT = 32_767
_MAX_SUMMARY = 255
# What Jira may refuse separately: labels, the reporter, the length of the text.
_ATTEMPTS = 4


@dataclass(frozen=True)
class Written:
    """A text as it is sent, and how many characters of what was result it lacks."""

    body: Any
    missing: int

    def note(self, what: str, limit: int) -> Tuple[str, ...]:
        """The sentence that says what was cut, if anything was."""
        if not self.missing:
            return ()
        return (
            f"{what} was cut: Jira takes {limit} characters, the last {self.missing} are missing.",
        )


def write(options: Options, text: str, limit: int, before: str = "", after: str = "") -> Written:
    """A text in the format of the interface, cut to `limit` characters together with the lines
    before and after it."""

    def whole(part: str) -> str:
        inside = prose.closed(part) if after else part
        return "\n\n".join(one for one in (before, inside, after) if one.strip())

    def counted(part: str) -> str:
        return whole(part) if options.api == "3" else wiki.markup(whole(part))

    kept, missing = prose.cut(text, limit, counted)
    return Written(
        adf.document(whole(kept)) if options.api == "3" else wiki.markup(whole(kept)), missing
    )


def shorter(limit: int, length: int, result: Result) -> Optional[int]:
    """The limit to try instead when Jira says that a text of `length` was too long; None when that
    is not it."""
    errors = [
        result.errors[key] for key in ("description", "comment", "body") if key in result.errors
    ]
    named = limit_in(errors) if result.status == 400 and length > 1000 else None
    if named is None:
        return None
    # A document may be counted with all that makes it one.
    return named if 1000 <= named < min(limit, length) else min(limit, length) // 2


@dataclass(frozen=True)
class _Attempt:
    labels: bool = True
    reporter: bool = True
    limit: int = MAX_TEXT


def create(client: Client, options: Options, draft: Draft) -> Made:
    """Make the card. Raises Refusal: unknown_project, fields_missing, not_accepted, text_too_long;
    Failure."""
    attempt = _Attempt(reporter=bool(draft.author.identity))
    for _ in range(_ATTEMPTS):
        fields, notes = _fields(options, draft, attempt)
        result = client.ask("POST", "/issue", json={"fields": fields})
        if result.ok:
            key = key_of(result.content)
            if not key:
                raise client.incomplete(result, "the key of the new card")
            return Made(key, client.page(key), notes)
        other = _other(attempt, draft, result)
        if other is None:
            break
        attempt = other
    raise _refusal(client, options, draft, result)


def notes_of(options: Options, draft: Draft) -> Tuple[str, ...]:
    """What is to be result of a card that was made by an earlier request."""
    return _fields(options, draft, _Attempt(reporter=bool(draft.author.identity)))[1]


def _fields(
    options: Options, draft: Draft, attempt: _Attempt
) -> Tuple[Dict[str, Any], Tuple[str, ...]]:
    author = draft.author
    notes: List[str] = []
    if not author.identity:
        notes.append(
            f"{author.shown} has no jira name in the config, so the card names them in its "
            "first line."
        )
    elif not attempt.reporter:
        notes.append(
            f"Jira does not let opsroom set the reporter, so the card names {author.shown} in "
            "its first line."
        )
    if not attempt.labels:
        notes.append("It takes no labels, so the mark of opsroom is at its end.")
    summary, text = _summary(draft)
    written = write(
        options,
        text,
        attempt.limit,
        before="" if attempt.reporter else author.line,
        after="" if attempt.labels else draft.mark,
    )
    notes += written.note("The description", attempt.limit)
    kind = (
        {"id": options.issue_type} if options.issue_type.isdigit() else {"name": options.issue_type}
    )
    fields: Dict[str, Any] = {
        "project": {"key": draft.project or options.project},
        "issuetype": kind,
        "summary": summary,
    }
    if written.body and written.body != adf.document(""):
        fields["description"] = written.body
    if attempt.labels:
        fields["labels"] = [draft.mark]
    if attempt.reporter:
        fields["reporter"] = {"id" if options.cloud else "name": author.identity}
    return fields, tuple(notes)


def _summary(draft: Draft) -> Tuple[str, str]:
    """The summary on one line, and the description; a summary that is too long continues there."""
    line = " ".join(prose.clean(draft.summary).split())
    if prose.units(line) <= _MAX_SUMMARY:
        return line, draft.description
    most = _MAX_SUMMARY - (prose.units(line) - len(line))
    return shorten(line, max(most, 100)), f"{line}\n\n{draft.description}".rstrip()


def _other(attempt: _Attempt, draft: Draft, result: Result) -> Optional[_Attempt]:
    """What to try instead: without what Jira cannot take, or shorter. None when nothing of that is
    it."""
    if result.status != 400:
        return None
    other = attempt
    if "labels" in result.errors:
        other = replace(other, labels=False)
    if "reporter" in result.errors:
        other = replace(other, reporter=False)
    limit = shorter(attempt.limit, prose.units(draft.description), result)
    if limit is not None:
        other = replace(other, limit=limit)
    # Where more is wrong, sending it again would only be refused again.
    rest = (
        set(result.errors)
        - {"labels", "reporter"}
        - ({"description"} if limit is not None else set())
    )
    return other if other != attempt and not rest else None


def _refusal(client: Client, options: Options, draft: Draft, result: Result) -> OpsroomError:
    project = draft.project or options.project
    errors = result.errors
    if result.status != 400 or not errors:
        return client.not_accepted(result, "the card")
    if "project" in errors or "pid" in errors:
        return unknown_project(client, project, errors.get("project") or errors.get("pid", ""))
    if "issuetype" in errors:
        return unknown_type(client, options, project, result)
    return missing_for_card(client, options, project, result)
