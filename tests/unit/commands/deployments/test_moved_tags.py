"""Tags that are moved or removed, and commits with several names: by the commit wherever one is
known."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.commands.request import Request
from support.expectations import expect, says
from support.servers.http import HttpServer, Reply
from support.worlds.world import World, git, runs


def commit(world: World, name: str) -> str:
    return git(world.folder / "repository", "rev-parse", f"{name}^{{commit}}")


def move(world: World, tag: str, content: str) -> str:
    """A new commit, to which the tag is moved. Returns it."""
    repository = world.folder / "repository"
    (repository / "VERSION").write_text(f"{content}\n")
    git(repository, "commit", "--quiet", "-am", content)
    git(repository, "tag", "--force", tag)
    return commit(world, tag)


def plan(world: World, version: str, environment: str = "uat") -> str:
    return str(
        world.ask("plan", app="web", version=version, environment=environment)["message"]
    ).splitlines()[0]


def rollback(world: World) -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("rollback", app="web", environment="uat")
    world.unlock(who="alice", app="web")
    return answer


def test_the_plan_says_what_a_deployment_of_a_moved_tag_does(world: World) -> None:
    world.deploy("v1.1.0")
    first = commit(world, "v1.1.0")[:12]
    second = move(world, "v1.1.0", "hotfix")[:12]
    assert (
        plan(world, "v1.1.0") == f"web on uat would go from v1.1.0 ({first}) to v1.1.0 ({second})."
    )
    answer = world.deploy("v1.1.0")
    assert answer["code"] == "deployed"
    assert f"deployed web v1.1.0 to uat (before: v1.1.0 ({first})), verified" in answer["message"]
    assert world.running() == "hotfix"
    assert plan(world, "v1.1.0") == "web on uat already runs v1.1.0; a deployment would do nothing."
    assert world.deploy("v1.1.0")["code"] == "already_there"


def test_two_tags_of_one_commit_are_one_version_and_the_answer_says_so(world: World) -> None:
    git(world.folder / "repository", "tag", "v1.1.1", "v1.1.0")
    world.deploy("v1.1.0")
    known = "web on uat already runs v1.1.0, the same commit as v1.1.1"
    assert plan(world, "v1.1.1") == f"{known}; a deployment would do nothing."
    answer = world.deploy("v1.1.1")
    assert (answer["code"], answer["message"].startswith(f"{known}; nothing was done.")) == (
        "already_there",
        True,
    )
    # Another name is no other version to go back to.
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    world.deploy("v1.1.1", redeploy=True)
    assert rollback(world)["version"] == "v1.0.0"


def test_a_branch_counts_by_its_commit(world: World) -> None:
    world.deploy("main")
    assert plan(world, "main").startswith("web on uat already runs ")
    assert plan(world, "v1.2.0").endswith(
        "the same commit as v1.2.0; a deployment would do nothing."
    )
    move(world, "later", "later")
    assert plan(world, "main").startswith(
        f"web on uat would go from {commit(world, 'v1.2.0')[:12]} to "
    )


@pytest.mark.parametrize("source", ["directory", "http", "none"])
def test_a_rollback_goes_back_to_what_the_tag_stood_for(world: World, source: str) -> None:
    with HttpServer() as server:
        place = world.folder / "srv" / "web" / "uat"
        note = place / "current" / ".opsroom-release.json"
        server.on(
            "/v",
            lambda request: Reply(
                body=note.read_text() if note.exists() else '{"version": "none"}'
            ),
        )
        told: Dict[str, Any] = {
            "http": {"kind": "http", "url": server.url("/v"), "json": "version"}
        }
        web = {key: value for key, value in world.config["apps"]["web"].items() if key != "version"}
        kind = {"directory": world.config["apps"]["web"]["version"], "none": None, **told}[source]
        world.with_app("web", **web, **({"version": kind} if kind else {}))
        world.deploy("v1.0.0")
        world.deploy("v1.1.0")
        first = commit(world, "v1.1.0")
        move(world, "v1.1.0", "hotfix")
        world.deploy("v1.1.0", redeploy=True)
        assert world.running() == "hotfix"
        expect(rollback(world), code="deployed", version="v1.1.0")
        assert world.running() == "v1.1.0"
        assert world.finished()[0].facts["commit"] == first
        assert rollback(world)["version"] == "v1.0.0"
        assert world.running() == "v1.0.0"
        if source != "http":  # which said something before the first deployment, too
            assert rollback(world)["code"] == "nothing_before"


def test_the_lock_after_such_a_rollback_names_both_commits(world: World) -> None:
    world.deploy("v1.1.0")
    first = commit(world, "v1.1.0")[:12]
    second = move(world, "v1.1.0", "hotfix")[:12]
    world.deploy("v1.1.0")
    world.ask("rollback", app="web", environment="uat")
    (lock,) = world.ask("list_locks")["locks"]
    assert lock["reason"] == f"rolled back from v1.1.0 ({second}) to v1.1.0 ({first})"


def test_a_rollback_finds_a_version_whose_tag_was_removed(world: World) -> None:
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    git(world.folder / "repository", "tag", "--delete", "v1.0.0")
    assert world.deploy("v1.0.0")["code"] == "unknown_version"
    expect(rollback(world), code="deployed", version="v1.0.0")
    assert world.running() == "v1.0.0"


def test_a_rollback_to_a_commit_that_nobody_has_any_more_is_refused(world: World) -> None:
    world.deploy("main")
    gone = world.finished()[0].version
    repository = world.folder / "repository"
    git(repository, "reset", "--quiet", "--hard", "v1.1.0")
    git(repository, "tag", "--delete", "v1.2.0")
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "--quiet", "--prune=now")
    world.deploy("v1.1.0")
    for folder in (world.folder / "srv" / "web" / "uat" / "releases").iterdir():
        if folder.name.startswith(gone):
            folder.rename(world.folder / "away")
    (world.folder / "srv" / "web" / "uat" / "mirror.git").rename(world.folder / "mirror-away")
    answer = rollback(world)
    assert answer["code"] == "unknown_version"
    expect(
        answer, message=f"web {gone} was commit {gone} then, which the repository no longer has."
    )
    assert world.running() == "v1.1.0"


def test_older_records_lead_back_to_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Request, "_commits", lambda self: {"commit": self.commit or None})
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    move(world, "v1.1.0", "hotfix")
    world.deploy("v1.1.0")
    monkeypatch.undo()
    assert rollback(world)["version"] == "v1.1.0"
    assert world.running() == "v1.1.0"
    assert rollback(world)["version"] == "v1.0.0"


def test_the_history_shows_the_commits_where_only_they_differ(world: World) -> None:
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    first = commit(world, "v1.1.0")
    second = move(world, "v1.1.0", "hotfix")
    world.deploy("v1.1.0")
    answer = world.ask("get_history", app="web", environment="uat")
    says(answer, f"v1.1.0 ({first[:12]}) -> v1.1.0 ({second[:12]})", "v1.0.0 -> v1.1.0 |")
    expect(answer["deployments"][0], commit_before=first, commit=second)


def test_what_waits_names_both_commits_and_notices_a_move(world: World) -> None:
    world.config["environments"]["uat"] = {"approvals": 1}
    waiting = world.deploy("v1.1.0")
    assert world.ask("approve_change", "bob", change=waiting["change"])["code"] == "deployed"
    first = commit(world, "v1.1.0")[:12]
    second = move(world, "v1.1.0", "hotfix")[:12]
    waiting = world.deploy("v1.1.0")
    assert f"would go from v1.1.0 ({first}) to v1.1.0 ({second})" in waiting["message"]
    # Someone puts the new one in place by another way, under the same name.
    note = world.folder / "srv" / "web" / "uat" / "current" / ".opsroom-release.json"
    note.write_text(
        note.read_text().replace(commit(world, "v1.1.0~1"), "0" * 40).replace(first, "0" * 12)
    )
    refused = world.ask("approve_change", "bob", change=waiting["change"])
    assert refused["code"] == "changed_meanwhile"


def test_the_order_of_environments_goes_by_the_commit(world: World) -> None:
    world.config["environments"]["uat"] = {"after": "test"}
    world.deploy("v1.1.0", "test")
    move(world, "v1.1.0", "hotfix")
    assert world.deploy("v1.1.0")["code"] == "out_of_order"
    assert (
        "In the way: uat takes only what runs on test"
        in world.ask("plan", app="web", version="v1.1.0", environment="uat")["message"]
    )


def test_drift_under_the_same_name_is_seen(world: World) -> None:
    world.deploy("v1.1.0")
    first = commit(world, "v1.1.0")
    note = world.folder / "srv" / "web" / "uat" / "current" / ".opsroom-release.json"
    note.write_text(note.read_text().replace(first, "0" * 40))
    assert f"v1.1.0 ({'0' * 12})" in world.ask("report")["message"]


def test_a_runner_that_died_is_told_by_the_commit_of_its_tag(world: World) -> None:
    world.deploy("v1.1.0")
    first = commit(world, "v1.1.0")
    move(world, "v1.1.0", "hotfix")
    died_at = "opsroom.deploys.git.deployer:GitDeployer.deploy:before"
    world.spawn_deploy(die_at=died_at).wait()
    world.let_leases_run_out()
    world.ask("get_history", app="web", environment="uat")
    last = world.records()[-1]
    assert last.message == f"its runner was lost; v1.1.0 ({first[:12]}) runs there now"
    expect(last.facts, commit=commit(world, "v1.1.0"), commit_before=first)


def test_an_answer_that_was_the_same_before_verifies_nothing(world: World) -> None:
    web = world.config["apps"]["web"]
    script = world.folder / "says"
    script.write_text("v1.1.0")
    world.with_app("web", **{**web, "version": runs("cat", str(script))})
    assert world.deploy("v1.1.0", redeploy=True)["verified"] is True
    first = commit(world, "v1.1.0")[:12]
    second = move(world, "v1.1.0", "hotfix")[:12]
    # The record knows the commit that the application does not show.
    assert (
        plan(world, "v1.1.0") == f"web on uat would go from v1.1.0 ({first}) to v1.1.0 ({second})."
    )
    answer = world.deploy("v1.1.0")
    expect(answer, code="deployed", verified=False)
    unsure = (
        f"(before: v1.1.0 ({first})), not verified (it shows the same name as before, and "
        "no commit), in "
    )
    assert unsure in answer["message"]


def test_drift_to_another_commit_of_one_name_is_told_as_such(world: World) -> None:
    answer = world.ask(
        "note_drift",
        app="web",
        environment="uat",
        version="v1.1.0",
        version_before="v1.1.0",
        event="e1",
    )
    says(answer, begins="web on uat runs another commit of v1.1.0 now, and nobody asked opsroom")


def test_without_commits_names_are_all_there_is(world: World) -> None:
    version = world.folder / "version"
    script = f"printf %s {{version}} > {version}"
    world.with_app("api", deploy=runs("sh", "-c", script), version=runs("cat", str(version)))
    version.write_text("")
    for one in ("1.0", "1.1"):
        assert world.deploy(one, app="api")["code"] == "deployed"
    shown = world.ask("plan", app="api", version="v1.1", environment="uat")["message"]
    assert shown.startswith("api on uat already runs 1.1; a deployment would do nothing.")
    assert world.ask("rollback", app="api", environment="uat")["version"] == "1.0"
    assert "commit" not in world.finished()[0].facts
