"""Installing the pack: everything registers, and without a config it says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest
import yaml

from support.stackstorm.client import StackStorm
from support.worlds.world import ROOT

ACTIONS = sorted((ROOT / "actions").glob("*.yaml"))
ALIASES = sorted((ROOT / "aliases").glob("*.yaml"))


def as_it_stands(installed: Any, path: Path) -> Dict[str, Any]:
    """The committed metadata, of which the working tree may be ahead."""
    committed = installed.checkout / path.relative_to(ROOT)
    if not committed.exists():
        pytest.skip(f"{path.name} is not committed yet")
    return dict(yaml.safe_load(committed.read_text(encoding="utf-8")))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("asked", ["opsroom help", "deploy web v1.0.0 to uat"])
def test_without_any_config_the_room_reads_what_to_do(stackstorm: StackStorm, asked: str) -> None:
    # First: another test brings a config, and there is no way to take one away.
    answer = stackstorm.say(asked)
    assert answer.status == "failed"
    assert answer.code == "not_configured"
    assert answer.message.startswith("opsroom is installed but not configured")
    assert "opsroom.yaml.example" in answer.message
    assert "st2ctl reload --register-configs" in answer.message


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.stem)
def test_each_action_is_registered_with_exactly_its_parameters(
    stackstorm: StackStorm, installed: Any, path: Path
) -> None:
    metadata = as_it_stands(installed, path)
    registered = stackstorm.get(f"/actions/opsroom.{metadata['name']}")
    assert registered["enabled"]
    assert registered["runner_type"] == metadata["runner_type"]
    assert registered["parameters"] == metadata["parameters"]


@pytest.mark.parametrize("path", ALIASES, ids=lambda path: path.stem)
def test_each_alias_is_registered_with_exactly_its_formats_and_answers(
    stackstorm: StackStorm, installed: Any, path: Path
) -> None:
    metadata = as_it_stands(installed, path)
    registered = stackstorm.get(f"/actionalias/opsroom.{metadata['name']}")
    assert registered["enabled"]
    for key in ("action_ref", "formats", "ack", "result"):
        assert registered[key] == metadata[key], key
    assert registered.get("immutable_parameters", {}) == metadata.get("immutable_parameters", {})


def test_nothing_but_what_is_in_the_checkout_is_registered(
    stackstorm: StackStorm, installed: Any
) -> None:
    def names(folder: str) -> List[str]:
        return sorted(
            yaml.safe_load(path.read_text(encoding="utf-8"))["name"]
            for path in (installed.checkout / folder).glob("*.yaml")
        )

    assert sorted(
        one["name"] for one in stackstorm.get("/actions?pack=opsroom&limit=100")
    ) == names("actions")
    assert sorted(
        one["name"] for one in stackstorm.get("/actionalias?pack=opsroom&limit=100")
    ) == names("aliases")


@pytest.mark.usefixtures("installed")
def test_what_a_killed_test_would_leave_is_cleared_away_by_the_next_one(
    stackstorm: StackStorm,
) -> None:
    entry = {"runner_type": "python-script", "entry_point": "left_behind.py"}
    with stackstorm.action("left_behind", {"left_behind.py": ""}, **entry) as ref, stackstorm.alias(
        name="left_behind", action_ref=ref, formats=["left behind"]
    ), stackstorm.policy(ref, "action.concurrency", threshold=1):
        stackstorm.clear_away()
        for there in (f"actions/{ref}", f"actionalias/{ref}", f"policies/{ref}.for_a_test"):
            assert stackstorm.call("GET", f"/{there}").status_code == 404, there


def test_the_config_schema_is_registered(stackstorm: StackStorm, installed: Any) -> None:
    schema = yaml.safe_load((installed.checkout / "config.schema.yaml").read_text(encoding="utf-8"))
    assert stackstorm.get("/config_schemas/opsroom")["attributes"] == schema


def test_the_example_config_is_taken(stackstorm: StackStorm, installed: Any, world: Any) -> None:
    example = yaml.safe_load(
        (installed.checkout / "opsroom.yaml.example").read_text(encoding="utf-8")
    )
    stackstorm.configure(example)
    answer = stackstorm.say("opsroom help")
    assert answer.status == "succeeded", answer.message
