"""opsroom's own database goes away."""

from __future__ import annotations

from typing import Callable

from support.records.postgres import Postgres
from support.stackstorm.aftermath import again_and_again, the_record_is_true
from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.scaling import DEPLOY, PAGE, Api, Hook, codes
from support.worlds.world import World


def test_a_short_absence_of_the_database_does_not_stop_a_deployment(
    stackstorm: StackStorm, server: Postgres, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    server.stop()
    try:
        api.release("deploying")
        wait_for(lambda: api.runs == "1.0", "the new version")
    finally:
        server.start_again()
    ended = stackstorm.ended(begun)
    assert codes([ended]) == {"deployed": 1}, ended["result"]
    assert api.world.events() == ["asked", "started", "succeeded"]
    the_record_is_true(api.world)


def test_a_deployment_that_loses_the_database_for_longer_than_its_lease_is_settled_afterwards(
    stackstorm: StackStorm, server: Postgres, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    server.stop()
    try:
        refused = stackstorm.ask("deploy api 2.0 to uat", "bob")
        assert (refused.status, refused.code) == ("failed", "store_unreachable")
        # The lease of ten seconds runs out; the program is ended with it, or ends by itself.
        ended = stackstorm.ended(begun)
    finally:
        server.start_again()
        api.release("deploying")
    print("database away for longer:", ended["result"])
    assert codes([ended]) == {"claim_lost": 1}
    assert "That could not be recorded: " in ended["result"]["result"]["message"]
    answer = again_and_again(stackstorm, "deploy api 2.0 to uat")
    assert answer.code == "deployed"
    assert api.log() == ["begun 1.0", "begun 2.0", "done 2.0"]
    the_record_is_true(api.world)


def test_a_page_goes_out_without_the_database_and_says_that_it_is_not_recorded(
    stackstorm: StackStorm, server: Postgres, on_postgres: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(on_postgres)
    hooked.answer.set()
    server.stop()
    try:
        answer = stackstorm.say(PAGE)
    finally:
        server.start_again()
    assert answer.code == "paged"
    assert (
        "It is not recorded yet (the next command does that), and no limit was checked"
        in answer.message
    )
    assert "the database cannot be used." in answer.message
    assert hooked.taken == 1
    assert on_postgres.events() == []


def test_a_page_during_which_the_database_goes_away_goes_out_once_and_says_what_is_not_recorded(
    stackstorm: StackStorm, server: Postgres, on_postgres: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(on_postgres)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    server.stop()
    try:
        hooked.answer.set()
        ended = stackstorm.ended(begun)
    finally:
        server.start_again()
    assert codes([ended]) == {"paged": 1}
    assert "It is not recorded" in ended["result"]["result"]["message"]
    # The next command records it, at its end: it is not sent again.
    assert stackstorm.ask(PAGE).code == "busy"
    assert stackstorm.ask(PAGE).code == "paged_already"
    assert hooked.taken == 1
    assert on_postgres.events().count("paged") == 1
    assert on_postgres.chain_holds()
