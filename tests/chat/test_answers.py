"""What the room reads of an execution, however it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import pytest

from console.aliases import Alias, load_pack
from console.rendering import render_ack, render_result

PACK = load_pack(Path(__file__).resolve().parents[2])
GREEN, AMBER, RED = "#2eb886", "#daa038", "#a30200"
ENDINGS: Dict[str, Any] = {
    "success": ("succeeded", {"result": {"outcome": "succeeded", "message": "done", "hint": ""}}, "done", GREEN),
    "refusal": ("failed", {"result": {"outcome": "refused", "message": "no", "hint": "ask bob"}}, "no ask bob", AMBER),
    "failure": ("failed", {"result": {"outcome": "failed", "message": "broke", "hint": ""}}, "broke", RED),
    "crash": ("failed", {"result": None, "stderr": "Traceback: SECRET", "stdout": "SECRET"}, "could not carry", RED),
    "crash, result as text": ("failed", {"result": "None", "stderr": "SECRET"}, "could not carry", RED),
    "never started": ("failed", {"error": "SECRET", "traceback": "SECRET"}, "could not carry", RED),
    "time-out": ("timeout", {"result": "None", "error": "SECRET", "stderr": "SECRET"}, "ran out of time", RED),
    "cancelled": ("canceled", {}, "was cancelled", RED),
    "cancelled, nothing kept": ("canceled", None, "was cancelled", RED),
    "abandoned": ("abandoned", {"error": "SECRET"}, "could not carry", RED),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("alias", PACK.aliases, ids=lambda alias: alias.name)
def test_every_ending_gets_one_clear_sentence_and_its_colour(alias: Alias, ending: str) -> None:
    status, result, sentence, colour = ENDINGS[ending]
    execution = {"id": "5f0000000000000000000001", "status": status, "result": result, "web_url": ""}
    answer = render_result(alias, execution)
    assert answer.problem == ""
    assert sentence in answer.message
    assert "SECRET" not in answer.message
    assert "\n" not in answer.message
    assert answer.extra == {"slack": {"color": colour, "thread_response": True}}


def test_what_changes_something_links_to_its_execution_unless_the_text_is_long() -> None:
    deploy = next(alias for alias in PACK.aliases if alias.name == "opsroom_deploy")
    execution = {"id": "5f", "status": "succeeded", "web_url": "https://st2.example.com/#/history/5f"}
    short = render_result(deploy, {**execution, "result": {"result": {"message": "done", "hint": ""}}})
    assert short.message == "done https://st2.example.com/#/history/5f"
    long = render_result(deploy, {**execution, "result": {"result": {"message": "x" * 390, "hint": ""}}})
    assert long.message == "x" * 390


@pytest.mark.parametrize("alias", PACK.aliases, ids=lambda alias: alias.name)
def test_what_takes_longer_is_acknowledged_and_nothing_else(alias: Alias) -> None:
    ack = render_ack(alias, {"id": "5f0000000000000000000001", "parameters": {}})
    deploying = ("deploy", "promote", "rollback", "emergency_deploy", "approve_change", "confirm_change")
    slow = alias.action_ref in {f"opsroom.{name}" for name in deploying}
    assert ack.problem == ""
    assert ack.shown is slow
    assert ("5f0000000000000000000001" in ack.message) is slow
