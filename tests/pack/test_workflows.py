"""The workflows: what they take, what they hand on, that nothing from outside is evaluated, and how
they go."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest

from opsroom.commands.incidents.step import STEPS
from opsroom.names import TYPED
from support.cases import cases
from support.expectations import expect
from support.metadata import metadata, read

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "actions" / "workflows").glob("*.yaml"))
WORKFLOWS: Dict[str, Any] = {path.stem: read(path) for path in FILES}
ACTIONS: Dict[str, Any] = metadata("actions")
REHEARSALS = sorted((ROOT / "tests" / "rehearsals").glob("*.yaml"))
# What may go on from a result: codes, ids and versions of opsroom's own. Orquesta evaluates once
# more what an expression gives; these are neutralised, and have a pattern where they become a
# parameter again. No message, no text, nothing that someone wrote, and nothing of what the check
# of the config returns.
HANDED_ON = {
    "app", "began", "check", "code", "environments", "execution", "first", "incident", "pause",
    "stops_before", "told",
    "version",
}  # fmt: skip
EXPRESSION = re.compile(r"<%\s*([\s\S]*?)\s*%>")


def strings(value: Any, path: str = "") -> Iterator[Tuple[str, str]]:
    """Every text inside of a value, with where it is."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from strings(one, f"{path}.{key}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from strings(one, f"{path}[{place}]")
    elif isinstance(value, str):
        yield path, value


def inputs_of(workflow: Dict[str, Any]) -> List[str]:
    return [one if isinstance(one, str) else next(iter(one)) for one in workflow.get("input", [])]


def test_every_workflow_has_an_action_and_every_action_of_that_runner_a_workflow() -> None:
    assert set(WORKFLOWS) == {
        name for name, one in ACTIONS.items() if one["runner_type"] == "orquesta"
    }
    assert set(WORKFLOWS) == {
        "release", "promote_when_green", "roll_back", "declare_incident", "close_incident",
        "morning_report",
    }  # fmt: skip


