"""The metadata of actions and aliases: what StackStorm and the relays need of it, and what keeps it
safe."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Dict, List, Set

from opsroom.commands.audit.reconcile import RECORDED
from opsroom.names import (
    CARD,
    CARDS,
    COMMAND,
    LONG_TEXT,
    PAGE_TEXT,
    TEXT,
    TYPED,
    TYPED_OR_NOTHING,
    WORDS,
)
from support.cases import cases
from support.expectations import expect
from support.metadata import metadata, read

ROOT = Path(__file__).resolve().parents[2]
EVERY = metadata("actions")
ACTIONS = {name: one for name, one in EVERY.items() if one["runner_type"] == "python-script"}
# Workflows have tests of their own: test_workflows.py.
WORKFLOWS = {name: one for name, one in EVERY.items() if name not in ACTIONS}
ALIASES = metadata("aliases")
RULES = metadata("rules")
# They run actions of the pack chatops: see test_rules_answers.py.
RULES = {
    name: one for name, one in RULES.items() if name not in ("answer_at_once", "answer_otherwise")
}
# Aliases whose answers may be about a deployment that was carried out.
DEPLOYING = ("deploy", "redeploy", "promote", "rollback", "emergency_deploy", "approve_change",
             "confirm_change")  # fmt: skip
IDENTITY = {
    "requester": "{{ action_context.api_user | default(action_context.user) }}",
    "room": "{{ action_context.source_channel | default('') }}",
    "st2_user": (
        "{{ (action_context.rbac | default({})).user | default(action_context.user) }}"
        "{{ ' in ' ~ action_context.parent.execution_id"
        " if action_context.parent is defined and action_context.rbac is not defined else '' }}"
    ),
}
# Parameters that are more than a name, with their pattern and greatest length.
SHAPES = {
    "version": (TYPED, 128),
    "before": (TYPED, 128),
    "apps": (CARDS, 300),
    "after": (TYPED, 128),
    "reason": (TEXT, 500),
    "text": (TEXT, 500),
    "cards": (CARDS, 300),
}
SHAPES.update(card=(CARD, 256), project=(CARD, 256), column=(WORDS, 128))
# The same for a parameter of one action.
SHAPES.update({"create_card.text": (LONG_TEXT, 30000), "comment_card.text": (LONG_TEXT, 30000)})
SHAPES.update({"assignee": (WORDS, 128)})
SHAPES.update(
    {f"{name}.who": (WORDS, 128) for name in ("page", "get_on_call", "list_pages", "add_responder")}
)
SHAPES.update(
    {f"{name}.version": (TYPED_OR_NOTHING, 128) for name in ("note_drift", "update_cards")}
)
SHAPES.update({"version_before": (TYPED_OR_NOTHING, 128), "promote_card.to": (WORDS, 128)})
SHAPES.update({"page.message": (PAGE_TEXT, 4000), "page": (TYPED, 128)})
SHAPES.update({"typed": (COMMAND, 31000), "suggest.text": (PAGE_TEXT, 4000)})
SHAPES.update({"open_incident.who": (WORDS, 128), "open_incident.text": (PAGE_TEXT, 4000)})
TELLING = {
    *("announce_deployments", "announce_missed", "check_record", "note_drift", "remind"),
    "tell_reachable",
}
TELLING |= {"close_dead_executions", "tell_unreachable", "watch_pages", "morning_report"}
RUNNER = ("env", "timeout", "log_level", "content_version", "debug")


def own(action: Dict[str, Any]) -> Dict[str, Any]:
    """The parameters that people may give."""
    return {
        name: one
        for name, one in action["parameters"].items()
        if name not in IDENTITY and name not in RUNNER
    }


def client_lists(runner: str, parameters: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The required and the optional parameters in `st2 run -h`, each with what st2client 3.8 and
    3.9 sort it by."""
    # An action's parameter replaces the runner's of the same name. No parameter of a runner has a
    # position, and an action may give it none: StackStorm refuses to register that.
    merged = {
        **{one: {} for one in (RUNNER if runner == "python-script" else ("notify",))},
        **parameters,
    }
    shown = {key: one for key, one in merged.items() if not one.get("immutable")}
    keys = {key: one.get("position", key) for key, one in shown.items()}
    required = {key: keys[key] for key, one in shown.items() if one.get("required")}
    return [required, {key: keys[key] for key in keys if key not in required}]


