"""Issues of Jira as cards. Every part may be missing or of another shape without an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any, List, Tuple

from ...http.content import at, object_at, text_at
from ...structs.patterns import lazy_pattern
from ...times.iso import moment_of
from .. import Card, Comment
from ..formats import adf, wiki

_KEY = lazy_pattern(r"^[A-Z][A-Z0-9_]*-[1-9]\d*\Z")
# As many as a tracker shows.
COMMENTS = 5
# The mark at the end of the first line of a comment, where Jira has no better place for it.
_MARK = lazy_pattern(r" \(ops[0-9a-f]{13}\)\Z")
# Which parts of an issue are read, in a list and alone.
IN_LIST = "summary,status,assignee,project,updated"
_ARCHIVED = "archiveddate,archivedby"
IN_LIST = f"{IN_LIST},{_ARCHIVED}"
WHOLE = f"summary,status,assignee,reporter,description,project,updated,comment,{_ARCHIVED}"
# Where a card is, and whether it can be moved from there.
PLACE = f"status,project,{_ARCHIVED}"


def key_of(issue: Any) -> str:
    """The key of an issue (`OPS-12`); empty when there is none or it is something else."""
    key = text_at(issue, "key")
    return key if _KEY.match(key) else ""


def rich(value: Any) -> str:
    """A description or comment as plain text: a document from version 3, markup from version 2."""
    return wiki.plain(value) if isinstance(value, str) else adf.plain(value)


def card(issue: Any, page: str) -> Card:
    """An issue as a card, without comments. `page` is the address of its page."""
    fields = at(issue, "fields")
    key = key_of(issue)
    return Card(
        id=key,
        summary=text_at(fields, "summary"),
        status=text_at(fields, "status", "name"),
        assignee=person(at(fields, "assignee")),
        reporter=person(at(fields, "reporter")),
        description=rich(at(fields, "description")),
        project=text_at(fields, "project", "key") or key.rpartition("-")[0],
        url=page,
        closed=text_at(fields, "status", "statusCategory", "key") == "done",
        archived=archived(issue),
        changed_at=moment_of(at(fields, "updated")),
    )


def archived(issue: Any) -> str:
    """As in `Card`: of an issue, or of its project."""
    fields = object_at(issue, "fields")
    named = {str(key).lower(): value for key, value in fields.items()}
    if named.get("archiveddate") or named.get("archivedby"):
        return "archived"
    return "in an archived project" if at(fields, "project", "archived") is True else ""


def person(user: Any) -> str:
    """A user by the name that people read."""
    return text_at(user, "displayName") or text_at(user, "name") or text_at(user, "accountId")


def comments(found: List[Any]) -> Tuple[Comment, ...]:
    """The latest comments, oldest of them first. Those for a group, a role or the staff of a
    service desk only are not for a room."""
    seen = [one for one in found if not at(one, "visibility") and at(one, "jsdPublic") is not False]
    made = [
        Comment(
            person(at(one, "author")),
            _unmarked(rich(at(one, "body"))),
            moment_of(at(one, "created")),
        )
        for one in seen
    ]
    # Jira gives them in the order of their making or, when asked to, in the opposite one.
    dated = [one for one in made if one.at is not None]
    if len(dated) == len(made):
        made.sort(key=lambda one: one.at or datetime.min)
    return tuple(made[-COMMENTS:])


def _unmarked(text: str) -> str:
    first, end, rest = text.partition("\n")
    return (_MARK.sub("", first) if " via opsroom" in first else first) + end + rest