@cases("name", WORKFLOWS)
class TestWorkflow:
    def test_the_form_in_the_web_interface_makes_sense(self, name: str) -> None:
        action = ACTIONS[name]
        expect(action, name=name, entry_point=f"workflows/{name}.yaml")
        own = {key: one for key, one in action["parameters"].items() if key != "notify"}
        assert list(own) == inputs_of(WORKFLOWS[name])
        assert [one["position"] for one in own.values()] == list(range(1, len(own) + 1))
        for one in [*own.values(), action, WORKFLOWS[name]]:
            assert re.match(r"[A-Z].*\.$", one["description"])

    def test_every_input_is_a_name_with_a_pattern_and_a_greatest_length(self, name: str) -> None:
        for key, one in ACTIONS[name]["parameters"].items():
            if key == "notify":
                assert one == {"default": [], "immutable": True}
                continue
            expect(one, type="string", pattern=TYPED.pattern)
            assert one["maxLength"] == (128 if key == "version" else 64)

    def test_it_is_written_in_one_language_of_expressions_alone(self, name: str) -> None:
        assert "{{" not in (ROOT / "actions" / "workflows" / f"{name}.yaml").read_text()
        assert "{%" not in (ROOT / "actions" / "workflows" / f"{name}.yaml").read_text()

    def test_nothing_of_a_result_goes_on_but_codes_ids_and_versions(self, name: str) -> None:
        for path, text in strings(WORKFLOWS[name]):
            for expression in EXPRESSION.findall(text):
                for use in re.split(r"(?=result\(\))", expression)[1:]:
                    field = re.match(
                        r"result\(\)(?:\.result\.(?:get\()?|\.get\(result\), "
                        r"dict\(\)\)\.get\()(\w+)",
                        use,
                    )
                    assert field, f"{name}{path}: {expression}"
                    assert field.group(1) in HANDED_ON, f"{name}{path}: {expression}"
                assert not re.search(r"st2kv|task\(|task_status|_st2|env\(|\bst2\b", expression), (
                    expression
                )

    def test_a_task_is_given_whole_values_only(self, name: str) -> None:
        known = {
            *inputs_of(WORKFLOWS[name]),
            *(next(iter(one)) for one in WORKFLOWS[name].get("vars", [])),
        }
        for task in WORKFLOWS[name]["tasks"].values():
            for given in (task.get("input") or {}).values():
                if isinstance(given, str) and "<%" in given:
                    found = re.match(r"^<% ctx\(\)?\.?(?:get\()?\(?(\w+)\) %>$", given)
                    assert found, given
                    assert found.group(1) in known

    def test_every_task_runs_an_existing_action_with_its_parameters(self, name: str) -> None:
        for key, task in WORKFLOWS[name]["tasks"].items():
            if task["action"] == "core.noop":
                continue
            if name == "release" and key == "check":
                # The one action that is not written here: the config names it, and the plan hands
                # it on.
                assert task["action"] == "<% ctx(check) %>"
                assert set(task["input"]) == {"app", "version", "environment"}
                continue
            pack, action = task["action"].split(".")
            assert pack == "opsroom"
            schema = ACTIONS[action]["parameters"]
            assert set(task.get("input") or {}) <= {
                key for key, one in schema.items() if not one.get("immutable")
            }
            assert {key for key, one in schema.items() if one.get("required")} <= set(
                task.get("input") or {}
            )

    def test_every_task_is_reached_and_leads_to_one_that_there_is(self, name: str) -> None:
        made = WORKFLOWS[name]["tasks"]
        led = {
            next_.get("do")
            for task in made.values()
            for next_ in task.get("next", [])
            if next_.get("do")
        }
        assert led <= {*made, "noop", "fail"}
        assert {*made} - led == {next(iter(made))}

    def test_it_says_in_its_output_what_came_of_it(self, name: str) -> None:
        told = [next(iter(one)) for one in WORKFLOWS[name]["output"]]
        assert told[0] == "message"
        assert "code" in told

    def test_a_failure_inside_is_one_of_the_workflow(self, name: str) -> None:
        # Orquesta takes a failure for fixed as soon as something follows it; so what follows has
        # to fail in the end.
        made = WORKFLOWS[name]["tasks"]
        for key, task in made.items():
            fixing = [one for one in task.get("next", []) if "failed()" in str(one.get("when", ""))]
            assert all(one["do"] in ("fail", "tell_failure") for one in fixing), key
        if "tell_failure" in made:
            assert made["tell_failure"]["next"] == [{"do": "fail"}]
        for key in ("lacks",):
            if any(key in one for one in WORKFLOWS[name].get("vars", [])):
                last = list(made.values())[-1]
                assert [one["do"] for one in last["next"]] == ["fail", "fail"]


def test_the_steps_of_incidents_are_those_that_the_action_knows() -> None:
    assert tuple(ACTIONS["incident_step"]["parameters"]["step"]["enum"]) == STEPS
    used: Set[str] = set()
    for name in ("declare_incident", "close_incident"):
        for task in WORKFLOWS[name]["tasks"].values():
            used |= {task["input"]["step"]} if "step" in task["input"] else set()
    assert used == set(STEPS)


def test_chat_leads_to_no_workflow() -> None:
    for path in (ROOT / "aliases").glob("*.yaml"):
        assert read(path)["action_ref"].split(".")[1] not in WORKFLOWS


def test_what_takes_its_time_is_waited_for_without_a_runner() -> None:
    look = WORKFLOWS["promote_when_green"]["tasks"]["look"]
    assert look["delay"] == "<% ctx(pause) %>"
    # Bounded twice: by the action, and by a count.
    assert any("ctx(looks) >= 100" in one["when"] and one["do"] == "fail" for one in look["next"])


def test_they_go_as_they_were_rehearsed() -> None:
    rehearse = shutil.which("orquesta-rehearse")
    if rehearse is None:
        pytest.skip("no orquesta-rehearse on the PATH: Orquesta is not installed here")
    command = [rehearse, "-p", str(ROOT), "-d", "tests/rehearsals"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-3000:]
    assert "ERROR" not in told, told[-3000:]
    assert not [path.name for path in REHEARSALS if f"/{path.name}" not in told]


def test_every_workflow_is_rehearsed_with_a_good_and_a_bad_end() -> None:
    seen = {
        (Path(one["workflow"]).stem, one.get("expected_workflow_status", "succeeded"))
        for one in (read(path) for path in REHEARSALS)
    }
    assert {name for name, end in seen if end == "succeeded"} == set(WORKFLOWS)
    assert {name for name, end in seen if end == "failed"} == set(WORKFLOWS) - {"morning_report"}
