"""Nothing that anyone types, or that comes back from outside, is evaluated: no secret of the
datastore gets out."""

from __future__ import annotations

import json
import sys
import uuid
from dataclasses import dataclass
from typing import Any, Iterator, List

import pytest
import requests

from opsroom.deploys.git.release_dir import NOTE
from support.servers.http import HttpServer, Reply
from support.stackstorm.client import Answer, StackStorm
from support.worlds.world import World, git

CALL, FILTER, YAQL = range(3)


@dataclass(frozen=True)
class Key:
    """An encrypted key of the datastore, its value, and how that value looks encrypted."""

    name: str
    value: str
    stored: str

    def expressions(self) -> List[str]:
        """Everything that StackStorm evaluates somewhere. CALL, FILTER and YAQL are short enough
        not to be cut."""
        return [
            f"{{{{st2kv('system.{self.name}',decrypt=true)}}}}",
            f"{{{{st2kv.system.{self.name}|decrypt_kv}}}}",
            f"<%st2kv('system.{self.name}',decrypt=>true)%>",
            f"{{{{ st2kv('system.{self.name}', decrypt=true) }}}}",
            f"{{{{ st2kv.system.{self.name} | decrypt_kv }}}}",
            f"<% st2kv('system.{self.name}', decrypt=>true) %>",
            f"{{{{ st2kv.system.{self.name} }}}}",
            f"{{% set x = st2kv('system.{self.name}', decrypt=true) %}}",
            f"{{# x #}}{{{{{{ st2kv('system.{self.name}', decrypt=true) }}}}}}",
            f"{{{{% if true %}}{{{{ st2kv('system.{self.name}', decrypt=true) }}}}{{% endif %}}",
            f"{{\u200b{{ st2kv('system.{self.name}', decrypt=true) }}\u200b}}",
            f"{{\x00{{ st2kv('system.{self.name}', decrypt=true) }}\x00}}",
        ]


@pytest.fixture(scope="module")
def key(stackstorm: StackStorm) -> Iterator[Key]:
    """A secret that StackStorm does hand out where it evaluates: shown first, or these tests would
    prove nothing."""
    # The name is short because what comes from outside is cut after 40 characters, and then is no
    # expression any more.
    name, value = f"k{uuid.uuid4().hex[:4]}", f"topsecret-{uuid.uuid4().hex}"
    with stackstorm.secret(name, value):
        stored = stackstorm.get(f"/keys/{name}?scope=system&decrypt=false")["value"]
        made = Key(name, value, stored)
        assert stored != value
        control = stackstorm.run("core.echo", parameters={"message": made.expressions()[FILTER]})
        assert value in json.dumps(control["result"])
        yield made


