"""On a route of its own opsroom posts its answers itself, once and unevaluated; all else is
answered as ever."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from support.stackstorm.client import Answer, Json, StackStorm
from support.worlds.world import World

ROUTES = {"opsroom_hubot": "chatops", "opsroom_errbot": "opsroom_errbot"}
FORMAT = (
    "{% if execution.status == 'succeeded' %}It said {{ execution.result.stdout }}{% else "
    "%}No{% endif %}"
)


@pytest.fixture(params=ROUTES)
def sooner(stackstorm: StackStorm, request: pytest.FixtureRequest) -> Iterator[StackStorm]:
    stackstorm.route = request.param
    yield stackstorm
    stackstorm.route = "hubot"


def steps(storm: StackStorm, answering: Json) -> List[str]:
    """The actions that an answer took, its own first."""
    children = storm.get(f"/executions?parent={answering['id']}&limit=10")
    return [answering["action"]["ref"], *sorted(one["action"]["ref"] for one in children)]


@pytest.mark.parametrize(
    "said", ["opsroom help", "history on uat", "deploy web v1.0.0 to nowhere", "show locks"]
)
def test_an_answer_of_opsroom_is_one_execution(sooner: StackStorm, world: World, said: str) -> None:
    told = sooner.say(said)
    (answering,) = sooner.answers_to(told.id)
    assert steps(sooner, answering) == ["chatops.post_message"]
    assert answering["context"]["rule"]["name"] == "answer_at_once"
    assert told.posted["route"] == ROUTES[sooner.route]
    assert (told.posted["user"], told.posted["channel"]) == ("alice", "#dev")
    assert told.message == f"{told.result['message']} {told.result['hint']}".strip()
    # Nothing that was set off by the answer notifies anyone.
    assert not answering["liveaction"].get("notify")


def test_the_thread_of_the_question_is_handed_on(sooner: StackStorm, world: World) -> None:
    context = {
        "user": {"id": "U1", "name": 'alice\'s "own"'},
        "id": "1700000000.0001",
        "text": "see <% 1 %> {6}",
        "done": False,
    }
    told = as_hubot(sooner, "opsroom help", context)
    (answering,) = sooner.answers_to(told["id"])
    assert answering["status"] == "succeeded"
    assert answering["parameters"]["context"] == context


def as_hubot(storm: StackStorm, said: str, context: Json) -> Json:
    """A message as hubot hands it over: with the format that it matched, and the whole message of
    the chat."""
    matched = storm.call("POST", "/actionalias/match", {"command": said}, storm.relay).json()
    body = {
        "name": "opsroom_help",
        "format": matched["representation"],
        "command": said,
        "user": "alice",
    }
    chat = {"source_channel": "#dev", "source_context": context, "notification_route": storm.route}
    answer = storm.call("POST", "/aliasexecution", {**body, **chat}, storm.relay)
    assert answer.status_code == 201, answer.text[:500]
    return storm.ended(answer.json()["execution"]["id"])


@pytest.fixture
def secret(stackstorm: StackStorm) -> Iterator[Tuple[str, str]]:
    """The name and the value of a secret that StackStorm hands out wherever it evaluates."""
    name, value = f"k{uuid.uuid4().hex[:4]}", f"topsecret-{uuid.uuid4().hex}"
    with stackstorm.secret(name, value):
        control = stackstorm.run(
            "core.echo", parameters={"message": f"{{{{st2kv.system.{name}|decrypt_kv}}}}"}
        )
        assert value in json.dumps(control["result"])
        yield name, value


RAW = """
from st2common.runners.base_action import Action


class Raw(Action):
    def run(self):
        said = SAID
        print(said)
        return True, {"message": said, "hint": said, "outcome": said, "code": said, said: said}
