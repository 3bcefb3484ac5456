"""Cards on a running StackStorm: every kind of tracker through chat, once, in whose name, and
without expressions."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest

from opsroom.db.store import open_store
from support.cards.kinds import CASES, Case, case, story
from support.chat.conversation import Answer
from support.records.stores import rows
from support.servers.http import Reply
from support.stackstorm.client import StackStorm
from support.stackstorm.scaling import at_once, codes
from support.worlds.world import World

SECRET = "topsecret-of-the-store"


def configured(stackstorm: StackStorm, world: World, it: Case) -> World:
    """The world with that tracker, and StackStorm told of it."""
    world.config.update(it.config())
    world.config["groups"], world.config["environments"] = {}, {"test": {}}
    stackstorm.configure(world.config)
    return world


@pytest.mark.parametrize("name", CASES)
def test_a_card_of_every_kind_is_made_commented_on_shown_moved_assigned_and_found(
    name: str, stackstorm: StackStorm, world: World
) -> None:
    with case(name) as it:
        configured(stackstorm, world, it)
        executions: List[str] = []

        def say(text: str, who: str) -> Answer:
            answer = stackstorm.ask(text, who)
            assert answer.result, answer.execution
            executions.append(answer.id)
            return Answer(
                answer.status == "succeeded", answer.code, answer.result["message"], answer.result
            )

        story(say, it)
        records = world.records()
        assert world.chain_holds()
        assert {one.execution_id for one in records} <= set(executions)
        for secret in it.secrets:
            assert secret not in repr(records)
            assert not [
                one for one in executions if secret in repr(stackstorm.execution(one)["result"])
            ]


def test_the_room_reads_the_answer_and_the_card_says_who_asked_where(
    stackstorm: StackStorm, world: World
) -> None:
    with case("jira cloud") as it:
        world.config["web"] = "https://st2.example.com"
        configured(stackstorm, world, it)
        answer = stackstorm.say("create card: checkout is broken\nsince noon", "mallory", "#ops")
        assert answer.message.startswith(
            "mallory (unknown here) created OPS-1 in desk: checkout is broken. http"
        )
        assert answer.posted["extra"]["slack"]["color"] == "#2eb886"
        assert it.vendor is not None
        line = f"(in #ops) via opsroom, https://st2.example.com/#/history/{answer.id}"
        assert all(part in it.vendor.sent("POST")[-1].body.decode() for part in line.split(", "))
        shown = stackstorm.ask("show card OPS-1").result
        assert (shown["reporter"], shown["description"]) == ("mallory (unknown here)", "since noon")


def test_who_asks_cannot_be_claimed(stackstorm: StackStorm, world: World) -> None:
    with case("local") as it:
        configured(stackstorm, world, it)
        answer = stackstorm.tell("create card: checkout is broken requester=bob")
        assert answer.status_code == 400
        assert world.records() == []
        # It is the pair that is refused.
        right = stackstorm.ask("create card: checkout is broken requester=bob .")
        assert right.code == "card_created"


def test_the_same_message_in_many_executions_at_once_makes_one_card(
    stackstorm: StackStorm, world: World
) -> None:
    with case("github") as it:
        configured(stackstorm, world, it)
        counts = codes(at_once(stackstorm, [("create card: checkout is broken",)] * 4))
        assert counts["card_created"] == 1
        assert set(counts) <= {"card_created", "card_there", "busy"}, counts
        assert it.vendor is not None
        assert len(it.vendor.sent("POST")) == 1
        assert stackstorm.ask("create card: checkout is broken").code == "card_there"


@pytest.mark.parametrize("name", ["jira cloud", "trello", "basecamp cards", "github"])
def test_a_connection_that_breaks_after_the_card_was_made_leaves_one_card(
    name: str, stackstorm: StackStorm, world: World
) -> None:
    with case(name) as it:
        configured(stackstorm, world, it)
        assert it.vendor is not None
        stackstorm.ask("cards about checkout")  # where a token is fetched first
        it.vendor.after("unanswered", where=lambda request: request.method == "POST")
        answer = stackstorm.ask("create card: checkout is broken")
        assert answer.code == "card_created", answer.result
        assert "was lost" in answer.result["message"]
        found = stackstorm.ask("cards about checkout is broken").result["cards"]
        assert len(found) == 1
        assert [one.event.value for one in world.records()] == ["asked", "card_created"]


def test_a_text_with_an_expression_is_refused_and_one_that_comes_back_is_not_evaluated(
    stackstorm: StackStorm, world: World
) -> None:
    with case("github") as it, stackstorm.secret("opsroom_card_test", SECRET):
        configured(stackstorm, world, it)
        spell = "{{ st2kv('system.opsroom_card_test', decrypt=true) }}"
        assert stackstorm.tell(f"create card: {spell}").status_code == 400
        assert stackstorm.tell(f"comment on card acme/web#1: {spell}").status_code == 400
        assert it.vendor is not None
        assert it.vendor.sent() == []
        # Someone wrote it on the tracker's own page.
        issue = {
            "number": 1, "title": f"x {spell}",
            "body": f"y {spell} <% st2kv(system.opsroom_card_test) %>",
            "state": "open", "user": {"login": "eve"}, "assignees": [], "comments": 0,
            "html_url": "https://github.com/acme/web/issues/1",
            "updated_at": "2026-11-23T10:00:00Z",
        }  # fmt: skip
        it.vendor.instead(Reply(200, json.dumps(issue), {"Content-Type": "application/json"}))
        answer = stackstorm.say("show card acme/web#1")
        assert answer.code == "card", answer.result
        assert SECRET not in repr(answer.execution["result"])
        assert SECRET not in answer.message
        assert "st2kv" in answer.message


def test_30000_characters_arrive_whole(stackstorm: StackStorm, world: World) -> None:
    with case("local") as it:
        configured(stackstorm, world, it)
        line = "Straße | 猫 | <b>x</b> | `y` | https://example.com/?a=b&c=d or so\n"
        text = "checkout\n" + line * ((30_000 - 9) // len(line))
        assert stackstorm.ask(f"create card: {text}").code == "card_created"
        cards = kept(world)
        assert cards == [("checkout", text.partition("\n")[2].strip())]
        assert stackstorm.say(f"create card: {'x' * 30_001}").code == "invalid_name"
        assert stackstorm.tell(f"create card: {'x' * 31_001}").status_code == 400


def kept(world: World) -> List[Any]:
    """What the board has, read from the database itself."""
    return rows(open_store(world.database), "SELECT summary, description FROM cards")


def test_without_a_tracker_the_answer_says_what_to_add(
    stackstorm: StackStorm, world: World
) -> None:
    config: Dict[str, Any] = {**world.config}
    stackstorm.configure(config)
    answer = stackstorm.say("create card: checkout is broken")
    assert (answer.status, answer.code) == ("failed", "no_tracker")
    assert "board: {kind: local}" in answer.message