@cases("name", ACTIONS)
class TestAction:
    def test_it_is_named_after_its_files_and_its_class_after_the_verb(self, name: str) -> None:
        expect(ACTIONS[name], name=name, entry_point=f"{name}.py", runner_type="python-script")
        classes = [
            node
            for node in ast.parse((ROOT / "actions" / f"{name}.py").read_text()).body
            if isinstance(node, ast.ClassDef)
        ]
        assert [one.name for one in classes] == ["".join(part.title() for part in name.split("_"))]

    def test_who_asks_is_never_a_free_parameter(self, name: str) -> None:
        for parameter, default in IDENTITY.items():
            assert ACTIONS[name]["parameters"][parameter]["default"] == default
            assert ACTIONS[name]["parameters"][parameter]["immutable"] is True

    def test_the_runners_own_parameters_are_closed_to_chat(self, name: str) -> None:
        for parameter in RUNNER:
            one = ACTIONS[name]["parameters"][parameter]
            # StackStorm's web form sends the default of whatever the runner enumerates, which an
            # immutable parameter refuses: then no form could be sent. So this one is closed by
            # having one value.
            assert (
                one["enum"] == [one["default"]]
                if parameter == "log_level"
                else one["immutable"] is True
            )

    def test_every_text_of_people_has_a_pattern_and_a_greatest_length(self, name: str) -> None:
        for parameter, one in own(ACTIONS[name]).items():
            if one["type"] != "string":
                continue
            pattern, longest = SHAPES.get(f"{name}.{parameter}") or SHAPES.get(
                parameter, (TYPED, 64)
            )
            expect(one, pattern=pattern.pattern, maxLength=longest)

    def test_every_parameter_is_described_and_stands_in_order(self, name: str) -> None:
        mine = own(ACTIONS[name])
        required = [one for one in mine.values() if one.get("required")]
        assert list(mine.values())[: len(required)] == required
        assert [one["position"] for one in required] == list(range(1, len(required) + 1))
        for one in [*mine.values(), ACTIONS[name]]:
            assert re.match(r"[A-Z].*\.$", one["description"])

    def test_st2_run_help_can_sort_the_parameters(self, name: str) -> None:
        for names in client_lists("python-script", ACTIONS[name]["parameters"]):
            # As st2client 3.8 and 3.9 do it: a mix of numbers and names raises TypeError, and the
            # help stops there.
            sorted(names.values())

    def test_run_takes_exactly_the_parameters_of_the_metadata(self, name: str) -> None:
        tree = ast.parse((ROOT / "actions" / f"{name}.py").read_text())
        run = next(
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name == "run"
        )
        assert {one.arg for one in run.args.args} - {"self"} == set(own(ACTIONS[name])) | set(
            IDENTITY
        )
        required = [one.arg for one in run.args.args][
            1 : len(run.args.args) - len(run.args.defaults)
        ]
        optional = {
            key
            for key, one in own(ACTIONS[name]).items()
            if not one.get("required") and "default" not in one
        }
        assert optional.isdisjoint(required)


@cases("name", WORKFLOWS)
def test_st2_run_help_can_sort_the_inputs_of_a_workflow(name: str) -> None:
    for names in client_lists("orquesta", WORKFLOWS[name]["parameters"]):
        sorted(names.values())


