"""The deploy kind git with a repository whose ids are SHA-256."""

from __future__ import annotations

import os
import re
import shutil

import pytest

from opsroom.deploys import REGISTRY, Resolved
from opsroom.errors import Code
from opsroom.subprocesses import Ended
from opsroom.versions import same_version
from support.deploys.git import TARGET, World, options_of
from support.errors import failure_of, refusal_of
from support.worlds.repositories import Repository


@pytest.fixture
def world(tmp_path):
    return World(tmp_path, "sha256")


def test_tags_branches_and_commits_are_deployed_and_rolled_back(world):
    commit = world.commits["v1.1.0"]
    assert re.fullmatch("[0-9a-f]{64}", commit)
    world.deploy("v1.1.0")
    assert world.current == "v1.1.0"
    assert os.readlink(world.root / "current") == f"releases/v1.1.0-{commit[:12]}"
    newest = world.commits["v1.2.0"]
    assert world.deployer().resolve("main") == Resolved(newest[:12], "main", newest)
    for typed in (commit[:7], commit[:40], commit, commit.upper()):
        assert world.deployer().resolve(typed) == Resolved(commit[:12], typed, commit)
    world.deploy("main")
    assert world.current == "v1.2.0"
    world.deploy("v1.1.0")
    assert world.current == "v1.1.0"
    assert same_version(commit[:12], commit)


def test_an_id_that_is_not_there_is_unknown(world):
    assert refusal_of(world.deployer().resolve, "0" * 64).code is Code.UNKNOWN_VERSION
    assert refusal_of(world.deployer().resolve, "0" * 65).code is Code.UNKNOWN_VERSION


def test_it_tells_the_commits_between_two_versions(world):
    world.repository.commit(message="OPS-1 one", tag="v2.0.0")
    world.repository.commit(message="OPS-2 two", tag="v2.1.0")
    deployer = world.deployer()

    def told(before, after):
        return [one.message for one in deployer.commits(before, deployer.resolve(after)) if one.new]

    assert told("v2.0.0", "v2.1.0") == ["OPS-2 two"]
    assert told(world.commits["v1.2.0"], "v2.0.0") == ["OPS-1 one"]


def test_a_damaged_mirror_is_made_anew(world):
    world.deploy("v1.0.0")
    (world.root / "mirror.git" / "HEAD").write_bytes(b"\0\0")
    world.deploy("v1.2.0")
    assert world.current == "v1.2.0"


@pytest.mark.parametrize(("before", "after"), [("sha1", "sha256"), ("sha256", "sha1")])
def test_a_repository_that_was_converted_is_fetched_anew(tmp_path, before, after):
    world = World(tmp_path, before)
    world.deploy("v1.0.0")
    shutil.rmtree(world.repository.path)
    world.repository = Repository(tmp_path / "source", after)
    world.repository.commit({"version.txt": "v2.0.0"}, "v2.0.0")
    world.deploy("v2.0.0")
    assert world.current == "v2.0.0"
    assert sorted(path.name for path in world.root.iterdir()) == [
        ".opsroom.lock",
        "current",
        "mirror.git",
        "releases",
    ]


def test_an_empty_repository_says_so(tmp_path):
    Repository(tmp_path / "empty", "sha256")
    options, _ = options_of(repository=str(tmp_path / "empty"), root=str(tmp_path / "root"))
    assert (
        "no tags and no branches"
        in refusal_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1").hint
    )


@pytest.mark.parametrize("variable", ["sha1", "sha256"])
def test_what_the_machine_would_begin_with_has_no_say(tmp_path, monkeypatch, variable):
    monkeypatch.setenv("GIT_DEFAULT_HASH", variable)
    for object_format in ("sha1", "sha256"):
        world = World(tmp_path / object_format, object_format)
        world.deploy("v1.0.0")
        assert world.current == "v1.0.0"


def test_a_git_that_is_too_old_for_it_is_told(world, monkeypatch):
    deployer = world.deployer()
    told = ("error: unknown option `object-format=sha256'", "usage: git init")
    real = deployer._mirror._run

    def run(arguments, *rest, **more):
        if any(word.startswith("--object-format") for word in arguments):
            return Ended("git", 129, told)
        return real(arguments, *rest, **more)

    monkeypatch.setattr(deployer._mirror, "_run", run)
    failure = failure_of(deployer.resolve, "v1.0.0")
    assert failure.code is Code.DEPLOY_FAILED
    assert "has SHA-256 ids" in failure.message
    assert "git 2.29" in failure.hint
