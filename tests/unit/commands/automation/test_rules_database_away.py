"""The database is away when a rule's action needs it, or when it commits: what a sensor saw is
noted once it is back, and once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsroom import commands
from opsroom.errors import Code, Failure
from support.expectations import expect
from support.records.late import away
from support.worlds.ruled import Ruled, make_ruled

pytestmark = pytest.mark.databases("sqlite")

E1 = "0f" * 16
DRIFT = {"app": "web", "environment": "uat", "version": "v9", "version_before": "v1.0.0"}
REACH = {"app": "web", "environment": "uat", "reachable": False}
RULES = pytest.mark.parametrize(
    ("action", "given"), [("note_drift", DRIFT), ("note_reach", REACH)], ids=["drift", "reach"]
)


@pytest.fixture
def ruled(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Ruled:
    monkeypatch.setattr(commands, "_PAUSE", 0.0)
    made = make_ruled(tmp_path, store_url)
    made.ask("get_history", environment="uat", app="")
    return made


@RULES
@pytest.mark.parametrize("times", [1, 2, 5])
def test_what_comes_meanwhile_is_noted_once_it_is_back(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch, action: str, given: Any, times: int
) -> None:
    with away(monkeypatch, times):
        answer = ruled.rule(action, event=E1, **given)
    expect(answer, ok=True, told=True)
    assert len(ruled.announced) == 1
    assert ruled.world.events() == (["drift"] if action == "note_drift" else [])
    assert ruled.rule(action, event=E1, **given)["code"] == "nothing_new"


@RULES
def test_what_was_committed_before_the_answer_was_lost_is_noted_once(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch, action: str, given: Any
) -> None:
    with away(monkeypatch, 1, committed=True):
        assert ruled.rule(action, event=E1, **given)["code"] == "nothing_new"
    assert ruled.world.events() == (["drift"] if action == "note_drift" else [])
    # It is posted with what other runs could not post.
    ruled.pass_time(minutes=5)
    ruled.rule("announce_deployments")
    assert len(ruled.announced) == 1
    assert ruled.world.chain_holds()


@RULES
def test_another_failure_than_the_databases_is_the_answer_at_once(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch, action: str, given: Any
) -> None:
    tries = []

    def reserve(*arguments: Any) -> bool:
        tries.append(arguments)
        raise Failure(Code.UNREACHABLE, "The chat is unreachable.")

    monkeypatch.setattr("opsroom.commands.announce._prepare", reserve)
    expect(ruled.rule(action, event=E1, **given), ok=False, code="unreachable")
    assert len(tries) == 1


@RULES
def test_one_that_stays_away_is_the_answer(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch, action: str, given: Any
) -> None:
    monkeypatch.setattr(commands, "EVENT_TIMEOUT", 0.0)
    with away(monkeypatch, 1000):
        answer = ruled.rule(action, event=E1, **given)
    expect(answer, ok=False, code="store_unreachable")
    assert ruled.announced == []
