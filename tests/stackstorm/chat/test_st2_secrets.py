"""Secrets of the config: they may stand encrypted in the datastore, reach the action, and are shown
to nobody."""

from __future__ import annotations

import json
import sys
import uuid
from typing import Iterator, Tuple

import pytest

from support.servers.http import HttpServer, Reply
from support.stackstorm.client import StackStorm
from support.worlds.world import World


@pytest.fixture
def token(stackstorm: StackStorm) -> Iterator[Tuple[str, str]]:
    """A secret in the datastore: how the config names it, and its value."""
    name, value = f"opsroom_test_{uuid.uuid4().hex[:8]}", f"token-{uuid.uuid4().hex}"
    with stackstorm.secret(name, value):
        yield f"{{{{ st2kv.system.{name} }}}}", value


def test_the_address_of_the_database_may_be_a_secret_of_the_datastore(
    stackstorm: StackStorm, world: World
) -> None:
    name = f"opsroom_test_{uuid.uuid4().hex[:8]}"
    with stackstorm.secret(name, world.database):
        world.config["database"] = f"{{{{ st2kv.system.{name} }}}}"
        stackstorm.configure(world.config)
        answer = stackstorm.ask("deploy web v1.0.0 to uat")
    assert answer.code == "deployed", answer.result
    assert world.events() == ["asked", "started", "succeeded"]


def test_a_header_with_a_secret_of_the_datastore_is_sent_decrypted(
    stackstorm: StackStorm, world: World, token: Tuple[str, str]
) -> None:
    named, value = token
    with HttpServer() as server:
        server.on("/version", Reply(body="v1.2.3"))
        headers = {"Authorization": named, "X-Plain": "plain"}
        world.with_app(
            "api", version={"kind": "http", "url": server.url("/version"), "headers": headers}
        )
        stackstorm.configure(world.config)
        answer = stackstorm.ask("version of api on uat")
        assert answer.status == "succeeded", answer.result
        (request,) = server.requests
    assert request.headers["authorization"] == value
    assert request.headers["x-plain"] == "plain"


def test_words_around_a_secret_of_the_datastore_stop_the_pack_with_one_sentence_and_no_secret(
    stackstorm: StackStorm, world: World, token: Tuple[str, str]
) -> None:
    """StackStorm decrypts the whole value or fails, for every command: `Bearer` has to stand in the
    datastore too."""
    named, value = token
    headers = {"Authorization": f"Bearer {named}"}
    world.with_app("api", version={"kind": "http", "url": "http://127.0.0.1/", "headers": headers})
    stackstorm.configure(world.config)
    answer = stackstorm.say("opsroom help")
    assert answer.status == "failed"
    assert answer.message.startswith("opsroom could not run ")
    assert value not in json.dumps(answer.execution["result"])


@pytest.mark.parametrize("part", ["deploy", "version"])
def test_a_variable_of_a_command_with_a_secret_of_the_datastore_is_decrypted(
    stackstorm: StackStorm, world: World, token: Tuple[str, str], part: str
) -> None:
    named, value = token
    seen = world.folder / "seen"
    program = f"import os; open({str(seen)!r}, 'w').write(os.environ['TOKEN']); print('1.0')"
    command = {
        "kind": "command",
        "command": [sys.executable, "-c", program],
        "secret_environ": {"TOKEN": named},
    }
    deploy = command if part == "deploy" else {"kind": "command", "command": ["true"]}
    world.with_app("api", deploy=deploy, **({"version": command} if part == "version" else {}))
    stackstorm.configure(world.config)
    answer = stackstorm.ask(
        "deploy api 1.0 to uat" if part == "deploy" else "version of api on uat"
    )
    assert answer.status == "succeeded", answer.result
    assert seen.read_text() == value


def test_a_secret_that_a_command_prints_is_masked_everywhere(
    stackstorm: StackStorm, world: World, token: Tuple[str, str]
) -> None:
    named, value = token
    program = "import os, sys; print('using', os.environ['TOKEN']); sys.exit(1)"
    command = {
        "kind": "command",
        "command": [sys.executable, "-c", program],
        "secret_environ": {"TOKEN": named},
    }
    world.with_app("api", deploy=command)
    stackstorm.configure(world.config)
    answer = stackstorm.say("deploy api 1.0 to uat")
    history = stackstorm.ask("history of api on uat")
    assert answer.code == "deploy_failed"
    assert value not in answer.message
    assert value not in json.dumps([answer.execution["result"], history.execution["result"]])
    assert value not in "\n".join(str(record) for record in world.records())


def test_the_config_is_shown_without_the_address_of_the_database(
    stackstorm: StackStorm, world: World
) -> None:
    value = f"token-{uuid.uuid4().hex}"
    world.config["database"] = f"postgresql://opsroom:{value}@127.0.0.1/opsroom"
    stackstorm.configure(world.config)
    for path in ("/configs/opsroom", "/configs"):
        assert value not in json.dumps(stackstorm.get(path)), path


def test_the_config_is_shown_without_what_stands_in_the_datastore(
    stackstorm: StackStorm, world: World, token: Tuple[str, str]
) -> None:
    named, value = token
    command = {"kind": "command", "command": ["true"], "secret_environ": {"TOKEN": named}}
    world.with_app("api", deploy=command, version=command)
    stackstorm.configure(world.config)
    stackstorm.ask("versions of api")
    for path in ("/configs/opsroom", "/configs", "/configs/opsroom?show_secrets=true"):
        assert value not in json.dumps(stackstorm.get(path)), path


@pytest.mark.xfail(
    strict=True,
    reason="StackStorm 3.9 masks what `properties` of the schema names, nothing under patterns "
    "or additionalProperties",
)
def test_the_config_is_shown_without_headers_and_variables_that_stand_in_it(
    stackstorm: StackStorm, world: World
) -> None:
    value = f"token-{uuid.uuid4().hex}"
    command = {"kind": "command", "command": ["true"], "secret_environ": {"TOKEN": value}}
    asked = {"kind": "http", "url": "http://127.0.0.1/", "headers": {"Authorization": value}}
    world.with_app("api", deploy=command, version=asked)
    stackstorm.configure(world.config)
    assert value not in json.dumps(stackstorm.get("/configs/opsroom"))


def test_a_variable_that_is_not_secret_and_still_encrypted_is_refused(
    stackstorm: StackStorm, world: World, token: Tuple[str, str]
) -> None:
    command = {"kind": "command", "command": ["true"], "environ": {"TOKEN": token[0]}}
    world.with_app("api", deploy=command)
    stackstorm.configure(world.config)
    answer = stackstorm.say("opsroom help")
    assert answer.code == "settings_invalid"
    assert "apps.api.deploy.environ.TOKEN: found a value that is still encrypted" in answer.message


def test_stackstorm_does_not_register_a_config_with_a_key_that_is_empty(
    stackstorm: StackStorm, world: World
) -> None:
    schema = stackstorm.get("/config_schemas/opsroom")["attributes"]
    for section in schema:
        refused = stackstorm.call("PUT", "/configs/opsroom", {**world.config, section: None})
        assert refused.status_code == 400, section
