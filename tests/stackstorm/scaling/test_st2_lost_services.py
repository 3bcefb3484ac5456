"""A runner dies, or what StackStorm stands on.

Needs OPSROOM_TEST_SERVICES (support.stackstorm.services); skipped without.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Callable

import pytest

from opsroom.commands.audit import dead_executions
from opsroom.stackstorm.client import here
from support.stackstorm.aftermath import again_and_again, the_record_is_true
from support.stackstorm.client import ENDED, StackStorm, wait_for
from support.stackstorm.scaling import DEPLOY, PAGE, Api, Hook, let_it_be_long_ago
from support.stackstorm.services import Services
from support.worlds.world import World


def test_a_deployment_goes_on_and_is_recorded_when_only_its_runner_dies(
    stackstorm: StackStorm, services: Services, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    services.kill_runner_of(begun, with_action=False)
    # The other runner is there.
    assert stackstorm.ask(DEPLOY, "bob").code == "busy"
    services.start("actionrunner")
    api.release("deploying")
    wait_for(lambda: not api.world.claims(), "the end of the deployment")
    assert api.world.events().count("succeeded") == 1
    print("runner killed:", stackstorm.execution(begun)["status"], api.world.events())
    the_record_is_true(api.world)
    # Without its runner the action ended its own execution, and the room that asked has the answer,
    # once.
    execution = stackstorm.ended(begun)
    assert (execution["status"], execution["result"]["result"]["code"]) == ("succeeded", "deployed")
    answer = stackstorm.answer_to(begun)
    assert (answer["channel"], answer["message"].startswith("alice deployed api 1.0 to uat")) == (
        "#dev",
        True,
    )
    again = stackstorm.ask("deploy api 2.0 to uat", "carol")
    assert again.code == "deployed"
    assert api.log() == ["begun 1.0", "done 1.0", "begun 2.0", "done 2.0"]


def test_dead_runners_stop_nobody_and_are_closed_each_with_its_own_answer(
    stackstorm: StackStorm, services: Services, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    stuck = []
    for version in ("1.0", "2.0"):
        api.hold("deploying")
        stuck.append(stackstorm.begin(f"deploy api {version} to uat")["execution"]["id"])
        api.reached("deploying")
        services.kill_runner_of(stuck[-1], with_action=True)
        services.start("actionrunner")
        api.release("deploying")
        api.world.let_leases_run_out()
    assert [stackstorm.execution(one)["status"] for one in stuck] == ["running", "running"]
    assert again_and_again(stackstorm, "deploy api 3.0 to uat").code == "deployed"
    assert api.world.events().count("interrupted") == 2
    assert [one for one in api.log() if one.startswith("done")] == ["done 3.0"]
    the_record_is_true(api.world)

    def closed() -> bool:
        # By the rule or by hand, whichever comes first, a minute after the ends were recorded.
        assert stackstorm.run("opsroom.close_dead_executions")["status"] == "succeeded"
        return all(stackstorm.execution(one)["status"] == "abandoned" for one in stuck)

    wait_for(closed, "the end of the dead executions", 240)
    for one, version in zip(stuck, ("1.0", "2.0")):
        message = stackstorm.answer_to(one)["message"]
        assert message.startswith(
            f"The deploy of api {version} on uat by alice was interrupted: its runner was lost"
        )
        assert "Repeat it where it is still wanted." in message


def test_what_no_runner_begins_is_cancelled_and_never_runs(
    stackstorm: StackStorm,
    services: Services,
    api_on_postgres: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ST2_ACTION_API_URL", stackstorm.url)
    monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", stackstorm.admin["X-Auth-Token"])
    monkeypatch.setattr(dead_executions, "_WAIT", timedelta(0))
    services.kill("actionrunner")
    waiting = stackstorm.begin(DEPLOY)["execution"]["id"]
    wait_for(lambda: stackstorm.execution(waiting)["status"] == "scheduled", "its turn")
    assert waiting in dead_executions.cancel_unbegun(here())
    services.start("actionrunner")
    answer = stackstorm.answer_to(waiting)
    assert stackstorm.execution(waiting)["status"] == "canceled"
    assert "was cancelled" in answer["message"], answer["message"]
    # The runner found it in its queue, before what comes now.
    assert stackstorm.ask("deploy api 2.0 to uat").code == "deployed"
    assert api_on_postgres.log() == ["begun 2.0", "done 2.0"]


@pytest.mark.parametrize("whole_machine", [False, True], ids=["its runner only", "the machine"])
def test_a_page_whose_runner_dies_goes_out_once(
    stackstorm: StackStorm,
    services: Services,
    on_postgres: World,
    hook: Callable[[World], Hook],
    whole_machine: bool,
) -> None:
    hooked = hook(on_postgres)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    services.kill_runner_of(begun, with_action=whole_machine)
    hooked.answer.set()
    services.start("actionrunner")
    if not whole_machine:
        wait_for(lambda: "paged" in on_postgres.events(), "the record of the page")
        assert stackstorm.ask(PAGE).code == "paged_already"
        # The action ended its own execution, and the room has the answer.
        assert stackstorm.ended(begun)["result"]["result"]["code"] == "paged"
        assert stackstorm.answer_to(begun)["channel"] == "#dev"
    else:
        assert stackstorm.ask(PAGE).code == "busy"
        let_it_be_long_ago(on_postgres)
        assert stackstorm.ask(PAGE).code == "page_unconfirmed"
    assert hooked.taken == 1
    assert on_postgres.chain_holds()
    if whole_machine:
        # No deployment, and no end on the record: the rule would close it after its time limit.
        assert stackstorm.execution(begun)["status"] == "running"
        assert stackstorm.call("DELETE", f"/executions/{begun}").ok
        stackstorm.ended(begun)


@pytest.mark.parametrize("service", ["rabbitmq", "mongodb"])
def test_a_deployment_survives_a_restart_of_what_stackstorm_stands_on(
    stackstorm: StackStorm, services: Services, api_on_postgres: Api, service: str
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    try:
        services.kill(service)
        # It ends while StackStorm cannot be told.
        api.release("deploying")
        wait_for(lambda: not api.world.claims(), "the end of the deployment")
    finally:
        services.start(service)
    assert api.world.events() == ["asked", "started", "succeeded"]
    the_record_is_true(api.world)
    again = again_and_again(stackstorm, "deploy api 2.0 to uat")
    assert again.code == "deployed"
    assert api.log() == ["begun 1.0", "done 1.0", "begun 2.0", "done 2.0"]
    status = stackstorm.execution(begun)["status"]
    print(f"{service} restarted:", status)
    if status not in ENDED:
        stackstorm.call("DELETE", f"/executions/{begun}")
    the_record_is_true(api.world)


def test_a_page_survives_a_restart_of_rabbitmq(
    stackstorm: StackStorm, services: Services, on_postgres: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(on_postgres)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    try:
        services.kill("rabbitmq")
        hooked.answer.set()
        wait_for(lambda: "paged" in on_postgres.events(), "the record of the page")
    finally:
        services.start("rabbitmq")
    assert stackstorm.ask(PAGE).code == "paged_already"
    assert hooked.taken == 1
    status = stackstorm.execution(begun)["status"]
    print("rabbitmq restarted in a page:", status)
    if status not in ENDED:
        stackstorm.call("DELETE", f"/executions/{begun}")
