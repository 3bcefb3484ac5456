"""The forms that StackStorm's web interface makes of the actions: in order, explained, and such
that they can be sent.

How it makes them is in st2web, modules/st2-auto-form: the runner's parameters and the action's
together, without those that are immutable, by position, then those without one by name; a choice
for what has an enumeration, a box for what is true or false, a line for the rest, a masked one for
secrets; the description below each. What is typed is not held against the pattern there, and what
StackStorm answers is not shown, so that the description has to say what is taken.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List, Set

from support.cases import cases
from support.metadata import metadata

ROOT = Path(__file__).resolve().parents[2]


ACTIONS, ALIASES, RULES, WORKFLOWS = (
    metadata("actions"),
    metadata("aliases"),
    metadata("rules"),
    metadata("actions/workflows"),
)
# What StackStorm 3.9 declares for the runners, as far as a form shows it.
LEVELS = ["AUDIT", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"]
RUNNERS: Dict[str, Dict[str, Dict[str, Any]]] = {
    "python-script": {
        "content_version": {"type": "string"},
        "debug": {"type": "boolean", "default": False},
        "env": {"type": "object"},
        "log_level": {"type": "string", "default": "DEBUG", "enum": LEVELS},
        "timeout": {"type": "integer", "default": 600},
    },
    "orquesta": {"notify": {"type": "array", "default": []}},
}
AREAS = {
    *("approvals", "audit", "cards", "deployments", "incidents", "locks", "pages", "room"),
    "versions",
}


def form(name: str) -> Dict[str, Dict[str, Any]]:
    """The fields of the form of an action, from top to bottom."""
    runner = RUNNERS[ACTIONS[name]["runner_type"]]
    names = {**runner, **ACTIONS[name]["parameters"]}
    merged = {
        one: {**runner.get(one, {}), **ACTIONS[name]["parameters"].get(one, {})} for one in names
    }
    shown = [one for one in merged if not merged[one].get("immutable")]
    # Among those without a position the required come first, and then the name decides.
    last = len(merged) + 1
    shown.sort(
        key=lambda one: (merged[one].get("position", last), not merged[one].get("required"), one)
    )
    return {one: merged[one] for one in shown}


def asked(name: str) -> Dict[str, Dict[str, Any]]:
    """The fields in which there is something to choose."""
    return {one: field for one, field in form(name).items() if one != "log_level"}


def sent(name: str) -> Dict[str, Any]:
    """What the form adds by itself as soon as anything is typed: the default of whatever has an
    enumeration."""
    given = {**RUNNERS[ACTIONS[name]["runner_type"]], **ACTIONS[name]["parameters"]}
    merged = {
        one: {**RUNNERS[ACTIONS[name]["runner_type"]].get(one, {}), **given[one]} for one in given
    }
    return {
        one: field["default"]
        for one, field in merged.items()
        if "enum" in field and "default" in field
    }


@cases("name", ACTIONS)
class TestForm:
    def test_what_it_sends_by_itself_is_taken(self, name: str) -> None:
        parameters = ACTIONS[name]["parameters"]
        for one, value in sent(name).items():
            assert not parameters[one].get("immutable"), (
                f"{one}: StackStorm refuses even the same value"
            )
            assert value in parameters[one]["enum"]

    def test_it_asks_neither_who_asks_nor_how_to_run_it(self, name: str) -> None:
        assert set(form(name)) <= set(ACTIONS[name]["parameters"])
        hidden = {
            *("requester", "room", "st2_user", "env", "timeout", "content_version", "debug"),
            "notify",
        }
        assert not set(form(name)) & hidden
        if "log_level" in form(name):
            # There is nothing to choose.
            assert form(name)["log_level"]["enum"] == ["INFO"]

    def test_the_required_fields_come_first_in_the_order_of_the_command(self, name: str) -> None:
        required = [one for one in form(name).values() if one.get("required")]
        # From 1: the web interface takes 0 for none, and then goes by the name.
        assert [one["position"] for one in required] == list(range(1, len(required) + 1))
        assert list(form(name).values())[: len(required)] == required

    def test_optional_fields_without_a_log_level_have_an_order(self, name: str) -> None:
        # log_level can have no position, and `st2 run -h` of 3.8 and 3.9 cannot sort those that
        # have one beside it.
        optional = [one for one in form(name).values() if not one.get("required")]
        assert all(("position" in one) is ("log_level" not in form(name)) for one in optional)

    def test_each_field_is_explained_in_a_sentence_that_fits(self, name: str) -> None:
        for one in [*form(name).values(), ACTIONS[name]]:
            assert re.match(r"[A-Z0-9].*\.$", one["description"])
        assert all(len(one["description"]) <= 110 for one in form(name).values())

    def test_what_is_held_against_a_pattern_has_an_example_that_is_taken(self, name: str) -> None:
        for key, one in asked(name).items():
            if "pattern" not in one or "enum" in one:
                continue
            example = re.search(r'such as "?([^;,".]+(?:\.\w[^;,". ]*)*)', one["description"])
            assert example, f"{name}.{key}: {one['description']}"
            assert re.match(one["pattern"], example.group(1))
            assert len(example.group(1)) <= one["maxLength"]

    def test_what_has_fixed_values_is_a_choice_that_shows_its_default(self, name: str) -> None:
        for one in form(name).values():
            if "enum" in one:
                # Without a default there is an empty first line; with one, the first line is shown
                # whatever it is.
                assert "default" not in one or one["default"] == one["enum"][0]
                assert len(one["enum"]) == len(set(one["enum"]))
        choices = {key for key, one in asked(name).items() if "enum" in one}
        assert choices == {
            "audit_report": {"format"},
            "metrics": {"format"},
            "deploy_release": {"service"},
            "incident_step": {"step"},
        }.get(name, set())

    def test_a_box_may_stay_empty_since_an_empty_one_is_not_sent(self, name: str) -> None:
        for one in form(name).values():
            if one["type"] == "boolean":
                assert (one.get("required", False), one["default"]) == (False, False)

    def test_one_time_codes_are_masked_and_nothing_else_is(self, name: str) -> None:
        for key, one in form(name).items():
            # The command as a whole may hold a code, too, and what was meant as one.
            holds = (
                key == "code"
                or (key == "typed" and "code" in form(name))
                or (name, key) == ("suggest", "text")
            )
            assert one.get("secret", False) is holds


def within() -> Set[str]:
    """The actions of this pack that are a task of a workflow."""
    return {
        task["action"] for workflow in WORKFLOWS.values() for task in workflow["tasks"].values()
    }


def ways(name: str) -> List[str]:
    """How an action is set off, as its tags say it."""
    ref = f"opsroom.{name}"
    told = {
        "workflow": ACTIONS[name]["runner_type"] == "orquesta",
        "chat": ref in {one["action_ref"] for one in ALIASES.values()},
        "rule": ref in {one["action"]["ref"] for one in RULES.values()},
        "step": ref in within(),
    }
    return [one for one, so in told.items() if so]


@cases("name", ACTIONS)
def test_an_action_is_tagged_with_what_it_is_about_and_what_sets_it_off(name: str) -> None:
    tags = ACTIONS[name]["tags"]
    assert all(one["value"] == "opsroom" for one in tags)
    area, *others = [one["name"] for one in tags]
    assert area in AREAS
    assert others == ways(name)


@cases("name", RULES)
def test_a_rule_is_tagged_with_whether_it_tells_or_acts(name: str) -> None:
    assert RULES[name]["tags"] == [
        {"name": "tells" if RULES[name]["enabled"] else "acts", "value": "opsroom"}
    ]


def test_an_action_that_is_for_a_rule_alone_says_so_where_the_actions_are_listed() -> None:
    for name, action in ACTIONS.items():
        if ways(name) == ["rule"] and asked(name):
            assert re.search(r"For the rules? ", action["description"]), name
