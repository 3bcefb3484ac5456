"""Reading the environments: who may do what there, and under which rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Sequence, Tuple

from .fields import Fields, found
from .freezes import read_freezes
from .model import Environment, Person


@dataclass(frozen=True)
class Known:
    """What the rest of the config names, for checking what refers to it."""

    people: Mapping[str, Person]
    groups: Mapping[str, Tuple[str, ...]]
    environments: Sequence[str]
    apps: Sequence[str]
    timezone: str


def read_environment(name: str, fields: Fields, known: Known) -> Environment:
    """One entry under `environments`. How its rules fit together is checked by `fitting.check` when all is read."""
    rules = _rules(fields, known)
    own: Dict[str, Mapping[str, Any]] = {}
    for app, inner in fields.each("apps"):
        if app not in known.apps:
            inner.problems.add(inner.path, f"expected applications of the config, found '{app}'")
        own[app] = _rules(inner, known)
        inner.finish()
    return Environment(name=name, **rules, own=own)


def _rules(fields: Fields, known: Known) -> Dict[str, Any]:
    """The rules that are there, by the names they have in Environment: for an application, only those are its own."""
    readers: Dict[str, Callable[[str], Any]] = {
        "deployers": lambda key: _people(fields, key, known),
        "rooms": lambda key: fields.texts(key, expected="a list of rooms"),
        "lockers": lambda key: _people(fields, key, known),
        "approvers": lambda key: _people(fields, key, known),
        "emergency": lambda key: _people(fields, key, known),
        "approvals": lambda key: fields.whole_number(key, minimum=0),
        "approval_ttl": lambda key: fields.seconds(key, minimum=60.0),
        "confirm_within": lambda key: _confirm_within(fields, key),
        "second_factor": fields.flag,
        "after": lambda key: _after(fields, key, known),
        "freezes": lambda key: read_freezes(fields, key, known.timezone),
        "lock_after_rollback": fields.flag,
        "move_cards": lambda key: fields.text(key, expected="the name of a column or state"),
        "ready_column": lambda key: fields.text(key, expected="the name of a column or state"),
        "page_on_failure": lambda key: fields.text(key, expected="the name of a team, or app for the application's"),
    }
    rules = {key: read(key) for key, read in readers.items() if fields.holds(key)}
    for key in readers:
        # Without its key there is no rule; those were not read.
        fields.raw(key)
    return rules


def _people(fields: Fields, key: str, known: Known) -> Tuple[str, ...]:
    names = fields.texts(key, expected="a list of people and groups")
    for one in names:
        if one not in known.people and one not in known.groups:
            fields.problem(key, f"expected people and groups of the config, found {found(one)}")
    return names


def _confirm_within(fields: Fields, key: str) -> float:
    seconds = fields.seconds(key)
    if 0 < seconds < 10:
        fields.problem(key, f"expected 10s or more, or 0s for no confirmation, found {seconds:g}s")
    return seconds


def _after(fields: Fields, key: str, known: Known) -> str:
    value = fields.raw(key)
    if isinstance(value, str) and not value.strip():
        # How an application is taken out of its environment's order.
        return ""
    return fields.text(key, choices=list(known.environments))
