"""Several runners at once: one deployment, one card, one page, and a record that is true."""

from __future__ import annotations

from support.cards import kinds as card_kinds
from support.pages import kinds as pager_kinds
from support.stackstorm.aftermath import the_record_is_true
from support.stackstorm.client import StackStorm
from support.stackstorm.scaling import DEPLOY, PAGE, Api, at_once, codes, with_pager
from support.worlds.world import World

MANY = 20


def test_twenty_equal_deployments_at_once_are_one(stackstorm: StackStorm, api: Api) -> None:
    counts = codes(at_once(stackstorm, [(DEPLOY,)] * MANY))
    print("twenty deployments:", counts)
    assert counts["deployed"] == 1
    assert set(counts) <= {"deployed", "busy", "canceled", "already_there"}, counts
    assert api.log() == ["begun 1.0", "done 1.0"]
    assert api.world.events().count("succeeded") == 1
    the_record_is_true(api.world)


def test_twenty_equal_cards_at_once_are_one(stackstorm: StackStorm, shared: World) -> None:
    with card_kinds.case("github") as it:
        shared.config.update(it.config())
        shared.config["groups"], shared.config["environments"] = {}, {"test": {}}
        stackstorm.configure(shared.config)
        counts = codes(at_once(stackstorm, [("create card: checkout is broken",)] * MANY))
        print("twenty cards:", counts)
        assert counts["card_created"] == 1
        assert set(counts) <= {"card_created", "card_there", "busy"}, counts
        assert it.vendor is not None
        assert len(it.vendor.sent("POST")) == 1
        assert shared.events().count("card_created") == 1
        assert shared.chain_holds()


def test_twenty_equal_pages_at_once_are_one(stackstorm: StackStorm, shared: World) -> None:
    with pager_kinds.case("pagerduty") as it:
        with_pager(stackstorm, shared, it)
        counts = codes(at_once(stackstorm, [(PAGE,)] * MANY))
        print("twenty pages:", counts)
        assert counts["paged"] == 1
        assert set(counts) <= {"paged", "paged_already", "busy"}, counts
        assert it.taken() == 1
        assert shared.events().count("paged") == 1
        assert shared.chain_holds()


def test_the_approvals_of_two_people_at_once_deploy_once(stackstorm: StackStorm, api: Api) -> None:
    world = api.world
    world.config["people"]["dave"] = {"chat": ["dave"]}
    world.config["groups"] = {"release-managers": ["carol", "dave"]}
    world.config["environments"]["production"] = {
        "deployers": ["alice"], "approvers": ["release-managers"], "approvals": 1,
        "rooms": ["#ops"],
    }  # fmt: skip
    stackstorm.configure(world.config)
    change = stackstorm.ask("deploy api 1.0 to production", "alice", "#ops").result["change"]
    counts = codes(
        at_once(
            stackstorm, [(f"approve change {change}", who, "#ops") for who in ("carol", "dave")]
        )
    )
    print("two approvals:", counts)
    assert counts["deployed"] == 1
    assert api.log() == ["begun 1.0", "done 1.0"]
    the_record_is_true(world)


def test_a_card_that_a_tracker_refused_while_it_was_down_is_made_once_when_it_is_back(
    stackstorm: StackStorm, on_postgres: World
) -> None:
    with card_kinds.case("github") as it:
        on_postgres.config.update(it.config())
        on_postgres.config["groups"], on_postgres.config["environments"] = {}, {"test": {}}
        url = it.tracker["url"]
        it.tracker["url"] = "http://127.0.0.1:1"
        stackstorm.configure(on_postgres.config)
        down = codes(at_once(stackstorm, [("create card: checkout is broken",)] * 4))
        print("tracker down:", down)
        assert "card_created" not in down
        it.tracker["url"] = url
        stackstorm.configure(on_postgres.config)
        up = codes(at_once(stackstorm, [("create card: checkout is broken",)] * 4))
        assert up["card_created"] == 1
        assert it.vendor is not None
        assert len(it.vendor.sent("POST")) == 1
        assert on_postgres.chain_holds()
