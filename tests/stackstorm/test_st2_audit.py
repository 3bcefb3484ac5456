"""The auditor's view on a running StackStorm: the report, and the ledger beside StackStorm's own
history."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from support.stackstorm.client import StackStorm
from support.worlds.world import World


def test_a_report_is_written_and_links_to_the_executions(
    stackstorm: StackStorm, world: World
) -> None:
    done = stackstorm.ask("deploy web v1.0.0 to production", "carol", "#ops")
    assert done.code == "deployed"
    month = datetime.now(timezone.utc).strftime("%Y-%m")
    answer = stackstorm.say(f"audit report on production for {month}", "carol", "#ops")
    assert (answer.status, answer.code) == ("succeeded", "audit_report"), answer.result
    assert "1 change" in answer.message
    page = Path(answer.result["path"])
    assert str(page) in answer.message
    text = page.read_text("utf-8")
    assert done.id in text
    assert "<script" not in text


def test_the_ledger_and_stackstorms_history_agree(stackstorm: StackStorm, world: World) -> None:
    assert stackstorm.ask("deploy web v1.0.0 to uat").code == "deployed"
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    ended = stackstorm.run("opsroom.reconcile", parameters={"since": today})
    result = ended["result"]["result"]
    assert result["code"] in ("reconciled", "record_incomplete"), result
    # Other tests of the day used other databases; what this one recorded must be known to
    # StackStorm.
    assert result["only_in_the_record"] == [], result
    assert result["compared"] >= 1
