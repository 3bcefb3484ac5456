"""The rules that answer in place of StackStorm's own: one of them for each command, in the words of
the aliases."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

import jinja2.sandbox
import pytest

from opsroom.action import OpsroomAction, Surroundings
from opsroom.commands import Context, Outcome
from opsroom.errors import Code
from support.expectations import expect
from support.metadata import metadata, read
from support.worlds.use_case import UseCase
from support.worlds.world import ROOT

RULES = {
    name: read(ROOT / "rules" / f"{name}.yaml") for name in ("answer_at_once", "answer_otherwise")
}
AT_ONCE = RULES["answer_at_once"]["action"]["parameters"]
ALIASES = metadata("aliases")
ROUTES = ("opsroom_errbot", "opsroom_hubot")


def answer(outcome: str, code: str, message: str, hint: str = "", **facts: str) -> Dict[str, Any]:
    return {"outcome": outcome, "code": code, "message": message, "hint": hint, **facts}


UAT = {"app": "web", "environment": "uat", "version": "v1.2.0"}
ANSWERS = [
    answer("succeeded", "deployed", "alice deployed web.", **UAT),
    answer("refused", "locked", "uat is locked.", "Say: unlock uat"),
    answer("succeeded", "waiting", "Change K7QX: ...", **UAT, version_before="v1.1.0"),
    answer("failed", "unreachable", "It said: { { 6 * 7 } } < % x %>\n'and' \"more\""),
    answer("crashed", "crashed", 'said "hint": "so"', "Ask. Größe ≠ 尺寸 🚀"),
]
NO_ANSWERS: List[Any] = [
    None,
    {},
    {"error": "Execution failed."},
    {"stdout": "", "stderr": "Traceback", "exit_code": 1, "result": None},
    # What a process printed before it died, down to a whole answer.
    {"stdout": json.dumps(ANSWERS[0]), "stderr": '"hint": "', "exit_code": -9, "result": "None"},
    {"output": {"said": ""}},
]
STATUSES = ("succeeded", "failed", "timeout", "canceled", "abandoned")


def of_python(said: Mapping[str, Any]) -> Dict[str, Any]:
    return {"stdout": '"hint": "', "stderr": "", "exit_code": 0, "result": dict(said)}


def notification(
    result: Any,
    route: str = "opsroom_hubot",
    action: str = "opsroom.deploy",
    runner: str = "python-script",
    status: str = "succeeded",
) -> Dict[str, Any]:
    """What StackStorm's notifier tells the rules (st2actions/notifier/notifier.py)."""
    data = {"user": "alice", "source_channel": "#dev", "source_context": None}
    told = {"route": route, "action_ref": action, "runner_ref": runner, "status": status}
    more = {"message": f"Action {action} completed.", "channel": route}
    return {
        **told,
        **more,
        "data": {**data, "result": json.dumps(result)},
        "execution_id": "65f0",
    }


# The part of StackStorm's criteria (st2common/operators.py) that these rules use.


