"""Finding cards in Jira with its query language, in which nothing that someone typed acts as an
operator."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

from ...errors import Code, OpsroomError, Refusal
from ...http.content import at, list_at
from ...names import shown
from .. import Card, Query
from .client import Client, Result
from .mapping import IN_LIST, card, key_of
from .options import Options

# So many of the most recently changed are looked at for open ones in one request.
_PAGE = 50
_MAX_WORDS = 20


def quoted(value: str) -> str:
    """A value as a text of the query language, whatever is in it."""
    plain = "".join(one if one.isprintable() else " " for one in value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def words_of(text: str) -> str:
    """The words of a text: what a search by text takes apart anyway, without the operators that it
    has of its own (`*`, `~`, `-`, AND, OR, NOT)."""
    return " ".join(re.findall(r"\w+", text.lower())[:_MAX_WORDS])


def of_mark(mark: str) -> str:
    """The query for the card that carries a mark: as a label, or in its description where it takes
    no labels."""
    return f"labels = {quoted(mark)} OR description ~ {quoted(mark)}"


def find(client: Client, options: Options, query: Query) -> Tuple[Card, ...]:
    """The cards of a query, open ones first, the most recently changed first.

    Nearly always one request; a second one when the page was full and too few on it were open.
    """
    narrow = _narrowed(options, query)
    found, every = _asked(client, options, query, narrow, max(_PAGE, query.limit))
    still_open = [one for one in found if not one.closed]
    if not every and len(still_open) < query.limit:
        narrow_open = f"{narrow} AND statusCategory != Done"
        still_open = list(_asked(client, options, query, narrow_open, query.limit)[0])
    known = {one.id for one in still_open}
    closed = [one for one in found if one.closed and one.id not in known]
    return tuple([*still_open, *closed][: query.limit])


def search(client: Client, options: Options, query: str, fields: str, most: int) -> Result:
    """One page of what a query finds. Jira Cloud returns nothing but ids unless fields are asked
    for."""
    path = "/search/jql" if options.cloud else "/search"
    params: Dict[str, str] = {"jql": query, "fields": fields, "maxResults": str(most)}
    return client.ask("GET", path, params=params)


def issues_in(client: Client, result: Result) -> List[Any]:
    """The issues of an answer. Raises Failure(bad_answer) when it is none."""
    issues = at(result.content, "issues")
    if not isinstance(issues, list) or not all(key_of(issue) for issue in issues):
        raise client.incomplete(result, "a list of issues")
    return issues


def _narrowed(options: Options, query: Query) -> str:
    projects = (query.project,) if query.project else options.every
    parts = [f"project in ({', '.join(quoted(one) for one in projects)})"]
    if query.assignee:
        parts.append(f"assignee = {quoted(query.assignee)}")
    if query.text.strip():
        words = words_of(query.text)
        if not words:
            message = f"There is no word in {shown(query.text)} that cards could be searched for."
            raise Refusal(Code.TEXT_NEEDED, message, "For example: cards about checkout")
        parts.append(f"text ~ {quoted(words)}")
    return " AND ".join(parts)


def _asked(
    client: Client, options: Options, query: Query, narrow: str, most: int
) -> Tuple[Tuple[Card, ...], bool]:
    """The cards of one page, and whether they are all there are."""
    result = search(client, options, f"{narrow} ORDER BY updated DESC", IN_LIST, most)
    if not result.ok:
        raise _refused(client, options, query, result)
    issues = issues_in(client, result)
    total = at(result.content, "total")
    more = bool(at(result.content, "nextPageToken")) or at(result.content, "isLast") is False
    more = more or (isinstance(total, int) and total > len(issues))
    return tuple(card(issue, client.page(key_of(issue))) for issue in issues), not more


def _refused(client: Client, options: Options, query: Query, result: Result) -> OpsroomError:
    """Jira quotes the value that it does not know; its sentences are in the language of its
    user."""
    words = " ".join(str(one) for one in list_at(result.content, "errorMessages"))
    if query.assignee and query.assignee in words:
        message = f"Jira does not know {shown(query.assignee)}."
        return Refusal(Code.UNKNOWN_PERSON, message, "Use their name as Jira has it.")
    projects = [
        one for one in ((query.project,) if query.project else options.every) if f"'{one}'" in words
    ]
    if projects:
        return unknown_project(client, projects[0])
    return client.not_accepted(result, "the search")


def unknown_project(client: Client, project: str, words: str = "") -> Refusal:
    """The refusal of a project that does not exist, or that the bot may not see."""
    because = f" ({words})" if words else ""
    return Refusal(
        Code.UNKNOWN_PROJECT,
        f"Jira has no project {project}, or the user of {client.key}.token has no right to "
        f"it{because}.",
        f"Name another project, or have an administrator check {client.key}.project in the config.",
    )
