"""Versions as teams name them, from the message in the room to the record, and back again."""

from __future__ import annotations

import pytest

from support.expectations import expect, says
from support.servers.http import HttpServer, Reply
from support.worlds.world import World, git


def tagged(world: World, *tags: str) -> None:
    """A commit with each tag, whose VERSION file says the tag."""
    repository = world.folder / "repository"
    for tag in tags:
        (repository / "VERSION").write_text(f"{tag}\n")
        git(repository, "commit", "--quiet", "--allow-empty", "-am", f"release {tag}")
        git(repository, "tag", tag)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("web@1.1.0", "web@1.2.0"),
        ("release/2026-10", "release/2026-11"),
        ("v1.2.0+build.5", "v1.2.0+build.6"),
        ("acme/web/v1.0.0-rc.1", "acme/web/v1.0.0"),
    ],
)
def test_a_tag_goes_all_the_way_and_back(world: World, first: str, second: str) -> None:
    tagged(world, first, second)
    assert world.ask("plan", app="web", version=first, environment="uat")["version"] == first
    for version in (first, second):
        answer = world.deploy(version)
        expect(answer, code="deployed", version=version)
        assert version in answer["message"]
        assert world.running() == version
    expect(world.ask("get_version", app="web", environment="uat"), message=f"web on uat: {second}")
    assert world.ask("promote", app="web", source="uat", environment="test")["version"] == second
    says(world.ask("get_history", app="web", environment="uat"), f"{first} -> {second}")
    assert world.ask("rollback", app="web", environment="uat")["version"] == first
    assert world.running() == first
    assert world.chain_holds()


def test_a_cache_that_gives_the_old_version_is_named(world: World) -> None:
    tagged(world, "v2.0.0")
    with HttpServer() as server:
        server.on("/version", Reply(body="v1.0.0", headers={"Age": "120", "X-Cache": "HIT"}))
        web = {
            **world.config["apps"]["web"],
            "version": {"kind": "http", "url": server.url("/version")},
        }
        world.with_app("web", **{**web, "verify_for": "0s"})
        answer = world.deploy("v2.0.0")
        check = world.ask("check_version", app="web", version="v2.0.0", environment="uat")
    assert answer["code"] == check["code"] == "not_verified"
    cure = (
        "A cache gave that answer (Age: 120, X-Cache: HIT) although opsroom asked it not to. Let "
        "the cache pass this address on."
    )
    assert answer["hint"] == check["hint"] == cure
