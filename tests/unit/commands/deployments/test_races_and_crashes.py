"""Many at once, and killed at any point: one deploys, the record tells the truth, and the next one
works."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, Dict, List

import pytest

from support.expectations import expect
from support.waiting import until
from support.worlds.world import World, make_world, python

LIMIT = 120.0


@pytest.fixture
def world(tmp_path: Path, store_url: str) -> World:
    return make_world(tmp_path, store_url)


def test_of_twenty_at_once_one_deploys_and_nineteen_are_told_who_does(world: World) -> None:
    go, ran = world.folder / "go", world.folder / "ran"
    body = (
        f"import os, time\nopen({str(ran)!r}, 'a').write('ran\\n')\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.05)"
    )
    world.with_app("api", deploy=python(body, time_limit="2m"))
    processes = [world.spawn_deploy("3.1.0", who="alice", app="api") for _ in range(20)]
    # The one that deploys waits for `go`; all others have to come back by themselves.
    until(lambda: sum(one.ended() for one in processes) >= 19, "19 have ended", LIMIT)
    go.write_text("")
    answers = [one.result() for one in processes]
    assert sorted(one["code"] for one in answers) == ["busy"] * 19 + ["deployed"]
    assert all(
        "alice is already deploying api 3.1.0 to uat" in one["message"]
        for one in answers
        if one["code"] == "busy"
    )
    assert ran.read_text() == "ran\n"
    events = world.events()
    assert (events.count("asked"), events.count("started"), events.count("succeeded")) == (20, 1, 1)
    assert events.count("refused") == 19
    assert world.claims() == 0
    assert world.chain_holds()


# Where the runner dies, what is really there afterwards, and what the record says of it in the end.
BEGUN = ["asked", "started"]
STEPS = {
    "asked": ("deployments.pipeline:settle_interrupted:before", "v1.0.0", ["asked"], None),
    "claimed": (
        "deployments.pipeline:_take_claim:after",
        "v1.0.0",
        ["asked"],
        "before anything was touched",
    ),
    "started": ("deployments.pipeline:_start:after", "v1.0.0", BEGUN, "v1.0.0 runs there now"),
    "exported, not switched": (
        "deployments.job:RunningJob.check:before",
        "v1.0.0",
        BEGUN,
        "v1.0.0 runs there now",
    ),
    "switched": (
        "deployments.pipeline:verify:before",
        "v1.1.0",
        BEGUN,
        "v1.1.0 had been put in place",
    ),
    "verified": (
        "deployments.pipeline:success:before",
        "v1.1.0",
        BEGUN,
        "v1.1.0 had been put in place",
    ),
    "recorded": ("request:Request.end:after", "v1.1.0", [*BEGUN, "succeeded"], None),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_runner_killed_at_any_step_leaves_the_truth(world: World, step: str) -> None:
    die_at, runs, events, sentence = STEPS[step]
    world.deploy("v1.0.0")
    before = len(world.events())
    process = world.spawn_deploy(die_at=f"opsroom.commands.{die_at}")
    assert process.wait() == -signal.SIGKILL
    assert world.running() == runs
    assert world.events()[before:] == events
    if sentence is not None:
        # Until the lease has run out, nobody else gets in, and they are told whom they wait for.
        busy = world.deploy("v1.2.0")
        assert (busy["code"], "bob is already deploying" in busy["message"]) == ("busy", True)
        world.let_leases_run_out()
        history = world.ask("get_history", app="web", environment="uat")
        assert "interrupted" in history["message"]
        assert sentence in history["deployments"][0]["message"]
        assert history["deployments"][0]["requester"] == "bob"
        assert world.records()[-1].facts["running"] == runs
    expect(world.deploy("v1.2.0"), code="deployed", version_before=runs)
    assert world.running() == "v1.2.0"
    assert world.claims() == 0
    assert world.chain_holds()


def test_of_many_who_find_a_dead_deployment_one_records_it(world: World) -> None:
    world.spawn_deploy(die_at="opsroom.commands.deployments.pipeline:_start:after").wait()
    world.let_leases_run_out()
    lookers = [world.spawn("get_history", app="web", environment="uat", limit=5) for _ in range(8)]
    answers: List[Dict[str, Any]] = [one.result() for one in lookers]
    assert all("interrupted" in one["message"] for one in answers)
    assert world.events().count("interrupted") == 1


def test_a_deployment_that_lost_its_claim_stops_before_it_switches(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.deploy("v1.0.0")
    from opsroom.commands.deployments import job

    original = job.RunningJob.note
    beaten: List[str] = []

    def note(self: Any, line: str) -> None:
        original(self, line)
        if not beaten:
            beaten.append(line)
            world.let_leases_run_out()
            world.ask("get_history", environment="uat")
            self._renew()

    job.RunningJob.note = note
    try:
        answer = world.deploy("v1.1.0", who="bob")
    finally:
        job.RunningJob.note = original
    assert answer["code"] == "claim_lost"
    assert world.running() == "v1.0.0"


def test_an_execution_that_stackstorm_stops_ends_its_command_and_says_so(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    began = world.folder / "began"
    body = f"import time\nopen({str(began)!r}, 'w')\ntime.sleep(600)"
    world.with_app("api", deploy=python(body, time_limit="15m"))
    process = world.spawn_deploy("3.1.0", app="api")
    until(began.exists, "the command has begun", LIMIT)
    process.send(signal.SIGTERM)
    expect(process.result(), ok=False, code="interrupted")
    assert world.events() == ["asked", "started", "interrupted"]
    assert world.claims() == 0