def holds(key: str, one: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    value: Any = {"trigger": told}
    for part in key.split("."):
        value = value[part]
    pattern = one["pattern"]
    if isinstance(pattern, str):
        # StackStorm renders what is between {{ and }} in a pattern twice, and as JSON.
        assert "{{" not in pattern
        pattern = rendered(pattern, trigger=told)
    known = {
        "inside": lambda: value in pattern,
        "equals": lambda: value == pattern,
        "nequals": lambda: value != pattern,
    }
    return bool(known[one["type"]]())


def who_answers(told: Mapping[str, Any]) -> List[str]:
    return [
        name
        for name, rule in RULES.items()
        if all(holds(key, one, told) for key, one in rule["criteria"].items())
    ]


# As StackStorm renders.
_ENVIRONMENT = jinja2.sandbox.SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["from_json_string"] = json.loads
_compiled = lru_cache(maxsize=None)(_ENVIRONMENT.from_string)


def rendered(template: str, **context: Any) -> str:
    return _compiled(template).render(context)


def color_of(alias: Mapping[str, Any]) -> str:
    return str(alias["result"]["extra"]["slack"]["color"])


@pytest.mark.parametrize("name", RULES)
class TestRule:
    def test_it_is_on_because_it_acts_on_its_own_routes_alone(self, name: str) -> None:
        text = (ROOT / "rules" / f"{name}.yaml").read_text()
        expect(RULES[name], name=name, pack="opsroom", enabled=True)
        assert re.search(
            r"^# On: it acts on these two routes alone.*\nenabled: true$", text, re.MULTILINE
        )
        assert RULES[name]["trigger"] == {
            "type": "core.st2.generic.notifytrigger",
            "parameters": {},
        }
        assert RULES[name]["criteria"]["trigger.route"] == {
            "type": "inside",
            "pattern": list(ROUTES),
        }

    def test_each_parameter_is_rendered_from_the_notification_alone(self, name: str) -> None:
        given = RULES[name]["action"]["parameters"]
        for template in [
            *(one for one in given.values() if isinstance(one, str)),
            *_texts(given.get("extra")),
            RULES[name]["criteria"]["trigger.runner_ref"]["pattern"],
        ]:
            assert "st2kv" not in template
            names = set(re.findall(r"\b(trigger|action_context|config_context)\b", template))
            assert names <= {"trigger"}

    @pytest.mark.parametrize(
        ("route", "announced"), [("opsroom_errbot", "opsroom_errbot"), ("opsroom_hubot", "chatops")]
    )
    def test_it_announces_where_the_relay_listens(
        self, name: str, route: str, announced: str
    ) -> None:
        told = notification(None, route)
        assert rendered(RULES[name]["action"]["parameters"]["route"], trigger=told) == announced


def _texts(extra: Optional[Mapping[str, Any]]) -> Iterator[str]:
    slack = (extra or {}).get("slack", {})
    for value in (*slack.values(), *(one["value"] for one in slack.get("fields", ()))):
        if isinstance(value, str):
            yield value


def everything(route: str) -> Iterator[Dict[str, Any]]:
    results = [*map(of_python, ANSWERS), *NO_ANSWERS]
    # A workflow that publishes what one of its steps answered.
    results.append({"output": {"facts": ANSWERS[0]}})
    actions = (
        *("opsroom.deploy", "opsroom.release", "packs.get", "opsroomx.deploy"),
        *("other.opsroom.deploy", "core.local"),
    )
    for result, action, runner, status in product(
        results, actions, ("python-script", "orquesta"), STATUSES
    ):
        yield notification(result, route, action, runner, status)


@pytest.mark.parametrize("route", ROUTES)
def test_exactly_one_of_them_answers_whatever_ended_however(route: str) -> None:
    for told in everything(route):
        assert len(who_answers(told)) == 1, told


@pytest.mark.parametrize(
    "route", ["hubot", "errbot", "chatops", "opsroom", "slack_query", "opsroom_hubot2", "", None]
)
def test_none_of_them_answers_on_any_other_route(route: Optional[str]) -> None:
    for told in everything("opsroom_hubot"):
        assert who_answers({**told, "route": route}) == []


@pytest.mark.parametrize("status", STATUSES)
def test_what_opsroom_answered_is_posted_at_once(status: str) -> None:
    for said in ANSWERS:
        assert who_answers(notification(of_python(said), status=status)) == ["answer_at_once"]


@pytest.mark.parametrize("status", STATUSES)
def test_what_ended_without_an_answer_is_left_to_stackstorm(status: str) -> None:
    for result in NO_ANSWERS:
        assert who_answers(notification(result, status=status)) == ["answer_otherwise"]


def test_what_other_packs_and_workflows_answered_is_left_to_stackstorm() -> None:
    for said in ANSWERS:
        for action in ("packs.get", "opsroomx.deploy", "my_opsroom.deploy"):
            assert who_answers(notification(of_python(said), action=action)) == ["answer_otherwise"]
        published = notification(
            {"output": {"facts": said}}, action="opsroom.release", runner="orquesta"
        )
        assert who_answers(published) == ["answer_otherwise"]


def test_every_answer_of_an_action_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        OpsroomAction, "surroundings", Surroundings(database=f"sqlite:///{tmp_path / 'opsroom.db'}")
    )

    def defect(context: Context) -> Outcome:
        raise KeyError("KEY")

    def held(context: Context) -> Outcome:
        return Outcome(True, Code.HELP, "Done.")

    config = {"environments": {"uat": {}}, "apps": {"web": {}}}
    crashed = UseCase(config).run(defect, "alice", "#dev", "chatops_bot")
    refused = UseCase({"apps": "?"}).run(defect, "alice", "#dev", "chatops_bot")
    done = UseCase(config).run(held, "alice", "#dev", "chatops_bot")
    assert [result["outcome"] for _, result in (crashed, refused, done)] == [
        "crashed",
        "refused",
        "succeeded",
    ]
    for _, result in (crashed, refused, done):
        assert who_answers(notification(of_python(result))) == ["answer_at_once"]