"""
EXPRESSIONS = [
    "{{{{ st2kv.system.{name} | decrypt_kv }}}}",
    "{{{{ st2kv('system.{name}', decrypt=true) }}}}",
    "<% st2kv('system.{name}', decrypt=>true) %>",
    "{{% set x = st2kv.system.{name} %}}{{{{ x | decrypt_kv }}}}",
    "{{# x #}}{{{{ trigger.data }}}}{{{{ nothing_of_this_name }}}}",
    "{{% if %}} ' \" \\ \n\t }}}} {{% raw %}} ${{x}} None %*****__%NONE%__*****%",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_an_action_did_not_make_harmless_is_posted_as_it_is(
    sooner: StackStorm, world: World, secret: Tuple[str, str], expression: str
) -> None:
    """What opsroom returns is neutralised. This returns it raw: the rule evaluates nothing in it
    either."""
    said = expression.format(name=secret[0])
    name = f"raw_{uuid.uuid4().hex[:8]}"
    files = {f"{name}.py": RAW.replace("SAID", repr(said))}
    with sooner.action(
        name, files, runner_type="python-script", entry_point=f"{name}.py", parameters={}
    ) as ref, sooner.alias(
        name=name, action_ref=ref, formats=[f"say {name}"], ack={"enabled": False}
    ):
        told = sooner.say(f"say {name}")
    (answering,) = sooner.answers_to(told.id)
    assert steps(sooner, answering) == ["chatops.post_message"]
    assert told.message == f"{said} {said}"
    assert told.posted["extra"]["slack"]["color"] == "#2eb886"
    assert secret[1] not in json.dumps([answering, told.execution["result"]])


OTHERS: List[Tuple[str, Dict[str, Any]]] = [
    ("core.echo", {}),
    ("core.echo", {"result": {"format": FORMAT}}),
    (
        "core.echo",
        {"result": {"format": FORMAT, "extra": {"slack": {"color": "{{ execution.status }}"}}}},
    ),
    ("core.echo", {"result": {"enabled": False}}),
    ("core.local", {"result": {"format": FORMAT}}),
    ("core.noop", {}),
]


def as_posted(storm: StackStorm, told: Json) -> Tuple[List[str], Any]:
    """The actions that an answer took, and what was posted, but for the execution's own name and
    times."""
    (answering,) = storm.answers_to(told["id"])
    assert answering["status"] == "succeeded", answering["result"]
    children = storm.get(f"/executions?parent={answering['id']}&limit=10")
    posted = [
        dict(one["parameters"], route="")
        for one in children
        if one["action"]["ref"] == "chatops.post_message"
    ]
    shown = json.dumps(posted)
    for own in (told["id"], told["web_url"], told["start_timestamp"], told["end_timestamp"]):
        shown = shown.replace(own, "")
    shown = re.sub(r"Took [^ ]* to complete", "", shown)
    return steps(storm, answering), json.loads(shown)


@pytest.mark.parametrize(("action", "alias"), OTHERS)
def test_a_command_of_another_pack_is_answered_as_stackstorm_does(
    stackstorm: StackStorm, installed: Any, action: str, alias: Dict[str, Any]
) -> None:
    name = f"other_{uuid.uuid4().hex[:8]}"
    # core.local fails.
    parameters = {"core.echo": "message=hello", "core.local": 'cmd="exit 3"', "core.noop": ""}[
        action
    ]
    said: List[Tuple[List[str], Any]] = []
    with stackstorm.alias(
        pack="default", name=name, action_ref=action, formats=[f"say {name}"], **alias
    ):
        for route in ("hubot", *ROUTES):
            stackstorm.route = route
            try:
                told = by_an_administrator(stackstorm, f"say {name} {parameters}".strip())
            finally:
                stackstorm.route = "hubot"
            said.append(as_posted(stackstorm, told))
    assert said[1:] == said[:1] * 2
    refs, posted = said[0]
    assert refs[0] == "chatops.post_result"
    silent = alias.get("result", {}).get("enabled") is False
    assert len(posted) == (0 if silent else 1)


def by_an_administrator(storm: StackStorm, said: str) -> Json:
    """A message of a relay whose user may run other packs, too; the ended execution."""
    body = {
        "command": said,
        "user": "alice",
        "source_channel": "#dev",
        "notification_route": storm.route,
    }
    answer = storm.call("POST", "/aliasexecution/match_and_execute", body)
    assert answer.status_code == 201, answer.text[:500]
    return storm.ended(answer.json()["results"][0]["execution"]["id"])


def test_pack_get_is_answered_as_stackstorm_does(stackstorm: StackStorm, installed: Any) -> None:
    said = []
    for route in ("hubot", *ROUTES):
        stackstorm.route = route
        try:
            said.append(as_posted(stackstorm, by_an_administrator(stackstorm, "pack get chatops")))
        finally:
            stackstorm.route = "hubot"
    assert said[1:] == said[:1] * 2
    assert "chatops" in said[0][1][0]["message"]


WORKFLOW = """
version: 1.0
tasks:
  ask:
    action: opsroom.help
    next:
      - publish:
          - facts: <% result().result %>
output:
  - facts: <% ctx().facts %>
"""


def test_a_workflow_that_hands_on_an_answer_is_answered_as_its_alias_says(
    sooner: StackStorm, world: World
) -> None:
    name = f"flow_{uuid.uuid4().hex[:8]}"
    path = f"workflows/{name}.yaml"
    alias = {
        "name": name,
        "formats": [f"say {name}"],
        "result": {"format": "Flowed: {{ execution.status }}"},
    }
    with sooner.action(
        name, {path: WORKFLOW}, runner_type="orquesta", entry_point=path, parameters={}
    ) as ref, sooner.alias(action_ref=ref, **alias):
        told: Answer = sooner.say(f"say {name}")
    assert '"hint": "' in json.dumps(told.execution["result"])
    assert told.message.startswith("Flowed: ")
    assert told.posted["route"] == ROUTES[sooner.route]


@pytest.mark.parametrize("result", [{"enabled": False}, {"format": "Mine."}])
def test_an_alias_of_ones_own_for_an_action_of_opsroom_is_answered_in_opsrooms_words(
    sooner: StackStorm, world: World, result: Dict[str, Any]
) -> None:
    """What these rules cannot do as StackStorm does: docs/chat.md says so."""
    name = f"mine_{uuid.uuid4().hex[:8]}"
    with sooner.alias(
        pack="default", name=name, action_ref="opsroom.help", formats=[f"say {name}"], result=result
    ):
        told = sooner.say(f"say {name}")
    assert told.message == f"{told.result['message']} {told.result['hint']}".strip()


@pytest.mark.parametrize(
    "route", ["opsroom", "chatops", "OPSROOM_HUBOT", "opsroom_hubot ", "slack"]
)
def test_on_a_route_of_nobody_nobody_answers(
    stackstorm: StackStorm, world: World, route: str
) -> None:
    begun = stackstorm.begin("opsroom help", route=route)["execution"]["id"]
    stackstorm.ended(begun)
    assert stackstorm.answers_to(begun) == []
