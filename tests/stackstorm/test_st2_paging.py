"""Paging on a running StackStorm: every kind of pager through chat, once, watched by the rule,
without expressions."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List

import pytest

from support.chat.conversation import Answer
from support.pages.kinds import CASES, case, story
from support.servers.http import HttpServer, Reply
from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.scaling import PAGE, at_once, codes, make_tables, with_pager
from support.worlds.world import World

SECRET = "topsecret-of-the-store"


@pytest.fixture
def two(stackstorm: StackStorm, world: World) -> Iterator[Dict[str, Any]]:
    """A receiver that fails as it is told, and a log of opsroom's own behind it."""
    with HttpServer() as server:
        pagers = {
            "hook": {"kind": "webhook", "url": server.url("/hook"), "time_limit": "2s"},
            "log": {"kind": "local", "on_call": {"web-team": ["bob", "carol"]}},
        }
        team = {
            "page": ["hook", "log"],
            "hook": "web-team",
            "log": "web-team",
            "phone": "the doorman",
        }
        world.config.update(pagers=pagers, teams={"web-team": team})
        world.config["apps"]["web"]["page"] = "web-team"
        stackstorm.configure(world.config)
        make_tables(stackstorm)
        yield {"server": server, "world": world}


@pytest.mark.parametrize("name", CASES)
def test_a_page_of_every_kind_is_sent_once_listed_acknowledged_escalated_and_resolved(
    name: str, stackstorm: StackStorm, world: World
) -> None:
    with case(name) as it:
        with_pager(stackstorm, world, it)
        executions: List[str] = []

        def say(text: str, who: str) -> Answer:
            answer = stackstorm.ask(text, who)
            assert answer.result, answer.execution
            executions.append(answer.id)
            return Answer(
                answer.status == "succeeded", answer.code, answer.result["message"], answer.result
            )

        events = story(say, it)
        records = world.records()
        assert [one.event.value for one in records if one.event.value != "asked"] == events
        assert world.chain_holds()
        assert {one.execution_id for one in records} <= set(executions)
        for secret in it.secrets:
            assert secret not in repr(records)
            assert not [
                one for one in executions if secret in repr(stackstorm.execution(one)["result"])
            ]


def test_the_room_reads_who_was_reached_and_the_page_says_who_asked_where(
    stackstorm: StackStorm, world: World
) -> None:
    with case("pagerduty") as it:
        with_pager(stackstorm, world, it, web="https://st2.example.com")
        answer = stackstorm.say("page web-team: checkout is down", "mallory", "#ops")
        assert answer.message.startswith("mallory (unknown here) paged Bob Brown (on call")
        assert "for web-team through duty, incident 1201. https://" in answer.message
        assert answer.posted["extra"]["slack"]["color"] == "#2eb886"
        assert answer.posted["channel"] == "#ops"
        assert answer.ack == ""


def test_the_same_page_of_two_executions_at_once_is_one_incident(
    stackstorm: StackStorm, world: World
) -> None:
    with case("pagerduty") as it:
        with_pager(stackstorm, world, it)
        counts = codes(at_once(stackstorm, [(PAGE,)] * 2))
        assert it.taken() == 1
        assert counts["paged"] == 1
        assert set(counts) <= {"paged", "paged_already", "busy"}, counts
        assert world.chain_holds()


def test_when_the_first_pager_is_down_the_next_is_tried_and_the_room_is_told(
    stackstorm: StackStorm, two: Dict[str, Any]
) -> None:
    two["server"].on("/hook", Reply(404, "no such hook"))
    answer = stackstorm.say("page web: checkout is down")
    assert answer.code == "paged"
    assert (
        "paged bob (on call) for web-team through log, incident 1. hook did not take it: "
        in answer.message
    )
    assert two["world"].records()[-1].facts["tried"][0]["pager"] == "hook"


def test_when_all_are_down_it_is_red_and_says_whom_to_phone(
    stackstorm: StackStorm, two: Dict[str, Any]
) -> None:
    two["server"].on("/hook", Reply(404, "no such hook"))
    two["world"].config["teams"]["web-team"].update(page=["hook"])
    stackstorm.configure(two["world"].config)
    answer = stackstorm.say("page web: checkout is down")
    assert (answer.status, answer.code) == ("failed", "not_paged")
    assert answer.message.endswith("Phone: the doorman")
    assert answer.posted["extra"]["slack"]["color"] == "#a30200"


