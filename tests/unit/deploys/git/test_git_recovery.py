"""What is damaged, killed or full leaves `current` whole, and the next deployment works."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from opsroom.deploys.git import archive
from opsroom.deploys.git import release_dir as releases_module
from opsroom.errors import Code
from support.deploys.git import World
from support.deploys.jobs import Notes, lost
from support.errors import failure_of

LIB = Path(__file__).resolve().parents[4] / "actions" / "lib"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("damage", ["emptied", "head", "packs", "file", "locks"])
def test_a_damaged_mirror_is_made_anew(world, damage):
    world.deploy("v1.0.0")
    mirror = world.root / "mirror.git"
    if damage == "emptied":
        shutil.rmtree(mirror)
        mirror.mkdir()
    elif damage == "file":
        shutil.rmtree(mirror)
        mirror.write_text("no folder")
    elif damage == "head":
        (mirror / "HEAD").write_bytes(b"\0\0")
    elif damage == "locks":
        (mirror / "packed-refs.lock").touch()
        for name in ("heads/main", "tags/v2.0.0"):
            (mirror / "refs" / name).parent.mkdir(parents=True, exist_ok=True)
            (mirror / "refs" / f"{name}.lock").touch()
        world.repository.commit({"version.txt": "v2.0.0"}, "v2.0.0")
    else:
        for path in (mirror / "objects").rglob("*"):
            if path.is_file():
                path.chmod(0o644)
                path.write_bytes(b"")
    version = "v2.0.0" if damage == "locks" else "v1.2.0"
    world.deploy(version)
    assert world.current == version
    assert sorted(path.name for path in world.root.iterdir()) == [
        ".opsroom.lock",
        "current",
        "mirror.git",
        "releases",
    ]


def test_objects_that_are_missing_only_when_they_are_exported_are_fetched_anew(world):
    deployer = world.deployer()
    resolved = deployer.resolve("v1.2.0")
    for path in (world.root / "mirror.git" / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    deployer.deploy(resolved, Notes())
    assert world.current == "v1.2.0"


def test_two_processes_that_fetch_at_once_both_find_the_version(world):
    from support.processes import at_once

    assert (
        at_once(6, lambda index: world.deployer().resolve("v1.2.0").commit)
        == [world.commits["v1.2.0"]] * 6
    )


def test_a_folder_that_another_process_keeps_is_told(world):
    deployer = world.deployer(time_limit=1)
    with deployer._releases.locked(5):
        failure = failure_of(world.deployer(time_limit=1).resolve, "v1.0.0")
    assert failure.code is Code.TIMED_OUT
    assert "Another process" in failure.message


def test_a_kept_release_can_be_deployed_again_while_the_repository_is_away(world):
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    world.repository.path.rename(world.repository.path.with_name("away"))
    world.deploy("v1.0.0")
    assert world.current == "v1.0.0"
    assert failure_of(world.deploy, "v1.2.0").code is Code.UNREACHABLE


def test_a_commit_that_was_rewritten_can_be_deployed_again_from_its_release(world):
    world.repository.git("checkout", "--quiet", "-b", "topic")
    gone = world.repository.commit({"version.txt": "gone"})
    world.deploy("topic")
    world.repository.git("checkout", "--quiet", "main")
    world.repository.git("branch", "-D", "topic")
    shutil.rmtree(world.root / "mirror.git")
    world.deploy("v1.0.0")
    assert world.deployer().resolve(gone[:12]).commit == gone


def test_hooks_and_variables_of_the_surroundings_have_no_say(world, monkeypatch, tmp_path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "config"
    config.write_text(
        f'[core]\n\thooksPath = {hooks}\n[filter "lfs"]\n\tsmudge = touch '
        f"{tmp_path}/smudged\n\trequired = true\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for name in ("GIT_DIR", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    world.repository.commit({".gitattributes": "*.bin filter=lfs\n", "a.bin": "A"}, "filtered")
    world.deploy("filtered")
    assert (world.root / "current" / "a.bin").read_text() == "A"
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "smudged").exists()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space is left on the disk"),
        (errno.EACCES, "right to write"),
        (errno.EROFS, "read-only"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("step", ["write", "flush", "rename", "symlink"])
def test_a_disk_that_fails_leaves_current_as_it_was(world, monkeypatch, number, words, step):
    world.deploy("v1.0.0")

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    where = {
        "write": (archive, "_write"),
        "flush": (releases_module, "_flush"),
        "rename": (releases_module.os, "rename"),
        "symlink": (releases_module.os, "symlink"),
    }
    deployer = world.deployer()
    resolved = deployer.resolve("v1.1.0")
    with monkeypatch.context() as patch:
        patch.setattr(*where[step], fail)
        failure = failure_of(deployer.deploy, resolved, Notes())
    assert failure.code is Code.DEPLOY_FAILED
    assert words in failure.message
    assert world.current == "v1.0.0"
    assert not [name for name in world.releases() if name.startswith(".half")]
    world.deploy("v1.1.0")
    assert world.current == "v1.1.0"


def test_a_root_that_cannot_be_made_is_told(world, tmp_path):
    (tmp_path / "file").write_text("")
    failure = failure_of(world.deployer(root=f"{tmp_path}/file/root").resolve, "v1.0.0")
    assert failure.code is Code.DEPLOY_FAILED
    assert "a part of the path is no folder" in failure.message


def test_old_releases_that_cannot_be_removed_do_not_fail_the_deployment(world, monkeypatch):
    world.deploy("v1.0.0")

    def fail(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(releases_module.Releases, "tidy", fail)
    job = world.deploy("v1.1.0")
    assert world.current == "v1.1.0"
    assert "could not be removed" in job.lines[-1]


CHILD = textwrap.dedent(
    """
    import sys, threading
    from opsroom.deploys.git import archive as unpacking, release_dir as releases
    from opsroom.deploys import REGISTRY, Target
    from opsroom.deploys.git import Options
    repository, root, where = sys.argv[1:]

    def stop():
        print("here", flush=True)
        threading.Event().wait(120)

    class Job:
        def note(self, line):
            if where == "flipped" and line.startswith("current now"):
                stop()
        def check(self):
            pass

    write, replace = unpacking._write, releases.os.replace
    written = []

    def writing(path, *rest):
        result = write(path, *rest)
        written.append(path)
        if where == "unpacking" and len(written) == 2:
            stop()
        return result

    def flushing(folder):
        if where == "exported":
            stop()

    def replacing(old, new):
        if where == "flipping" and str(new).endswith("current"):
            stop()
        replace(old, new)

    unpacking._write, releases._flush, releases.os.replace = writing, flushing, replacing
    deployer = REGISTRY.make("git", Options(repository, root), target=Target("web", "uat"))
    deployer.deploy(deployer.resolve("v1.2.0"), Job())
    """
)


@pytest.mark.parametrize("where", ["unpacking", "exported", "flipping", "flipped"])
def test_sigkill_leaves_current_whole_and_the_next_deployment_cleans_up(world, where):
    world.deploy("v1.0.0")
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(world.repository.path), str(world.root), where],
        env={**os.environ, "PYTHONPATH": str(LIB)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert world.current == ("v1.2.0" if where == "flipped" else "v1.0.0")
    if where in ("unpacking", "exported"):
        assert [name for name in world.releases() if name.startswith(".half")]
    world.deploy("v1.1.0")
    assert world.current == "v1.1.0"
    left = [*world.releases(), *(path.name for path in world.root.iterdir())]
    assert not [name for name in left if name.startswith((".half", ".current", ".mirror"))]


def test_a_release_whose_removal_was_cut_short_is_never_used(world, monkeypatch):
    world.deploy("v1.0.0")
    world.deploy("v1.1.0")
    real = shutil.rmtree

    def cut_short(path, *rest, **options):
        if (Path(path) / "version.txt").exists():
            (Path(path) / "version.txt").unlink()
            raise OSError(errno.EIO, "Input/output error")
        real(path, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(releases_module.shutil, "rmtree", cut_short)
        world.deploy("v1.2.0", keep=2)
    world.deploy("v1.0.0")
    assert world.current == "v1.0.0"


def test_waiting_for_another_process_ends_when_a_check_raises(world):
    deployer = world.deployer()
    resolved = deployer.resolve("v1.0.0")
    with world.deployer()._releases.locked(5):
        failure = failure_of(deployer.deploy, resolved, Notes(lost))
    assert failure.code is Code.CLAIM_LOST
