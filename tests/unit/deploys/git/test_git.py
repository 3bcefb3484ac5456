"""A version is exported and switched to in one step."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from opsroom.deploys import Target
from opsroom.errors import Code
from support.deploys.git import World
from support.deploys.jobs import Notes, lost
from support.errors import failure_of


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_version_is_exported_and_current_points_to_it(world):
    job = world.deploy("v1.1.0")
    commit = world.commits["v1.1.0"]
    assert world.current == "v1.1.0"
    assert os.readlink(world.root / "current") == f"releases/v1.1.0-{commit[:12]}"
    note = json.loads((world.root / "current" / ".opsroom-release.json").read_text())
    assert {key: note[key] for key in ("version", "commit", "app", "environment")} == {
        "version": "v1.1.0",
        "commit": commit,
        "app": "web",
        "environment": "uat",
    }
    assert note["exported_at"].endswith("+00:00")
    assert job.lines[0] == f"exporting v1.1.0 ({commit[:12]})"
    assert job.lines[-1].startswith("current now points to")
    assert not (world.root / "current" / ".git").exists()


def test_a_file_url_works_as_a_path_does(world):
    world.deploy("v1.0.0", repository=f"file://{world.repository.path}")
    assert world.current == "v1.0.0"


def test_a_release_that_is_there_is_used_again(world):
    world.deploy("v1.0.0")
    mark = Path(os.path.realpath(world.root / "current")) / "mark"
    mark.touch()
    world.deploy("v1.1.0")
    job = world.deploy("v1.0.0")
    assert mark.exists()
    assert world.current == "v1.0.0"
    assert "is there already" in job.lines[0]


def test_a_branch_is_deployed_as_its_commit_and_can_be_deployed_again_by_it(world):
    deployer = world.deployer()
    resolved = deployer.resolve("main")
    deployer.deploy(resolved, Notes())
    assert world.releases() == [resolved.version]
    assert deployer.resolve(resolved.version).commit == resolved.commit


def test_versions_with_slashes_do_not_collide_or_nest(world):
    first = world.repository.commit({"version.txt": "slash"}, "release/1.0")
    world.repository.git("tag", "release-1.0")
    world.deploy("release/1.0")
    world.deploy("release-1.0")
    assert world.releases() == [f"release-1.0-{first[:12]}", f"release~1.0-{first[:12]}"]


def test_only_the_last_deployed_releases_are_kept_and_always_the_current_one(world):
    for version in ("v1.0.0", "v1.1.0", "v1.2.0", "v1.0.0"):
        world.deploy(version, keep=2)
    assert [name[:6] for name in world.releases()] == ["v1.0.0", "v1.2.0"]
    world.deploy("v1.1.0", keep=1)
    assert [name[:6] for name in world.releases()] == ["v1.1.0"]


def test_a_release_that_was_used_again_counts_as_deployed_then(world):
    for version in ("v1.0.0", "v1.1.0", "v1.2.0", "v1.0.0"):
        world.deploy(version)
    world.deploy("v1.1.0", keep=2)
    assert [name[:6] for name in world.releases()] == ["v1.0.0", "v1.1.0"]


def test_folders_of_somebody_else_are_left_alone(world):
    (world.root / "releases" / "20240101120000").mkdir(parents=True)
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        world.deploy(version, keep=1)
    assert world.releases() == ["20240101120000", f"v1.2.0-{world.commits['v1.2.0'][:12]}"]


def test_links_inside_the_release_are_kept(world):
    world.repository.commit(
        {"data/a": "A"}, "links", {"to-a": "data/a", "data/up": "../version.txt", "gone": "none"}
    )
    world.deploy("links")
    release = world.root / "current"
    assert (release / "to-a").read_text() == "A"
    assert os.readlink(release / "data" / "up") == "../version.txt"
    assert os.readlink(release / "gone") == "none"


@pytest.mark.parametrize(
    "links",
    [
        {"out": "/etc/passwd"},
        {"out": "../../../etc"},
        {"data/out": "../.."},
        {"l": "data/deep/up", "data/deep/up": "../..", "data/deep/out": "up/../../.."},
        {"out": ".."},
    ],
)
def test_a_link_that_leaves_the_release_is_refused_and_nothing_changes(world, links):
    world.deploy("v1.0.0")
    world.repository.commit({"data/deep/a": "A"}, "evil", links)
    failure = failure_of(world.deploy, "evil")
    assert failure.code is Code.DEPLOY_FAILED
    assert "outside of the release" in failure.message
    assert world.current == "v1.0.0"
    assert len(world.releases()) == 1


def test_a_tracked_file_or_link_with_the_name_of_the_note_is_replaced(world, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    world.repository.commit({"version.txt": "x"}, "noted", {".opsroom-release.json": "version.txt"})
    world.deploy("noted")
    assert world.current == "x"
    assert (
        json.loads((world.root / "current" / ".opsroom-release.json").read_text())["version"]
        == "noted"
    )


def test_nothing_of_a_failed_check_before_the_flip_is_seen(world):
    world.deploy("v1.0.0")
    checks = []

    def check():
        checks.append(world.current)
        if any(line.startswith("unpacked") for line in job.lines):
            lost()

    job = Notes(check)
    assert failure_of(world.deploy, "v1.1.0", job).code is Code.CLAIM_LOST
    assert world.current == "v1.0.0"
    assert not [name for name in world.releases() if name.startswith(".half")]


def test_the_check_comes_right_before_the_flip(world):
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    job = Notes(lost)
    assert failure_of(world.deploy, "v1.0.0", job).code is Code.CLAIM_LOST
    assert world.current == "v1.1.0"


def test_a_root_that_another_environment_uses_is_refused(world):
    world.deploy("v1.0.0", root=str(world.root))
    failure = failure_of(
        world.deploy, "v1.1.0", root=str(world.root), target=Target("web", "production")
    )
    assert "already holds web on uat" in failure.message
    assert "{environment}" in failure.hint
    assert world.current == "v1.0.0"


def test_a_current_that_is_a_folder_is_not_touched(world):
    (world.root / "current").mkdir(parents=True)
    failure = failure_of(world.deploy, "v1.0.0")
    assert failure.code is Code.DEPLOY_FAILED
    assert "is not a link" in failure.message
    assert (world.root / "current").is_dir()


def test_the_current_link_is_never_absent_while_versions_change(world):
    world.deploy("v1.0.0")
    over, absent, looks = threading.Event(), [], []

    def watch():
        while not over.is_set():
            try:
                looks.append(os.stat(world.root / "current" / "version.txt").st_ino)
            except OSError as error:
                absent.append(error)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for version in ("v1.1.0", "v1.2.0", "v1.0.0", "v1.1.0"):
        world.deploy(version)
    over.set()
    watcher.join(30)
    assert looks
    assert absent == []
