"""Delivery figures on a running StackStorm, asked for in chat; and the file for Prometheus, which a
rule writes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Dict

import pytest

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.rules import switched_on
from support.worlds.world import World


def test_the_figures_are_asked_for_in_chat(stackstorm: StackStorm, world: World) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        done = stackstorm.ask(f"deploy web {version} to production", "carol", "#ops")
        assert done.code == "deployed", done.result
    stackstorm.ask("rollback web on production", "carol", "#ops")
    for text in (
        "metrics of web",
        "Metrics of web for 90d",
        "metrics on production for 7d",
        "metrics of web on production for this quarter",
    ):
        answer = stackstorm.say(text, "alice", "#dev")
        assert (answer.status, answer.code) == ("succeeded", "metrics"), answer.result
        assert "Change fail rate: 50 %, 1 of 2" in answer.message
        assert len(answer.message.splitlines()) <= 8
        assert answer.result["figures"]["lead_time_seconds"] is not None
    refused = stackstorm.say("metrics of wbe for 90d", "alice", "#dev")
    assert (refused.status, refused.code) == ("failed", "unknown_app")
    assert "Did you mean web?" in refused.message


def test_the_page_is_written_where_chat_asks_for_it(stackstorm: StackStorm, world: World) -> None:
    stackstorm.ask("deploy web v1.0.0 to uat")
    answer = stackstorm.say("metrics on uat for today format=html", "alice", "#dev")
    assert answer.code == "metrics", answer.result
    page = Path(answer.result["path"])
    assert answer.message.endswith(str(page))
    text = page.read_text("utf-8")
    assert "Deployment frequency" in text
    assert "<svg" in text
    assert "<script" not in text


@pytest.fixture
def textfile(stackstorm: StackStorm, world: World) -> Path:
    """The folder of the file for Prometheus, in the config."""
    folder = world.folder / "textfile"
    folder.mkdir()
    folder.chmod(0o777)
    world.config["metrics"] = {"folder": str(folder)}
    stackstorm.configure(world.config)
    return folder / "opsroom.prom"


def samples(file: Path) -> Dict[str, str]:
    lines = [one for one in file.read_text("utf-8").splitlines() if not one.startswith("#")]
    return dict(one.rsplit(" ", 1) for one in lines)


def test_a_rule_writes_the_file_for_prometheus(
    stackstorm: StackStorm, world: World, textfile: Path
) -> None:
    pack = Path(stackstorm.get("/packs/opsroom")["path"])
    python = pack.parents[1] / "virtualenvs" / "opsroom" / "bin" / "python"
    there = subprocess.run([python, "-c", "import prometheus_client"], capture_output=True)
    if there.returncode:
        refused = stackstorm.run("opsroom.write_metrics")["result"]["result"]
        assert refused["code"] == "not_configured"
        assert "pip install -r" in refused["hint"]
        wanted = [python, "-m", "pip", "install", "-q", "-r", pack / "requirements-metrics.txt"]
        done = subprocess.run(wanted, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"prometheus_client cannot be installed: {done.stderr[-300:]}")
    name = 'opsroom_deployments_total{application="web",environment="uat",outcome="succeeded"}'

    def counted(number: int) -> bool:
        return textfile.exists() and samples(textfile).get(name) == f"{number}.0"

    with switched_on(stackstorm, "write_metrics"):
        for number, version in enumerate(("v1.0.0", "v1.1.0"), 1):
            assert stackstorm.ask(f"deploy web {version} to uat").code == "deployed"
            wait_for(lambda: counted(number), "the deployments in the file")  # noqa: B023
    found = samples(textfile)
    assert found["opsroom_ledger_verified"] == "1.0"
    assert float(found["opsroom_ledger_records"]) >= 6
    assert textfile.stat().st_mode & 0o777 == 0o644
    assert "alice" not in textfile.read_text("utf-8")