def refused(key: Key, answer: requests.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text[:500]
    assert key.value not in answer.text
    assert key.stored not in answer.text


def harmless(text: str) -> bool:
    return not any(mark in text for mark in ("{{", "{%", "{#", "<%"))


def nothing_leaked(key: Key, world: World, *answers: Answer) -> None:
    """Neither in what the room reads, nor in what StackStorm stores, nor in the record."""
    for answer in answers:
        assert harmless(answer.posted["message"]), answer.posted["message"]
        assert harmless(json.dumps(answer.result)), answer.result
        seen = json.dumps(
            [answer.posted["message"], answer.posted["extra"], answer.execution["result"]]
        )
        assert key.value not in seen
        assert key.stored not in seen
    records = "\n".join(str(record) for record in world.records())
    assert key.value not in records
    assert key.stored not in records


@pytest.mark.parametrize(
    "said",
    [
        "deploy web X to uat",
        "deploy X v1.0.0 to uat",
        "deploy web v1.0.0 to X",
        "plan web X to uat",
        "promote web from X to uat",
        "rollback X on uat",
        "version of X on uat",
        "history on X",
        "opsroom help X",
    ],
)
def test_an_expression_as_a_parameter_is_refused_or_answered_as_no_command(
    stackstorm: StackStorm, world: World, key: Key, said: str
) -> None:
    for expression in key.expressions():
        message = said.replace("X", expression)
        answer = stackstorm.tell(message)
        if "\u200b" in expression and answer.status_code == 201:
            # No expression to StackStorm, nor a command to opsroom, which says so. It must not
            # become an expression by losing its invisible characters.
            proposed = stackstorm.finish(answer.json()["results"][0])
            assert proposed.code == "unknown_command", proposed.result
            nothing_leaked(key, world, proposed)
        else:
            refused(key, answer, 400)


@pytest.mark.parametrize(
    "said",
    [
        'deploy web v1.0.0 to uat app="X"',
        'deploy web v1.0.0 to uat version="X"',
        'deploy web v1.0.0 to uat redeploy="X"',
        'history on uat limit="X"',
        'opsroom help command="X"',
        'opsroom help requester="X"',
        'opsroom help env={"A": "X"}',
    ],
)
def test_an_expression_in_a_pair_is_refused_before_anything_runs(
    stackstorm: StackStorm, world: World, key: Key, said: str
) -> None:
    for expression in key.expressions():
        refused(key, stackstorm.tell(said.replace("X", expression)), 400)


def test_an_expression_that_the_relay_sends_as_a_parameter_is_refused(
    stackstorm: StackStorm, world: World, key: Key
) -> None:
    """StackStorm evaluates parameters that come through its API with the rights of the user who
    sends them."""
    if not stackstorm.get("/user")["rbac"].get("enabled"):
        pytest.skip("without RBAC the relay's user may read every key, as everyone may")
    for expression in key.expressions():
        parameters = {"app": "web", "version": expression, "environment": "uat"}
        body = {"action": "opsroom.deploy", "parameters": parameters}
        refused(key, stackstorm.call("POST", "/executions", body, stackstorm.relay), 400, 403)


@pytest.mark.usefixtures("each_route")
@pytest.mark.parametrize("kind", [CALL, FILTER, YAQL])
def test_an_expression_as_the_name_of_the_speaker_is_not_evaluated(
    stackstorm: StackStorm, world: World, key: Key, kind: int
) -> None:
    who = key.expressions()[kind]
    deployed = stackstorm.say("deploy web v1.0.0 to uat", who)
    assert deployed.code == "deployed"
    history = stackstorm.say("history on uat", who)
    assert "(unknown here)" in history.message
    nothing_leaked(key, world, deployed, history)


@pytest.mark.usefixtures("each_route")
@pytest.mark.parametrize("kind", [CALL, FILTER, YAQL])
def test_an_expression_as_the_name_of_the_room_is_not_evaluated(
    stackstorm: StackStorm, world: World, key: Key, kind: int
) -> None:
    room = key.expressions()[kind]
    world.config["environments"]["production"]["deployers"] = ["alice"]
    stackstorm.configure(world.config)
    begun = [stackstorm.begin(said, "alice", room) for said in _in_every_environment()]
    ended = [stackstorm.ended(one["execution"]["id"]) for one in begun]
    stored = json.dumps([execution["result"] for execution in ended])
    assert key.value not in stored
    assert key.stored not in stored
    assert harmless(stored)
    nothing_leaked(key, world)


def _in_every_environment() -> List[str]:
    return [f"deploy web v1.0.0 to {environment}" for environment in ("uat", "production")]


# What comes back from outside. Each prepares the world so that the expression `said` comes back,
# and tells how to ask.


def from_a_failing_command(world: World, said: str) -> List[str]:
    script = world.folder / "fail.py"
    script.write_text(f"import sys\nprint({said!r})\nsys.exit(3)\n")
    world.with_app("api", deploy={"kind": "command", "command": [sys.executable, str(script)]})
    return ["deploy api 1.0 to uat", "history on uat"]


def from_a_version_command(world: World, said: str) -> List[str]:
    (world.folder / "said").write_text(said)
    version = {"kind": "command", "command": ["cat", str(world.folder / "said")]}
    world.with_app("api", deploy={"kind": "command", "command": ["true"]}, version=version)
    return [
        "version of api on uat",
        "versions on uat",
        "deploy api 1.0 to uat",
        "plan api 1.0 to uat",
    ]


def from_a_release_note(world: World, said: str) -> List[str]:
    release = world.folder / "srv" / "web" / "uat" / "releases" / "one"
    release.mkdir(parents=True)
    (release / "VERSION").write_text(said)
    note = {"version": said, "commit": said, "app": said, "environment": said}
    (release / NOTE).write_text(json.dumps(note))
    (release.parents[1] / "current").symlink_to(release)
    return [
        "version of web on uat",
        "promote web from uat to test",
        "deploy web v1.0.0 to uat",
        "rollback web on uat",
    ]


def from_the_name_of_a_release(world: World, said: str) -> List[str]:
    if "/" in said or "\x00" in said:
        pytest.skip("no folder can have this name")
    release = world.folder / "srv" / "web" / "uat" / "releases" / said
    release.mkdir(parents=True)
    (release.parents[1] / "current").symlink_to(release)
    return ["version of web on uat", "deploy web v1.0.0 to uat"]


def from_the_tags_of_a_repository(world: World, said: str) -> List[str]:
    name = said.replace(" ", "").replace("\x00", "")
    repository = world.folder / "repository"
    git(repository, "tag", name)
    git(repository, "branch", f"feature/{name}")
    near = "".join(letter for letter in name if letter.isalnum() or letter in "._-").lstrip("._-")
    return [f"deploy web {near[:100]} to uat", "deploy web v9 to uat"]


OUTSIDE = [
    from_a_failing_command,
    from_a_version_command,
    from_a_release_note,
    from_the_name_of_a_release,
    from_the_tags_of_a_repository,
]


@pytest.mark.usefixtures("each_route")
@pytest.mark.parametrize("kind", [CALL, FILTER, YAQL])
@pytest.mark.parametrize("outside", OUTSIDE, ids=lambda outside: outside.__name__)
def test_an_expression_that_comes_back_from_outside_is_not_evaluated(
    stackstorm: StackStorm, world: World, key: Key, outside: Any, kind: int
) -> None:
    asked = outside(world, key.expressions()[kind])
    stackstorm.configure(world.config)
    begun = []
    for said in asked:
        begun.append(stackstorm.begin(said))
        stackstorm.ended(begun[-1]["execution"]["id"])
    nothing_leaked(key, world, *(stackstorm.finish(one) for one in begun))


@pytest.mark.usefixtures("each_route")
def test_an_expression_in_an_answer_over_http_is_not_evaluated(
    stackstorm: StackStorm, world: World, key: Key
) -> None:
    with HttpServer() as server:
        for number, said in enumerate(key.expressions()):
            server.on(f"/{number}", Reply(body=json.dumps({"version": said})))
            version = {
                "kind": "http",
                "url": server.url(f"/{number}"),
                "json": "version",
                "time_limit": "5s",
            }
            world.with_app(f"app{number}", version=version)
        stackstorm.configure(world.config)
        everything = stackstorm.say("versions on uat")
        single = [
            stackstorm.begin(f"version of app{number} on uat") for number in (CALL, FILTER, YAQL)
        ]
        answers = [stackstorm.finish(one) for one in single]
    assert "st2kv" in everything.message
    nothing_leaked(key, world, everything, *answers)


WORKFLOW = """
version: 1.0
input:
  - app
tasks:
  ask:
    action: opsroom.deploy
    input:
      app: <% ctx().app %>
      version: "1.0"
      environment: uat
    next:
      - when: <% failed() %>
        publish:
          - said: <% result().result.message %>
          - facts: <% result().result %>
        do: [hand_on, hand_on_in_yaql, control]
  hand_on:
    action: chatops.post_message
    input:
      channel: "#nowhere"
      route: opsroom.tests
      message: "{{ ctx('said') }} {{ ctx('facts') }}"
  hand_on_in_yaql:
    action: chatops.post_message
    input:
      channel: "#nowhere"
      route: opsroom.tests
      message: <% ctx().said %> <% str(ctx().facts) %>
  control:
    action: chatops.post_message
    input:
      channel: "#nowhere"
      route: opsroom.tests
      message: "{{ st2kv('system.KEY', decrypt=true) }}"
output:
  - said: <% ctx().said %>
"""


@pytest.mark.parametrize("kind", [CALL, FILTER, YAQL])
def test_a_workflow_that_hands_an_answer_on_evaluates_nothing_in_it(
    stackstorm: StackStorm, world: World, key: Key, kind: int
) -> None:
    from_a_failing_command(world, key.expressions()[kind])
    stackstorm.configure(world.config)
    name = f"hand_on_{uuid.uuid4().hex[:8]}"
    path = f"workflows/{name}.yaml"
    with stackstorm.action(
        name,
        {path: WORKFLOW.replace("KEY", key.name)},
        runner_type="orquesta",
        entry_point=path,
        parameters={"app": {"type": "string"}},
    ) as ref:
        execution = stackstorm.run(ref, parameters={"app": "api"})
        tasks = stackstorm.get(f"/executions?parent={execution['id']}&limit=20")
    assert execution["status"] == "succeeded", execution["result"]
    (control,) = [task for task in tasks if task["context"]["orquesta"]["task_name"] == "control"]
    assert key.value in json.dumps(control["parameters"]), (
        "this StackStorm gives no secret away, so nothing is proved"
    )
    others = [task for task in tasks if task is not control]
    refs = sorted(task["action"]["ref"] for task in others)
    assert refs == ["chatops.post_message", "chatops.post_message", "opsroom.deploy"]
    seen = json.dumps(
        [execution["result"], [[task["parameters"], task["result"]] for task in others]]
    )
    assert "st2kv" in seen
    assert key.value not in seen
    assert key.stored not in seen