def test_a_lost_answer_is_never_followed_by_a_second_page(
    stackstorm: StackStorm, two: Dict[str, Any]
) -> None:
    two["server"].on("/hook", Reply(200, "{}", drop="unanswered"))
    answer = stackstorm.say("page web: checkout is down")
    assert (answer.status, answer.code) == ("failed", "page_unconfirmed")
    assert "may have gone out and may not" in answer.message
    assert "Phone: the doorman" in answer.message
    assert len([one for one in two["server"].requests if one.path == "/hook"]) == 1
    again = stackstorm.ask("page web: checkout is down")
    assert again.code == "page_unconfirmed"
    assert len([one for one in two["server"].requests if one.path == "/hook"]) == 1


def test_a_loop_is_stopped_and_an_emergency_passes_and_is_announced(
    stackstorm: StackStorm, two: Dict[str, Any]
) -> None:
    world = two["world"]
    world.config.update(page_limit={"pages": 1}, announce="#deploys-of-paging")
    world.config["teams"]["web-team"]["page"] = ["log"]
    stackstorm.configure(world.config)
    assert stackstorm.ask("page web-team: number 1").code == "paged"
    refused = stackstorm.say("page web-team: number 2")
    assert refused.code == "page_limit"
    assert refused.posted["extra"]["slack"]["color"] == "#daa038"
    assert world.records()[-1].code == "page_limit"
    assert stackstorm.ask("emergency page web-team: number 3").code == "paged"
    wait_for(lambda: stackstorm.posts_in("#deploys-of-paging"), "the announcement")
    assert stackstorm.posts_in("#deploys-of-paging")[-1].startswith("Emergency: alice paged bob")


def test_the_rule_tells_the_room_when_nobody_answers_and_when_somebody_does(
    stackstorm: StackStorm, two: Dict[str, Any]
) -> None:
    world, room = two["world"], "#watched"
    world.config["teams"]["web-team"].update(page=["log"], watch="1s")
    stackstorm.configure(world.config)
    assert stackstorm.ask("page web: checkout is down", "alice", room).code == "paged"

    # The rule comes once a minute.
    def told() -> List[str]:
        return [one for one in stackstorm.posts_in(room) if not one.startswith("alice paged")]

    wait_for(told, "a word of the rule", 150)
    assert told()[0].startswith("Nobody has acknowledged page 1 (web-team) after ")
    assert told()[0].endswith("To alert the next responders: escalate page 1")
    rule = stackstorm.get("/rules/opsroom.watch_pages")
    assert (rule["enabled"], rule["action"]["ref"]) == (True, "opsroom.watch_pages")
    ran = stackstorm.newest("opsroom.watch_pages", 3)
    assert ran[-1]["status"] == "succeeded"
    # Nobody hears of it twice, and an answer in another room is told in this one.
    assert stackstorm.run("opsroom.watch_pages")["status"] == "succeeded"
    assert stackstorm.ask("ack page 1", "bob", "#elsewhere").code == "acknowledged"
    wait_for(lambda: len(told()) > 1, "the acknowledgement")
    assert told()[1].startswith("bob acknowledged page 1 (web-team) in log, ")


def test_watching_is_well_and_silent_where_nothing_is_configured(
    stackstorm: StackStorm, world: World
) -> None:
    stackstorm.configure({})
    ended = stackstorm.run("opsroom.watch_pages")
    assert (ended["status"], ended["result"]["result"]["code"]) == ("succeeded", "not_configured")
    stackstorm.configure(world.config)
    ended = stackstorm.run("opsroom.watch_pages")
    assert (ended["status"], ended["result"]["result"]["code"]) == ("succeeded", "watched")


@pytest.mark.parametrize(
    "text", ["{{ st2kv('system.enc_page', decrypt=true) }}", "<% st2kv('system.enc_page') %>"]
)
def test_an_expression_never_reaches_a_pager_nor_the_room(
    stackstorm: StackStorm, world: World, text: str
) -> None:
    with case("webhook") as it, stackstorm.secret("enc_page", SECRET):
        with_pager(stackstorm, world, it)
        for message in (
            f"page web-team: {text}",
            f"page {text}: x",
            f"ack page {text}",
            f'page web-team: x message="{text}"',
        ):
            answer = stackstorm.tell(message)
            assert answer.status_code >= 400, answer.text[:300]
            assert SECRET not in answer.text
        assert it.taken() == 0


def test_an_expression_in_an_incident_is_shown_and_not_evaluated(
    stackstorm: StackStorm, world: World
) -> None:
    with case("opsgenie") as it, stackstorm.secret("enc_page", SECRET):
        with_pager(stackstorm, world, it)
        # The whole title: the list would cut a longer one, and then it is no expression any more.
        it.open_elsewhere("{{ st2kv('system.enc_page', decrypt=true) }}")
        shown = stackstorm.say("show pages")
        assert shown.code == "pages"
        assert "st2kv('system.enc_page', decrypt=true) } }" in shown.message
        assert SECRET not in shown.message
        assert SECRET not in repr(shown.execution["result"])
