"""The kinds whose work is done elsewhere, from a chat room of a running StackStorm: deployed,
cancelled, taken up after the runner was killed, and several together with an approval."""

from __future__ import annotations

import os
import signal
from typing import Iterator

import pytest

from support.deploys.services import SERVICES, Service
from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.services import process_of
from support.worlds.world import World


@pytest.fixture(params=sorted(SERVICES))
def service(
    request: pytest.FixtureRequest, stackstorm: StackStorm, world: World
) -> Iterator[Service]:
    """Each of them in turn, as application `svc`."""
    with SERVICES[request.param](world.folder) as made:
        world.config["apps"]["svc"] = {"deploy": made.deploy}
        stackstorm.configure(world.config)
        yield made
        # What a test left behind ends, so that no action is left with it.
        made.let_go()


def test_a_version_is_deployed(stackstorm: StackStorm, world: World, service: Service) -> None:
    answer = stackstorm.say(f"deploy svc {service.version} to uat")
    assert (answer.status, answer.code) == ("succeeded", "deployed"), answer.result
    assert service.started() == 1
    assert service.arrived()
    assert world.events() == ["asked", "started", "succeeded"]


def test_a_deployment_is_cancelled_there_and_here(
    stackstorm: StackStorm, world: World, service: Service
) -> None:
    service.hold()
    begun = stackstorm.begin(f"deploy svc {service.version} to uat")["execution"]["id"]
    wait_for(lambda: service.started() == 1, "the start at the service")
    wait_for(lambda: "started" in world.events(), "the record of the start")
    service_answer = stackstorm.say("cancel deploy of svc on uat", "bob")
    assert service_answer.code == "cancelled", service_answer.result
    assert "bob cancelled it" in service_answer.message
    ended = stackstorm.ended(begun)
    assert ended["result"]["result"]["code"] == "cancelled", ended["result"]
    assert service.cancelled()
    assert world.events() == ["asked", "started", "cancel_asked", "cancelled"]


def test_what_a_killed_runner_left_running_is_followed_and_not_started_again(
    stackstorm: StackStorm, world: World, service: Service
) -> None:
    service.hold()
    execution = stackstorm.begin(f"deploy svc {service.version} to uat")["execution"]["id"]
    wait_for(lambda: service.started() == 1, "the start at the service")
    # The id of the run is written down right after.
    wait_for(lambda: "started" in world.events(), "the record of the start")
    os.kill(process_of(execution), signal.SIGKILL)
    stackstorm.ended(execution)
    world.let_leases_run_out()
    again = stackstorm.begin(f"deploy svc {service.version} to uat")["execution"]["id"]
    wait_for(lambda: world.events().count("started") == 2, "the second to begin")
    service.let_go()
    ended = stackstorm.ended(again)
    assert ended["result"]["result"]["code"] == "deployed", ended["result"]
    assert service.started() == 1
    assert service.arrived()
    assert world.events().count("succeeded") == 1


def test_a_set_of_two_with_one_approval(
    stackstorm: StackStorm, world: World, service: Service
) -> None:
    rules = {"approvals": 1, "approvers": ["carol"]}
    world.config["environments"]["uat"].update(rules)
    stackstorm.configure(world.config)
    asked = stackstorm.say(f"deploy web v1.2.0 and svc {service.version} to uat")
    assert (asked.code, len(asked.result["changes"])) == ("waiting", 2), asked.result
    assert service.started() == 0
    change = asked.result["changes"][1]
    approved = stackstorm.say(f"approve change {change}", "carol")
    assert (approved.status, approved.code) == ("succeeded", "deployed"), approved.result
    assert world.running() == "v1.2.0"
    assert service.started() == 1
    assert world.events().count("approved") == 2
    assert world.chain_holds()
