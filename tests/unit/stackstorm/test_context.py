"""Who really started an execution, whatever the one who posted it wrote into its context."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator

import jinja2
import pytest

from opsroom.errors import Code, Failure
from opsroom.stackstorm.context import Starter, starter_of
from support.metadata import read
from support.servers.http import HttpServer, Reply
from support.worlds.world import ROOT

TEMPLATES = {
    name: one["default"]
    for name, one in read(ROOT / "actions" / "deploy.yaml")["parameters"].items()
    if name in ("requester", "room", "st2_user")
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with HttpServer() as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "t0ken")
        yield server


def execution(api: HttpServer, id: str, **context: Any) -> None:
    api.on(f"/v1/executions/{id}", Reply(body=json.dumps({"id": id, "context": context})))


def started(**context: Any) -> Starter:
    """What comes of a context, by the templates of the metadata as StackStorm renders them."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    given: Dict[str, str] = {
        name: environment.from_string(text).render(action_context=context)
        for name, text in TEMPLATES.items()
    }
    return starter_of(given["requester"], given["room"], given["st2_user"])


def test_what_the_relay_says_of_the_chat_is_handed_on() -> None:
    said = started(user="chatops_bot", api_user="carol", source_channel="#ops", pack="opsroom")
    assert said == Starter("chatops_bot", "carol", "#ops")


def test_a_claimed_user_gives_way_to_the_one_that_stackstorm_knows() -> None:
    claim = {"user": "chatops_bot", "api_user": "carol", "source_channel": "#ops"}
    assert started(**claim, rbac={"user": "mallory", "roles": []}).st2_user == "mallory"


def test_a_claimed_parent_is_not_believed_where_stackstorm_knows_the_user() -> None:
    parent = {"execution_id": "65f0", "rbac": {"user": "carol"}}
    assert (
        started(user="carol", parent=parent, rbac={"user": "mallory", "roles": []}).st2_user
        == "mallory"
    )


def test_who_started_a_workflow_is_asked_of_its_execution(api: HttpServer) -> None:
    execution(api, "65f0", user="chatops_bot", api_user="carol", rbac={"user": "mallory"})
    # What the workflow hands on is the claim.
    said = started(
        user="chatops_bot", api_user="carol", source_channel="#ops", parent={"execution_id": "65f0"}
    )
    assert said == Starter("mallory", "carol", "", "65f0")
    assert api.requests[0].headers["x-auth-token"] == "t0ken"


def test_a_workflow_within_a_workflow_is_followed_to_the_first(api: HttpServer) -> None:
    execution(api, "in2", user="carol", parent={"execution_id": "in1"})
    execution(api, "in1", user="carol", parent={"execution_id": "root"})
    execution(
        api, "root", user="carol", rbac={"user": "mallory"}, parent={"execution_id": "another"}
    )
    assert started(user="carol", parent={"execution_id": "in2"}).st2_user == "mallory"
    assert len(api.requests) == 3


def test_a_workflow_that_a_rule_or_the_relay_started_belongs_to_them(api: HttpServer) -> None:
    execution(api, "ruled", user="st2", rule={"name": "x"})
    execution(api, "chatted", user="chatops_bot", api_user="carol", source_channel="#ops")
    assert started(user="st2", parent={"execution_id": "ruled"}) == Starter(
        "st2", "st2", "", "ruled"
    )
    said = started(user="chatops_bot", parent={"execution_id": "chatted"})
    assert said == Starter("chatops_bot", "carol", "#ops", "chatted")


def test_when_a_workflow_was_started_is_asked_with_it(api: HttpServer) -> None:
    body = {"context": {"user": "chatops_bot"}, "start_timestamp": "2026-11-30T12:00:00.500000Z"}
    api.on("/v1/executions/65f0", Reply(body=json.dumps(body)))
    assert started(user="chatops_bot", parent={"execution_id": "65f0"}).at == 1796040000.5


@pytest.mark.parametrize("user", ["alice in 65f0", "alice in root in 65f0"])
def test_a_user_that_looks_like_a_workflow_is_no_way_around(api: HttpServer, user: str) -> None:
    execution(api, "65f0", user="carol", rbac={"user": "carol"})
    execution(api, "real", user=user, rbac={"user": "mallory"})
    assert started(user=user, parent={"execution_id": "real"}).st2_user == "mallory"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(403), Code.UNAUTHORIZED),
        (Reply(404), Code.BAD_ANSWER),
        (Reply(body="[]"), Code.BAD_ANSWER),
        (Reply(body='{"context": "x"}'), Code.BAD_ANSWER),
        (Reply(body="<html>"), Code.BAD_ANSWER),
    ],
)
def test_where_it_cannot_be_told_nothing_is_done(api: HttpServer, reply: Reply, code: Code) -> None:
    api.on("/v1/executions/65f0", reply)
    with pytest.raises(Failure, match="started the workflow") as failed:
        started(user="carol", parent={"execution_id": "65f0"})
    assert failed.value.code is code


def test_a_circle_of_workflows_ends(api: HttpServer) -> None:
    execution(api, "a", user="carol", parent={"execution_id": "b"})
    execution(api, "b", user="carol", parent={"execution_id": "a"})
    with pytest.raises(Failure, match="too deep"):
        started(user="carol", parent={"execution_id": "a"})
