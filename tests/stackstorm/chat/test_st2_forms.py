"""The forms of StackStorm's web interface on a running StackStorm: what they show and send, and
whose a rerun is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest

from support.stackstorm.client import StackStorm
from support.worlds.world import World

pytestmark = pytest.mark.usefixtures("installed")


def forms(stackstorm: StackStorm) -> Dict[str, Dict[str, Any]]:
    """The fields of every form, as the API tells them to the web interface."""
    found: List[Dict[str, Any]] = stackstorm.get("/actions/views/overview?limit=-1")
    shown = {}
    for action in [one for one in found if one["pack"] == "opsroom"]:
        fields = {
            name: one for name, one in action["parameters"].items() if not one.get("immutable")
        }
        last = len(fields) + 1
        shown[action["ref"]] = dict(
            sorted(fields.items(), key=lambda one: (one[1].get("position", last), one[0]))
        )
    return shown


def by_itself(fields: Dict[str, Any]) -> Dict[str, Any]:
    """What the web interface adds to whatever is typed."""
    return {
        name: one["default"] for name, one in fields.items() if one.get("enum") and "default" in one
    }


def test_the_forms_ask_what_the_commands_ask_and_a_level_that_is_fixed(
    stackstorm: StackStorm,
) -> None:
    found = forms(stackstorm)
    assert list(found["opsroom.page"]) == [
        "who",
        "message",
        "emergency",
        "log_level",
        "typed",
        "urgent",
    ]
    assert list(found["opsroom.release"]) == ["app", "version", "upto"]
    for ref, fields in found.items():
        assert fields.get("log_level", {"enum": ["INFO"]})["enum"] == ["INFO"], ref
        hidden = {"requester", "room", "st2_user", "env", "timeout", "content_version", "debug"}
        assert not hidden & set(fields), ref


def client_help(refs: List[str], storm: StackStorm) -> Dict[str, str]:
    """What `st2 run -h` prints for each action. Skips where there is no `st2` on the path."""
    program = shutil.which("st2")
    if program is None:
        pytest.skip("no st2 on the path")
    # One process of StackStorm's own client for all of them: its start takes a second.
    python = Path(program).read_text().splitlines()[0][2:].strip()
    script = """
import contextlib, io, json, sys
from st2client.shell import Shell
said = {}
for ref in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        Shell().run(["run", "-h", ref])
    said[ref] = out.getvalue()
print(json.dumps(said))
"""
    environ = {"ST2_API_URL": storm.url, "ST2_AUTH_TOKEN": storm.admin["X-Auth-Token"]}
    done = subprocess.run(
        [python, "-c", script, *refs],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_the_client_explains_every_parameter_of_every_action(stackstorm: StackStorm) -> None:
    fields = forms(stackstorm)
    for ref, text in client_help(list(fields), stackstorm).items():
        assert "ERROR" not in text, text
        # A name stands alone on its line.
        assert set(fields[ref]) <= {line.strip() for line in text.splitlines()}, ref


def test_what_a_form_sends_is_taken(stackstorm: StackStorm, world: World) -> None:
    sent = {
        **by_itself(forms(stackstorm)["opsroom.plan"]),
        "app": "web",
        "version": "v1.0.0",
        "environment": "uat",
    }
    assert sent["log_level"] == "INFO"
    done = stackstorm.run("opsroom.plan", parameters=sent, context={"trace_context": {}})
    assert done["status"] == "succeeded", done["result"]
    # Numbers arrive as texts from a field named limit.
    sent = {
        **by_itself(forms(stackstorm)["opsroom.get_history"]),
        "environment": "uat",
        "limit": "5",
    }
    assert stackstorm.run("opsroom.get_history", parameters=sent)["status"] == "succeeded"


@pytest.mark.parametrize("level", ["DEBUG", "AUDIT", "info", ""])
def test_no_other_level_is_taken(stackstorm: StackStorm, world: World, level: str) -> None:
    body = {"action": "opsroom.plan", "parameters": {"app": "web", "log_level": level}}
    assert stackstorm.call("POST", "/executions", body).status_code == 400


@pytest.mark.parametrize("query", ["", "?no_merge=true"])
def test_a_rerun_is_by_whoever_clicks_and_not_by_whom_it_was_before(
    stackstorm: StackStorm, world: World, query: str
) -> None:
    said = stackstorm.ask("redeploy web v1.0.0 to uat", "alice")
    assert said.status == "succeeded", said.execution["result"]
    body = {"parameters": said.execution["parameters"]}
    again = stackstorm.call("POST", f"/executions/{said.id}/re_run{query}", body)
    assert again.status_code == 201, again.text[:500]
    done = stackstorm.ended(again.json()["id"])
    assert done["status"] == "succeeded", done["result"]
    assert "requester" not in done["parameters"]
    me = stackstorm.get("/user")["username"]
    by = {record.execution_id: (record.requester, record.chat_name) for record in world.records()}
    assert by == {said.id: ("alice", "alice"), done["id"]: (me, "")}
