"""Which fields Jira misses, by the names that people see, with the values that it accepts. Read
only after a refusal."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple
from urllib.parse import quote

from ...errors import Code, OpsroomError, Refusal
from ...http.content import at, list_at, text_at
from ...names import either, listed, shown
from ...text import one_line
from .client import Client, Result
from .options import Options

_MAX_RESULTS = "200"
_VALUES = 8
# What opsroom sets, or Jira fills in.
_OURS = {"project", "issuetype", "summary", "description", "reporter", "labels"}


def issue_types(client: Client, project: str) -> Dict[str, str]:
    """The names of the issue types of a project, with their ids; empty when Jira does not say."""
    found = client.quietly(
        f"/issue/createmeta/{quote(project, safe='')}/issuetypes",
        params={"maxResults": _MAX_RESULTS},
    )
    # Data Center calls them "values".
    types = list_at(found, "issueTypes") or list_at(found, "values")
    return {text_at(one, "name"): text_at(one, "id") for one in types if text_at(one, "name")}


def unknown_type(client: Client, options: Options, project: str, result: Result) -> Refusal:
    """The refusal of an issue type that the project does not have, with those it has."""
    types = list(issue_types(client, project))
    words = f" ({result.words()})" if result.words() else ""
    hint = f"It has {listed(one_line(one, 40) for one in types)}. " if types else ""
    return Refusal(
        Code.FIELDS_MISSING,
        f"The project {project} of Jira takes no issue type {shown(options.issue_type)}{words}.",
        f"{hint}An administrator can set {client.key}.issue_type in the config.",
        {"fields": {"issuetype": types}},
    )


def missing_for_card(
    client: Client, options: Options, project: str, result: Result
) -> OpsroomError:
    """What a new card in a project lacks."""
    named = {
        key: words for key, words in result.errors.items() if key not in ("labels", "reporter")
    }
    types = issue_types(client, project)
    wanted = options.issue_type.casefold()
    number = next((id for name, id in types.items() if name.casefold() == wanted), "")
    fields: List[Any] = []
    if number:
        path = f"/issue/createmeta/{quote(project, safe='')}/issuetypes/{quote(number, safe='')}"
        found = client.quietly(path, params={"maxResults": _MAX_RESULTS})
        fields = list_at(found, "fields") or list_at(found, "values")
    by_id = {text_at(one, "fieldId") or text_at(one, "key"): one for one in fields}
    by_id = {key: one for key, one in by_id.items() if key in named or key not in _OURS}
    return _refusal(client, result, (f"A card in {project}", "the card"), named, by_id)


def missing_for_move(
    client: Client, card: str, transition: str, to: str, result: Result
) -> OpsroomError:
    """What a card lacks to be moved."""
    params = {"transitionId": transition, "expand": "transitions.fields"}
    found = client.quietly(f"/issue/{quote(card, safe='')}/transitions", params=params)
    ways = [one for one in list_at(found, "transitions") if text_at(one, "id") == transition]
    fields = at(ways[0], "fields") if ways else None
    by_id = dict(fields) if isinstance(fields, Mapping) else {}
    return _refusal(
        client, result, (f"{card}, to be moved to {to},", "the move"), result.errors, by_id
    )


def _refusal(
    client: Client,
    result: Result,
    what: Tuple[str, str],
    named: Mapping[str, str],
    fields: Mapping[str, Any],
) -> OpsroomError:
    """A refusal that names each field that is missing; Jira's own words where none is.

    `what` is how a sentence begins with it, and how one refers to it.
    """
    missing = [
        key for key in named if _is_required(fields.get(key)) or "required" in named[key].lower()
    ]
    missing += [key for key in fields if _is_required(fields[key]) and key not in missing]
    if not missing:
        return client.not_accepted(result, what[1])
    values = {_name(key, fields.get(key)): _allowed(fields.get(key)) for key in missing}
    parts = [
        f"{name} (one of {either(allowed)})" if allowed else name
        for name, allowed in values.items()
    ]
    return Refusal(
        Code.FIELDS_MISSING,
        f"{what[0]} needs more than opsroom can say: {listed(parts)}.",
        "Do it in Jira, or have an administrator give these fields a default there.",
        {"fields": values},
    )


def _is_required(field: Any) -> bool:
    return at(field, "required") is True and at(field, "hasDefaultValue") is not True


def _name(key: str, field: Any) -> str:
    return one_line(text_at(field, "name") or key, 40)


def _allowed(field: Any) -> List[str]:
    """The values that a field takes, at most a few."""
    values = list_at(field, "allowedValues")
    names = [
        text_at(one, "name") or text_at(one, "value") or text_at(one, "label") for one in values
    ]
    return [one_line(name, 30) for name in names if name][:_VALUES]
