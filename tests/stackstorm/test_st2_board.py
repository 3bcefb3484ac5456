"""The board on a running StackStorm: made by hand, and renewed by its rules, without a herd."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

import pytest

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.rules import switched_on
from support.worlds.world import World

WEB = "https://st2.example.com"


@pytest.fixture
def page(stackstorm: StackStorm, world: World) -> Path:
    """Where the page goes; StackStorm's user makes the folder."""
    folder = world.folder / "www"
    world.config.update(board={"folder": str(folder)}, web=WEB)
    stackstorm.configure(world.config)
    return folder / "board.html"


def made_at(page: Path) -> str:
    """When the page was made, empty without one."""
    found = re.search(r'data-made="([^"]+)"', page.read_text("utf-8")) if page.exists() else None
    return found[1] if found else ""


def ended(stackstorm: StackStorm, known: List[str]) -> List[str]:
    """The codes of the runs of opsroom.board that are not known, once all have ended."""

    def runs() -> List[dict]:
        return [one for one in stackstorm.newest("opsroom.board") if one["id"] not in known]

    over = ("succeeded", "failed", "timeout", "canceled")
    wait_for(lambda: all(one["status"] in over for one in runs()), "the runs of opsroom.board end")
    return [one["result"]["result"]["code"] for one in runs()]


def test_the_action_makes_a_page_that_links_to_executions(
    stackstorm: StackStorm, page: Path
) -> None:
    deployed = stackstorm.say("deploy web v1.0.0 to uat")
    assert deployed.code == "deployed"
    execution = stackstorm.run("opsroom.board")
    assert execution["status"] == "succeeded", execution
    assert execution["result"]["result"]["path"] == str(page)
    text = page.read_text("utf-8")
    assert f'<a href="{WEB}/#/history/{deployed.id}"><bdi>v1.0.0</bdi></a>' in text
    assert "alice" in text
    assert page.stat().st_mode & 0o777 == 0o644


def test_without_a_folder_the_action_says_which_key(stackstorm: StackStorm, world: World) -> None:
    execution = stackstorm.run("opsroom.board")
    assert execution["status"] == "failed"
    assert execution["result"]["result"]["code"] == "not_configured"
    assert "board: {folder:" in execution["result"]["result"]["hint"]


def test_a_rule_renews_it_after_each_command_that_changes_something(
    stackstorm: StackStorm, page: Path
) -> None:
    with switched_on(stackstorm, "renew_board"):
        assert stackstorm.say("deploy web v1.1.0 to uat").code == "deployed"
        wait_for(lambda: made_at(page) and "v1.1.0" in page.read_text("utf-8"), "a page of v1.1.0")
        before = made_at(page)
        assert stackstorm.say("lock uat: load test for 2h", who="bob").code == "locked_now"
        wait_for(lambda: "load test" in page.read_text("utf-8"), "a page with the lock")
        assert made_at(page) > before
        # What only reads changes nothing.
        known = {one["id"] for one in stackstorm.newest("opsroom.board")}
        assert stackstorm.say("show locks").code == "locks"
        assert stackstorm.say("unlock uat", who="bob").code == "unlocked"
        wait_for(lambda: "load test" not in page.read_text("utf-8"), "a page without the lock")
    assert len({one["id"] for one in stackstorm.newest("opsroom.board")} - known) == 1


def test_a_burst_of_events_makes_no_herd_and_the_last_word_is_on_the_page(
    stackstorm: StackStorm, page: Path
) -> None:
    known = [one["id"] for one in stackstorm.newest("opsroom.board")]
    with switched_on(stackstorm, "renew_board"):
        begun = [
            stackstorm.begin(f"lock {place}: number {number} for 2h", who="bob")
            for number in range(4)
            for place in ("test", "uat")
        ]
        for one in begun:
            stackstorm.finish(one)
        wait_for(
            lambda: (
                len([one for one in stackstorm.newest("opsroom.board") if one["id"] not in known])
                >= 8
            ),
            "a run for each event",
        )
        codes = ended(stackstorm, known)
    assert set(codes) <= {"board", "nothing_new"}
    assert "board" in codes
    shown = stackstorm.say("show locks").message
    last = set(re.findall(r"number \d", shown))
    assert last
    assert all(one in page.read_text("utf-8") for one in last)


def test_the_timer_renews_it_without_any_command(stackstorm: StackStorm, page: Path) -> None:
    with switched_on(stackstorm, "renew_board_each_minute"):
        wait_for(lambda: made_at(page), "a page", timeout=150)
