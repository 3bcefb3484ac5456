"""The record and the answers stay true when tags move, applications are down, claims are lost and
databases go away."""

from __future__ import annotations

from typing import Any, Dict

from opsroom.commands import request as record
from opsroom.commands.deployments import pipeline
from opsroom.errors import Code, Failure
from support.expectations import expect
from support.worlds.world import World, git, python


def move_tag(world: World, tag: str) -> str:
    """Point a tag to something else than it was; the new commit."""
    repository = world.folder / "repository"
    (repository / "VERSION").write_text("EVIL\n")
    git(repository, "commit", "--quiet", "-am", "evil")
    git(repository, "tag", "--force", tag)
    return git(repository, "rev-parse", tag)


def names_only(world: World) -> Dict[str, Any]:
    """A version source that tells the name of the version and no commit, as most applications
    do."""
    path = world.folder / "srv" / "web" / "{environment}" / "current" / "VERSION"
    body = "import os, sys; print(open(sys.argv[1]).read() if os.path.exists(sys.argv[1]) else '')"
    return python(body, str(path))


def test_a_rollback_brings_back_what_ran_and_not_what_its_tag_means_by_now(world: World) -> None:
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    move_tag(world, "v1.0.0")
    answer = world.ask("rollback", app="web", environment="uat")
    assert answer["code"] == "changed_meanwhile"
    assert world.running() == "v1.1.0"
    ran = next(
        one for one in world.records() if one.version == "v1.0.0" and one.event.value == "succeeded"
    )
    assert ran.facts["commit"][:12] in answer["hint"]


def test_promoting_does_not_trust_a_name_where_the_record_knows_the_commit(world: World) -> None:
    world.with_app("web", **{**world.config["apps"]["web"], "version": names_only(world)})
    world.deploy("v1.1.0", "test")
    move_tag(world, "v1.1.0")
    expect(
        world.ask("promote", app="web", source="test", environment="uat"), code="changed_meanwhile"
    )
    assert world.running("uat") == ""


def test_the_order_of_environments_does_not_trust_a_name_either(world: World) -> None:
    world.config["environments"]["uat"] = {"after": "test"}
    world.with_app("web", **{**world.config["apps"]["web"], "version": names_only(world)})
    world.deploy("v1.1.0", "test")
    move_tag(world, "v1.1.0")
    expect(world.deploy("v1.1.0"), code="out_of_order")


def down(world: World) -> None:
    source = {"kind": "http", "url": "http://127.0.0.1:9/version", "time_limit": "1s"}
    world.with_app("web", **{**world.config["apps"]["web"], "version": source, "verify_for": "0s"})


def test_one_that_is_down_can_be_rolled_back_and_helped_in_an_emergency(world: World) -> None:
    world.config["environments"]["uat"] = {"emergency": ["carol"]}
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    down(world)
    expect(world.deploy("v1.2.0"), code="unreachable")
    # It is put in place; that it does not come up is told, and the record knows from where.
    assert world.ask("rollback", app="web", environment="uat")["code"] == "not_verified"
    assert world.running() == "v1.0.0"
    assert world.emergency("v1.2.0", "uat")["code"] == "not_verified"
    assert world.running() == "v1.2.0"
    assert world.records()[-1].version_before == "v1.1.0"


def test_without_a_source_the_record_tells_what_runs(world: World) -> None:
    world.with_app("api", deploy=python("pass"))
    world.deploy("1.0", app="api")
    world.deploy("1.1", app="api")
    assert world.records()[-1].version_before == "1.0"
    expect(world.ask("rollback", app="api", environment="uat"), code="deployed", version="1.0")


def test_a_success_without_a_record_is_no_failure(world: World, monkeypatch: Any) -> None:
    original = record.Request._write_end

    def away(self: record.Request, entry: Any, also: Any) -> bool:
        if entry.event.value == "succeeded":
            raise Failure(Code.STORE_UNREACHABLE, "The database is away.")
        return original(self, entry, also)

    monkeypatch.setattr(record, "_TIMEOUT", 0.0)
    monkeypatch.setattr(record.Request, "_write_end", away)
    answer = world.deploy("v1.1.0")
    expect(answer, ok=False, code="store_unreachable")
    assert "v1.1.0 is on uat, but that could not be recorded" in answer["message"]
    assert world.events() == ["asked", "started"]
    world.let_leases_run_out()
    history = world.ask("get_history", app="web", environment="uat")
    assert "v1.1.0 had been put in place" in history["deployments"][0]["message"]