@pytest.mark.parametrize("name", ALIASES)
def test_what_is_posted_at_once_is_what_the_alias_would_have_said(name: str) -> None:
    alias = ALIASES[name]
    assert alias["action_ref"].startswith("opsroom.")
    # The rule posts it without a look at the alias.
    assert set(alias["result"]) == {"format", "extra"}
    for said, status in product(ANSWERS, STATUSES):
        told = notification(of_python(said), action=alias["action_ref"], status=status)
        # Without the link, which a notification does not have.
        execution = {"id": "65f0", "status": status, "result": of_python(said), "web_url": ""}
        message = rendered(AT_ONCE["message"], trigger=told)
        assert message == rendered(alias["result"]["format"], execution=execution)
        assert message == f"{said['message']} {said['hint']}".strip()
        slack = AT_ONCE["extra"]["slack"]
        assert rendered(slack["color"], trigger=told) == rendered(
            color_of(alias), execution=execution
        )
        of_alias = alias["result"]["extra"]["slack"]
        assert set(of_alias) | {"fields"} == set(slack) == {"color", "thread_response", "fields"}
        for mine, theirs in zip(of_alias.get("fields", ()), slack["fields"]):
            expect(mine, title=theirs["title"], short=theirs["short"])
            value = rendered(theirs["value"], trigger=told)
            assert value == rendered(mine["value"], execution=execution)
            fact = {"Application": "app", "Before": "version_before"}.get(
                mine["title"], mine["title"].lower()
            )
            assert value == (said.get(fact, "") if "version" in said else "")
        assert (
            slack["thread_response"] is alias["result"]["extra"]["slack"]["thread_response"] is True
        )


def test_the_text_of_a_template_survives_the_json_that_stackstorm_makes_of_it() -> None:
    # A mapping among the parameters is rendered as JSON, where a quote of the template would be
    # escaped.
    for template in _texts(AT_ONCE["extra"]):
        assert json.dumps(template) == f'"{template}"'


def test_an_answer_is_not_evaluated_again() -> None:
    said = {**ANSWERS[0], "message": "{{ trigger.route }} {% if true %}", "hint": "{{ 6 * 7 }}"}
    message = rendered(AT_ONCE["message"], trigger=notification(of_python(said)))
    assert message == "{{ trigger.route }} {% if true %} {{ 6 * 7 }}"


def test_whom_and_where_is_handed_on_as_by_the_rules_of_stackstorm() -> None:
    otherwise = RULES["answer_otherwise"]["action"]
    assert otherwise["ref"] == "chatops.post_result"
    assert RULES["answer_at_once"]["action"]["ref"] == "chatops.post_message"
    for name, field in (
        ("channel", "source_channel"),
        ("user", "user"),
        ("context", "source_context"),
    ):
        assert otherwise["parameters"][name] == AT_ONCE[name] == f"{{{{ trigger.data.{field} }}}}"
    assert otherwise["parameters"]["execution_id"] == "{{ trigger.execution_id }}"
