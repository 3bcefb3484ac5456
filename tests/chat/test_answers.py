"""What the room reads of an execution, however it ended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

import pytest

from console.aliases import Alias
from console.rendering import render_ack, render_result
from support.cases import cases
from support.expectations import expect
from support.metadata import pack, read

ROOT = Path(__file__).resolve().parents[2]
PACK = pack()
GREEN, AMBER, RED = "#2eb886", "#daa038", "#a30200"
RAN = [{"status": "requested"}, {"status": "scheduled"}, {"status": "running"}]
# As the action's metadata has it, which the execution keeps.
LIMIT = {"action": {"parameters": {"timeout": {"default": 3600}}}}
CANCELLED = {"message": "Action canceled by user.", "user": "SECRET"}
# The status, the result and more of the execution, a sentence of the answer, and its colour.
ENDINGS: Dict[str, Any] = {
    "success": ("succeeded", {"result": {"outcome": "succeeded", "message": "done", "hint": ""}},
    {}, "done", GREEN),
    "refusal": ("failed", {"result": {"outcome": "refused", "message": "no", "hint": "ask"}}, {},
    "no ask", AMBER),
    "waiting": ("succeeded", {"result": {"outcome": "succeeded", "code": "waiting",
    "message": "To approve: ...", "hint": ""}}, {}, "To approve: ...", AMBER),
    "failure": ("failed", {"result": {"outcome": "failed", "message": "broke", "hint": ""}}, {},
    "broke", RED),
    "crash": ("failed", {"result": None, "stderr": "SECRET", "stdout": "SECRET"}, {},
    "opsroom could not run {}.", RED),
    "crash, as text": ("failed", {"result": "None", "stderr": "SECRET"}, {},
    "opsroom could not run {}.", RED),
    "never started": ("failed", {"error": "SECRET", "traceback": "SECRET"}, {},
    "opsroom could not run {}.", RED),
    "time-out": (
        "timeout", {"result": "None", "error": "SECRET", "stderr": "SECRET", "exit_code": -9},
        {"elapsed_seconds": 3600.4, **LIMIT},
        "{} ended without an answer: it was stopped at its time limit of 3600 s.", RED,
    ),
    "killed": (
        "timeout", {"result": "None", "error": "SECRET", "stderr": "SECRET", "exit_code": -9},
        {"elapsed_seconds": 11.2, **LIMIT},
        "{} ended without an answer: its process was killed after 12 s.", RED,
    ),
    "time-out, nothing kept": ("timeout", None, {},
    "{} ended without an answer: it was stopped.", RED),
    "cancelled": (
        "canceled", CANCELLED, {"log": RAN},
        "{} was cancelled in StackStorm; what it had started may still run.", RED,
    ),
    "cancelled before": (
        "canceled", CANCELLED, {"log": RAN[:1]},
        "{} was cancelled in StackStorm before it began.", RED,
    ),
    "by a policy": (
        "canceled", None, {"log": RAN[:1]},
        "{} was not started: a policy of StackStorm allows no more of these at once.", RED,
    ),
    "abandoned": ("abandoned", {"error": "SECRET"}, {},
    "{} ended without an answer: StackStorm gave up on it.", RED),
    "abandoned, nothing kept": ("abandoned", {}, {},
    "{} ended without an answer: StackStorm gave up on it.", RED),
}  # fmt: skip
GIVEN = {
    "app": "web", "version": "v1.2.0", "environment": "uat", "source": "test", "change": "K7QX",
    "page": "12",
    "incident": "M2", "text": "SECRET", "reason": "SECRET", "code": "SECRET", "message": "SECRET",
    "who": "SECRET",
}  # fmt: skip
ADMINISTRATOR = "To see why, an administrator can run: st2 execution get 5f0000000000000000000001"
AGAIN = (
    "Try again when one has finished; dead ones are closed by: st2 run "
    "opsroom.close_dead_executions"
)
CURES = (
    "To see the outcome: history of web on uat", "To see the outcome: history on uat",
    "To see the outcome: show changes",
    "To see the outcome: show locks",
    "To see the outcome: show incidents",
    "Repeat the command in two minutes: " "nothing is made twice", "Repeat the command.",
    ADMINISTRATOR, AGAIN,
)  # fmt: skip


def ended(alias: Alias, ending: str, parameters: Any = GIVEN) -> str:
    """What the room reads; it was rendered without a problem."""
    status, result, more, _, colour = ENDINGS[ending]
    execution = {
        "id": "5f0000000000000000000001",
        "status": status,
        "result": result,
        "web_url": "",
        **more,
    }
    if parameters is not None:
        execution["parameters"] = parameters
    answer = render_result(alias, execution)
    assert answer.problem == ""
    slack = dict(answer.extra["slack"])
    # Nothing of a deployment is known here: a title without a value, which nobody shows.
    assert {one["value"] for one in slack.pop("fields", [])} <= {""}
    assert slack == {"color": colour, "thread_response": True}
    return answer.message


@cases(
    ("value", "shown"),
    [
        ("v1.2.0", "v1.2.0"),
        ("release/2026-11_3~a", "release/2026-11_3~a"),
        # What would end a string of JSON, or be evaluated again: no answer at all would come.
        ('v1" x', ""),
        ("v1\\", ""),
        ("v1\n", ""),
        ("{{ 6 * 7 }}", ""),
        ("<!channel>", ""),
        (None, ""),
        (7, ""),
        ({"a": 1}, ""),
    ],
)
def test_a_deployment_shows_its_facts_where_they_are_plain_names(value: Any, shown: str) -> None:
    (alias,) = [one for one in PACK.aliases if one.name == "opsroom_deploy"]
    said = {"outcome": "succeeded", "message": "done", "hint": "", "app": "web", "version": value}
    answer = render_result(alias, {"id": "5f", "status": "succeeded", "result": {"result": said}})
    expect(answer, problem="", message="done")
    fields = {one["title"]: one["value"] for one in answer.extra["slack"]["fields"]}
    app = "web" if isinstance(value, str) else ""
    assert fields == {"Application": app, "Environment": "", "Version": shown, "Before": ""}


def test_an_answer_of_no_version_has_no_facts_below_it() -> None:
    (alias,) = [one for one in PACK.aliases if one.name == "opsroom_deploy"]
    said = {"outcome": "refused", "message": "no", "hint": "", "app": "web", "environment": "uat"}
    answer = render_result(alias, {"id": "5f", "status": "failed", "result": {"result": said}})
    assert answer.problem == ""
    assert {one["value"] for one in answer.extra["slack"]["fields"]} == {""}


@pytest.mark.parametrize("alias", PACK.aliases, ids=lambda alias: alias.name)
def test_every_ending_names_its_command_the_reason_and_the_cure(alias: Alias) -> None:
    first_words = {re.split(r"\W", one.display)[0] for one in alias.formats}
    for ending, (_, _, _, sentence, _) in ENDINGS.items():
        text = ended(alias, ending)
        before, _, after = sentence.partition("{}")
        assert text.startswith(before)
        assert after in text
        assert not re.search(r"SECRET|ENVIRONMENT|\n|  ", text)
        assert len(text) <= 400
        if ending not in ("success", "refusal", "waiting", "failure"):
            assert re.split(r"\W", text[len(before) :])[0] in first_words
            assert text.endswith(CURES)


DEPLOYMENTS = {
    "opsroom_deploy": "deploy web v1.2.0 to uat", "opsroom_redeploy": "redeploy web v1.2.0 to uat",
    "opsroom_promote": "promote web from test to uat", "opsroom_rollback": "rollback web on uat",
    "opsroom_emergency": "emergency deploy web v1.2.0 to uat",
}  # fmt: skip


@cases("name", DEPLOYMENTS)
@cases("ending", ["time-out", "killed", "cancelled", "abandoned"])
def test_a_deployment_without_an_answer_leads_to_its_history(name: str, ending: str) -> None:
    text = ended(next(one for one in PACK.aliases if one.name == name), ending)
    assert text.startswith(DEPLOYMENTS[name])
    assert text.endswith("To see the outcome: history of web on uat")


@cases("alias", PACK.aliases)
def test_what_chat_gave_within_the_whole_command_is_not_named(alias: Alias) -> None:
    for ending in ("crash", "killed", "cancelled", "by a policy"):
        text = ended(alias, ending, {**GIVEN, **alias.immutable_parameters})
        assert "see typed" not in text
        assert "  " not in text


@cases("alias", PACK.aliases)
def test_names_of_any_length_and_none_at_all_leave_one_sentence(alias: Alias) -> None:
    long = {**GIVEN, "app": "a@here" + "b" * 58, "version": "v" * 128, "environment": "e" * 64}
    for ending in ("crash", "killed", "cancelled", "by a policy"):
        text = ended(alias, ending, long)
        assert len(text) <= 400
        assert "@here" not in text
        for parameters in ({}, None):
            assert ended(alias, ending, parameters)


@cases("alias", PACK.aliases)
def test_an_ending_repeats_no_parameter_that_may_hold_an_expression(alias: Alias) -> None:
    action = read(ROOT / "actions" / f"{alias.action_ref.partition('.')[2]}.yaml")
    named = set(re.findall(r"given\.(\w+)", str(alias.result["format"])))
    for name in named & set(action["parameters"]):
        for text in ("{{ x }}", "a{{x}}", "a<% x %>", "a{% x %}", "a{# x #}", "<!here>", "a\nb"):
            assert not re.match(action["parameters"][name]["pattern"], text), (name, text)
    # A text, a reason or a code has no place there, whatever its pattern.
    assert named <= {
        "app", "apps", "version", "before", "after", "environment", "source", "change", "page",
        "incident",
    }  # fmt: skip


def test_what_changes_something_links_to_its_execution_unless_the_text_is_long() -> None:
    deploy = next(alias for alias in PACK.aliases if alias.name == "opsroom_deploy")
    execution = {
        "id": "5f",
        "status": "succeeded",
        "web_url": "https://st2.example.com/#/history/5f",
    }
    short = render_result(
        deploy, {**execution, "result": {"result": {"message": "done", "hint": ""}}}
    )
    assert short.message == "done https://st2.example.com/#/history/5f"
    long = render_result(
        deploy, {**execution, "result": {"result": {"message": "x" * 390, "hint": ""}}}
    )
    assert long.message == "x" * 390


@cases("alias", PACK.aliases)
def test_what_takes_longer_is_acknowledged_and_nothing_else(alias: Alias) -> None:
    ack = render_ack(alias, {"id": "5f0000000000000000000001", "parameters": {}})
    deploying = (
        *("deploy", "deploy_set", "promote", "rollback", "emergency_deploy", "cancel_deployment"),
        *("approve_change", "confirm_change"),
    )
    slow = alias.action_ref in {f"opsroom.{name}" for name in deploying}
    assert ack.problem == ""
    assert ack.shown is slow
    assert ("5f0000000000000000000001" in ack.message) is slow