def test_who_lost_the_claim_records_no_success(world: World, monkeypatch: Any) -> None:
    original = pipeline.success

    def success(request: Any, order: Any, verified: bool) -> str:
        if request.version == "v1.1.0":
            # The lease runs out unnoticed; bob comes, settles it and deploys.
            world.let_leases_run_out()
            world.deploy("v1.2.0", who="bob")
        return original(request, order, verified)

    monkeypatch.setattr(pipeline, "success", success)
    answer = world.deploy("v1.1.0", who="alice")
    expect(answer, ok=False, code="claim_lost")
    assert "v1.2.0 runs there now." in answer["message"]
    events = ["asked", "started", "asked", "interrupted", "started", "succeeded"]
    swapped = ["asked", "started", "interrupted", "asked", "started", "succeeded"]
    assert world.events() in (events, swapped)
    assert world.finished()[0].version == "v1.2.0"


def test_a_commit_in_doubt_is_not_written_twice(world: World, monkeypatch: Any) -> None:
    original = record.Request._write_end
    lost = []

    def write(self: record.Request, entry: Any, also: Any) -> bool:
        held = original(self, entry, also)
        if entry.event.value == "succeeded" and not lost:
            lost.append(held)
            raise Failure(Code.STORE_UNREACHABLE, "The connection broke after the commit.")
        return held

    monkeypatch.setattr(record.Request, "_write_end", write)
    answer = world.deploy("v1.1.0")
    assert answer["code"] == "deployed"
    assert world.events() == ["asked", "started", "succeeded"]


def guarded(world: World, **rules: Any) -> World:
    world.config["people"]["carol"]["totp"] = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    world.config["environments"]["production"] = {
        "deployers": ["release-managers", "alice"],
        "approvers": ["release-managers", "bob"],
        "emergency": ["carol"],
        "approvals": 1,
        **rules,
    }
    return world


def test_an_emergency_is_announced_before_and_after_also_when_it_fails(world: World) -> None:
    guarded(world)
    world.config["announce"] = "#deploys"
    command = python("raise SystemExit(3)")
    world.with_app("api", deploy=command)
    assert world.emergency("1.0", app="api")["code"] == "deploy_failed"
    assert "past approval: checkout is down" in world.room.said[0]
    assert "failed" in world.room.said[-1]


def test_what_an_emergency_passes_is_named(world: World, monkeypatch: Any) -> None:
    guarded(world)
    original = pipeline._take_claim

    def take(request: Any, order: Any) -> Any:
        world.lock("production")
        return original(request, order)

    world.config["environments"]["production"]["lockers"] = ["bob"]
    monkeypatch.setattr(pipeline, "_take_claim", take)
    assert world.emergency()["code"] == "deployed"
    overridden = next(one for one in world.records() if one.event.value == "overridden")
    assert overridden.facts["passed"] == ["locked", "approval"]


def test_an_emergency_and_the_kill_switch_want_the_second_factor(world: World) -> None:
    import time

    import pyotp

    guarded(world, second_factor=True)
    assert world.emergency()["code"] == "code_needed"
    assert world.running("production") == ""
    totp = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    now = time.time()
    assert world.emergency(code=totp.at(now))["code"] == "deployed"
    assert world.lock("everything", "stolen names", who="carol")["code"] == "locked_now"
    assert world.unlock("everything", who="carol")["code"] == "code_needed"
    expect(world.unlock("everything", who="carol", code=totp.at(now)), code="code_used")
    assert world.unlock("everything", who="carol", code=totp.at(now + 30))["code"] == "unlocked"


def test_an_announcement_is_made_once_in_a_room_of_two_names(world: World) -> None:
    guarded(world)
    world.config["announce"] = "#ops"
    assert world.emergency(room="ops")["code"] == "deployed"
    assert world.room.said == []