@cases("name", ALIASES)
class TestAlias:
    def test_it_is_prefixed_since_aliases_are_looked_up_without_their_pack(self, name: str) -> None:
        assert ALIASES[name]["name"].startswith("opsroom_")

    def test_its_action_exists_and_has_every_parameter_of_its_formats(self, name: str) -> None:
        alias = ALIASES[name]
        pack, action = alias["action_ref"].split(".")
        assert pack == "opsroom"
        for one in alias["formats"]:
            for text in [one["display"], *one["representation"]]:
                for parameter in re.findall(r"\{\{\s*(\w+)\s*\}\}", text):
                    assert parameter in own(ACTIONS[action])

    def test_what_help_shows_and_what_is_matched_name_the_same_parameters(self, name: str) -> None:
        for one in ALIASES[name]["formats"]:
            shown = re.findall(r"\{\{\s*(\w+)\s*\}\}", one["display"])
            # Free text is handed over whole.
            for text in one["representation"]:
                assert re.findall(r"\{\{\s*(\w+)\s*\}\}", text) in (shown, ["typed"])

    def test_its_acknowledgement_is_its_own_or_none(self, name: str) -> None:
        ack = ALIASES[name]["ack"]
        assert ack["enabled"] is False or (
            "{{ execution.id }}" in ack["format"] and ack["append_url"] is False
        )

    def test_its_result_is_laid_out_as_that_of_all_others_but_for_the_link(self, name: str) -> None:
        def plain(alias: Dict[str, Any]) -> str:
            text = re.sub(r"\{% if execution.web_url.*?endif %\}", "", alias["result"]["format"])
            # What was said, and what to do when it ended without an answer, are each command's own.
            return re.sub(r"(\{%- set (?:command|next) =) .*?%\}", r"\1", text, count=2)

        assert plain(ALIASES[name]) == plain(ALIASES["help"])
        slack = dict(ALIASES[name]["result"]["extra"]["slack"])
        fields = slack.pop("fields", [])
        assert {"slack": slack} == ALIASES["help"]["result"]["extra"]
        of_deployments = ALIASES["deploy"]["result"]["extra"]["slack"]["fields"]
        assert fields == (of_deployments if name in DEPLOYING else [])
        assert "stderr" not in ALIASES[name]["result"]["format"]

    def test_no_expression_in_it_stops_javascript_from_loading_the_rest(self, name: str) -> None:
        for one in ALIASES[name]["formats"]:
            assert one["display"]
            for text in one["representation"]:
                assert not re.search(r"\(\?(P<|i\)|<)", text)


def test_no_alias_begins_with_words_that_begin_anothers() -> None:
    first = [alias["formats"][0]["display"].split()[0] for alias in ALIASES.values()]
    for one in first:
        assert not [other for other in first if other != one and other.startswith(one + " ")]
    # Every format asks for a blank after its leading word, so that "deploys" is no "deploy".
    for name, alias in ALIASES.items():
        for one in alias["formats"] if name != "unknown" else ():
            for text in one["representation"]:
                assert re.match(r"\(\?!\(\?!\[[A-Z][a-z]\][a-z]+(s\?)?\\s\)\)", text), text


def test_every_alias_of_every_action_is_reachable() -> None:
    ruled = {rule["action"]["ref"] for rule in RULES.values()}
    said = {alias["action_ref"] for alias in ALIASES.values()}
    within = {one for name in WORKFLOWS for one in actions_of(name)}
    # Workflows are started by rules, in the web interface or on the command line, never from chat.
    workflows = {f"opsroom.{name}" for name in WORKFLOWS}
    assert said | ruled | within == {f"opsroom.{name}" for name in ACTIONS} | (ruled & workflows)
    assert not said & (ruled | workflows)


def actions_of(workflow: str) -> Set[str]:
    """The actions of this pack that a workflow runs."""
    tasks = read(ROOT / "actions" / "workflows" / f"{workflow}.yaml")["tasks"]
    return {task["action"] for task in tasks.values() if task["action"].startswith("opsroom.")}


def test_every_action_leaves_records_that_are_compared_with_stackstorm_or_only_reads() -> None:
    reading = {
        *("find_cards", "get_card", "get_history", "get_version", "help", "list_changes"),
        *("list_locks", "plan"),
    }
    reading |= {"get_on_call", "list_pages", "suggest", "watch_pages"}
    auditing = {"announce_head", "audit_report", "audit_verify", "reconcile"}
    # Run by rules: they leave a record when there was something to do.
    ruled = {
        *("announce_deployments", "deploy_release", "note_drift", "note_reach", "page_on_failure"),
        "promote_card",
    }
    ruled |= {"remind", "update_cards"}
    auditing |= {"check_record"}
    reading |= {"compare_environments", "compare_versions", "metrics"}
    reading |= {"list_incidents", "report", "release_plan", "check_version", "check_green"}
    # What was done before leaves no second record.
    ruled |= {"incident_step", "note_incident", "close_dead_executions"}
    reading |= {"board", "doctor", "whoami", "write_metrics"}
    assert set(RECORDED) | reading | auditing | ruled == set(ACTIONS)
    assert not set(RECORDED) & (reading | auditing | ruled)


@cases("name", RULES)
def test_a_rule_runs_an_action_of_this_pack_with_parameters_that_it_has(name: str) -> None:
    rule = RULES[name]
    expect(rule, name=name, pack="opsroom")
    pack, action = rule["action"]["ref"].split(".")
    assert pack == "opsroom"
    assert set(rule["action"]["parameters"]) <= set(own(EVERY[action]))
    # Nothing acts by itself on a machine where the pack was only just installed; these only look,
    # record and tell.
    assert rule["enabled"] is (name in TELLING)
