"""An action dies: what it did is not done twice, and the record is true."""

from __future__ import annotations

import threading
from typing import Callable, Optional

import pytest

from opsroom.db.sql import queue_up
from opsroom.db.store import open_store
from support.pages import kinds as pager_kinds
from support.servers.http import Reply, Request
from support.stackstorm.aftermath import the_record_is_true
from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.scaling import DEPLOY, PAGE, Api, Hook, kill, let_it_be_long_ago, with_pager
from support.worlds.world import World

# Where it waits when it is killed, and what the next command finds: its code, and what the
# deploying programs wrote.
STAGES = {
    "before anything was touched": ("0.9", "deployed", ["begun 1.0", "done 1.0"]),
    "while deploying": ("deploying", "deployed", ["begun 1.0", "begun 1.0", "done 1.0"]),
    "while verifying": ("1.0", "already_there", ["begun 1.0", "done 1.0"]),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_deployment_killed_at_any_stage_while_another_waits_is_never_done_twice(
    stackstorm: StackStorm, api: Api, stage: str
) -> None:
    where, code, log = STAGES[stage]
    api.hold(where)
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached(where)
    assert stackstorm.ask(DEPLOY, "bob").code == "busy"
    kill(begun)
    assert stackstorm.ended(begun)["status"] == "timeout"
    api.release(where)
    # StackStorm has seen its end, so that nobody waits for the lease.
    answer = stackstorm.ask(DEPLOY)
    print(f"killed {stage}:", answer.code, api.log(), api.world.events())
    assert answer.status == "succeeded"
    assert answer.code == code
    assert api.log() == log
    assert api.runs == "1.0"
    the_record_is_true(api.world)


class Held:
    """The record, kept from being written to by others: `take`, then `let_go`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._taken, self._over = threading.Event(), threading.Event()
        self._thread: Optional[threading.Thread] = None

    def take(self) -> None:
        def hold() -> None:
            with open_store(self.world.database).write() as connection:
                queue_up(connection)
                self._taken.set()
                self._over.wait(60)

        self._thread = threading.Thread(target=hold)
        self._thread.start()
        assert self._taken.wait(30)

    def let_go(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(60)


def test_a_page_that_was_taken_by_the_pager_and_not_recorded_is_found_and_not_sent_again(
    stackstorm: StackStorm, shared: World
) -> None:
    held = Held(shared)
    receiver = pager_kinds.pd.FakePagerDuty()
    answered = receiver.rest._handler

    def answer_into_the_void(request: Request) -> Reply:
        reply = answered(request)
        if request.method == "POST" and request.path.endswith("/incidents"):
            held.take()
        return reply

    receiver.rest._handler = answer_into_the_void
    with receiver:
        pager = {"kind": "pagerduty", **receiver.options()}
        it = pager_kinds.Case("pagerduty", pager, "PWEB", lambda: len(receiver.incidents), set())
        with_pager(stackstorm, shared, it)
        begun = stackstorm.begin(PAGE)["execution"]["id"]
        try:
            wait_for(it.taken, "the page at the pager")
            kill(begun)
            stackstorm.ended(begun)
        finally:
            held.let_go()
        receiver.rest._handler = answered
        assert stackstorm.ask(PAGE).code == "busy"
        let_it_be_long_ago(shared)
        again = stackstorm.ask(PAGE)
        print("killed after the page:", again.code, again.result.get("message"), shared.events())
        assert again.code == "paged"
        assert it.taken() == 1
        assert shared.events().count("paged") == 1
        assert shared.chain_holds()


def test_a_page_killed_while_a_webhook_is_at_it_is_never_sent_again(
    stackstorm: StackStorm, shared: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(shared)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    assert stackstorm.ask(PAGE).code == "busy"
    kill(begun)
    stackstorm.ended(begun)
    hooked.answer.set()
    let_it_be_long_ago(shared)
    again = stackstorm.ask(PAGE)
    print("killed at the webhook:", again.code, shared.events())
    assert again.code == "page_unconfirmed"
    assert "Phone: the doorman" in again.result["message"] + str(again.result.get("hint"))
    assert hooked.taken == 1
    assert shared.chain_holds()
