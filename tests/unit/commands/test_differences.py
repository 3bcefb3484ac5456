"""What changed: between two versions, between two environments, and with a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.audit.narrative import change_of
from opsroom.deploys import Commit
from opsroom.deploys.git.options import compare_template
from opsroom.deploys.reverts import net
from opsroom.records.model import Event
from support.expectations import expect
from support.worlds.world import World, git, make_world, runs


@pytest.fixture
def world(tmp_path: Path) -> World:
    """v1.0.0, then two commits of bob's and one of carol's up to v2.0.0, of which one is
    reverted."""
    made = make_world(tmp_path)
    repository = made.folder / "repository"
    for author, text in (
        ("bob", "Show the total in the cart"),
        ("carol", "OPS-12: keep people logged in"),
        ("bob", "Try a new search"),
        ("bob", 'Revert "Try a new search"'),
    ):
        git(
            repository, "commit", "--quiet", "--allow-empty", f"--author={author} <a@b>", "-m", text
        )
    (repository / "VERSION").write_text("v2.0.0\n")
    git(repository, "commit", "--quiet", "-am", "release v2.0.0")
    git(repository, "tag", "v2.0.0")
    return made


def between(world: World, before: str, after: str, **given: Any) -> Dict[str, Any]:
    return world.ask(
        "compare_versions", **{"app": "web", "before": before, "after": after, **given}
    )


def test_the_commits_between_two_versions_are_shown_without_reverted_work(world: World) -> None:
    answer = between(world, "v1.2.0", "v2.0.0")
    expect(answer, ok=True, code="commits")
    assert answer["message"].split("\n") == [
        "web v1.2.0 → v2.0.0: 3 commits by tester, carol and bob.",
        "release v2.0.0 (tester)",
        "OPS-12: keep people logged in (carol)",
        "Show the total in the cart (bob)",
    ]
    assert answer["commits"] == 3
    assert [one["author"] for one in answer["every_commit"]] == ["tester", "carol", "bob"]


def test_an_older_version_takes_the_same_commits_away(world: World) -> None:
    answer = between(world, "v2.0.0", "v1.2.0")
    assert "takes away 3 commits by" in answer["message"]
    assert answer["goes_back"] is True
    assert answer["cards"] == []


def test_one_version_has_nothing_that_it_lacks(world: World) -> None:
    assert "no commits lie between" in between(world, "v2.0.0", "v2.0.0")["message"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"app": "wbe"}, "unknown_app"),
        ({"after": "v9"}, "unknown_version"),
        ({"before": "-x"}, "invalid_name"),
        ({"app": "slow"}, "not_possible"),
    ],
)
def test_what_cannot_be_compared_is_named(world: World, given: Dict[str, str], code: str) -> None:
    world.with_app("slow", deploy=runs("true"))
    answer = between(world, **{"before": "v1.0.0", "after": "v2.0.0", **given})
    expect(answer, outcome="refused", code=code)


def test_a_long_list_says_how_many_are_left_out(world: World) -> None:
    repository = world.folder / "repository"
    for number in range(12):
        git(repository, "commit", "--quiet", "--allow-empty", "-m", f"Step {number}")
    git(repository, "tag", "v3.0.0")
    lines = between(world, "v2.0.0", "v3.0.0")["message"].split("\n")
    assert (len(lines), lines[-1]) == (6, "and 8 more")


def test_what_is_on_one_environment_and_not_on_another(world: World) -> None:
    for version, environment in (("v1.2.0", "test"), ("v2.0.0", "uat")):
        world.deploy(version, environment)
    answer = world.ask("compare_environments", source="uat", environment="test")
    expect(answer, ok=True, code="differences")
    assert answer["message"].startswith("On uat but not on test:\nweb | v2.0.0 (test: v1.2.0) | ")
    assert "3 commits by tester, carol and bob" in answer["message"]
    [difference] = answer["differences"]
    expect(difference, uat="v2.0.0", test="v1.2.0", commits=3)
    world.deploy("v2.0.0", "test")
    answer = world.ask("compare_environments", source="uat", environment="test")
    assert answer["message"] == "Nothing is on uat that is not on test."


def test_an_environment_is_not_compared_with_itself(world: World) -> None:
    answer = world.ask("compare_environments", source="uat", environment="UAT")
    expect(answer, outcome="refused", code="not_possible")


def test_a_place_that_does_not_answer_is_shown(world: World) -> None:
    broken = {"kind": "http", "url": "http://127.0.0.1:1/version"}
    world.with_app("away", deploy=runs("true"), version=broken)
    answer = world.ask("compare_environments", source="uat", environment="test")
    assert answer["unanswered"] == ["away"]
    assert "away | unknown | " in answer["message"]


# With a deployment.


def committed(world: World, before: str, after: str) -> List[int]:
    """When the commits in between were committed, newest first, in seconds since 1970; without the
    one that is reverted, and its revert."""
    shown = git(world.folder / "repository", "log", "--format=%ct %s", f"{before}..{after}")
    return [int(one.split()[0]) for one in shown.splitlines() if "a new search" not in one]


def test_plan_answer_and_record_say_what_a_deployment_brings(world: World) -> None:
    world.deploy("v1.2.0")
    plan = world.ask("plan", app="web", version="v2.0.0", environment="uat")
    line = plan["message"].split("\n")[1]
    assert line.startswith("It brings 3 commits by tester, carol and bob: release v2.0.0; OPS-12: ")
    answer = world.deploy("v2.0.0")
    assert "3 commits by tester, carol and bob." in answer["message"]
    end = world.finished()[0]
    assert end.facts["commits"] == 3
    assert end.facts["commit_authors"] == ["tester", "carol", "bob"]
    assert "Show the total in the cart" in end.facts["commit_subjects"]
    assert end.facts["commit_times"] == committed(world, "v1.2.0", "v2.0.0")
    back = world.ask("rollback", app="web", environment="uat")
    assert "Takes away 3 commits by" in back["message"]
    assert "commit_times" not in world.finished()[0].facts
    started = [one for one in world.records() if one.event is Event.STARTED]
    assert not any("commit_times" in one.facts for one in started)


def test_the_audit_report_shows_what_was_brought(world: World) -> None:
    for version in ("v1.2.0", "v2.0.0"):
        world.deploy(version)
    records = world.records()
    change = change_of([one for one in records if one.deployment == records[-1].deployment])
    assert change is not None
    expect(change, commits=3, goes_back=False, commit_authors=("tester", "carol", "bob"))
    assert "Show the total in the cart" in change.commit_subjects


def test_those_who_approve_see_what_it_brings(world: World) -> None:
    world.deploy("v1.2.0")
    world.config["environments"]["uat"].update(approvals=1, approvers=["carol"])
    answer = world.deploy("v2.0.0")
    assert answer["code"] == "waiting"
    assert "; 3 commits by tester, carol and bob: release v2.0.0; OPS-12" in answer["plan"]
    assert answer["plan"] in answer["message"]


@pytest.mark.parametrize(
    ("repository", "template"),
    [
        ("https://github.com/acme/web.git", "https://github.com/acme/web/compare/"),
        ("https://x:t0ken@github.com/acme/web", "https://github.com/acme/web/compare/"),
        ("git@github.com:acme/web.git", "https://github.com/acme/web/compare/"),
        ("ssh://git@gitlab.com/a/b/web.git", "https://gitlab.com/a/b/web/-/compare/"),
        ("https://github.com.evil.example/acme/web", ""),
        ("https://git.example.com/acme/web", ""),
        ("/srv/git/web.git", ""),
    ],
)
def test_the_page_that_compares_is_known_for_known_hosts(repository: str, template: str) -> None:
    assert compare_template(repository).partition("{before}")[0] == template


def test_the_config_names_a_page_for_other_hosts(world: World) -> None:
    page = "https://git.example.com/{app}/compare/{before}...{after}"
    world.config["apps"]["web"]["deploy"]["compare"] = page
    answer = between(world, "v1.0.0", "v1.2.0")
    assert answer["compare"].startswith("https://git.example.com/web/compare/")
    assert answer["message"].endswith(answer["compare"])


def test_neither_merges_nor_a_pair_of_work_and_revert_count() -> None:
    merge = Commit("d" * 40, "Merge pull request #3", ("a" * 40, "c" * 40))
    commits = [
        merge,
        Commit("c" * 40, 'Revert "Add search"', ("b" * 40,)),
        Commit("b" * 40, "Add search", ("a" * 40,)),
        Commit("a" * 40, "Add cart", ("9" * 40,)),
    ]
    assert [one.message for one in net(commits).commits] == ["Add cart"]
    older = Commit("8" * 40, "Add login", (), new=False)
    takes_back = Commit("e" * 40, f"Undo\n\nThis reverts commit {'8' * 40}.", ("d" * 40,))
    assert takes_back in net([takes_back, *commits, older]).commits


def test_names_of_authors_are_evaluated_nowhere(world: World) -> None:
    repository = world.folder / "repository"
    author = "--author=Eve {{ st2kv('system.key', decrypt=true) }} @here <a@b>"
    git(repository, "commit", "--quiet", "--allow-empty", author, "-m", "Look {% here %}")
    git(repository, "tag", "v3.0.0")
    eve = "Eve { { st2kv('system.key', decrypt=true) } } @ here"
    answer = between(world, "v2.0.0", "v3.0.0")
    assert answer["every_commit"][0]["author"] == eve
    for version in ("v2.0.0", "v3.0.0"):
        world.deploy(version)
    expect(world.records()[-1].facts, commit_authors=[eve], commit_subjects=["Look { % here % }"])
