"""The modes of what the deploy kind git makes, whatever the umask of its process."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from opsroom.deploys import Target
from opsroom.versions import REGISTRY, Running
from opsroom.versions.directory import Options
from support.deploys.git import World


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.repository.commit(
        {"bin/deep/er/file": "x", "odd": "y"}, "more", {"bin/link": "../odd"}, executable="odd"
    )
    return world


@pytest.fixture(params=[0o000, 0o022, 0o027, 0o077, 0o177])
def umask(request):
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def modes(folder: Path):
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in [folder, *folder.rglob("*")]
        if not path.is_symlink()
    }


def test_a_release_and_the_way_to_it_are_readable_and_nobody_else_writes(world, umask, tmp_path):
    world.deploy("more")
    for folder in (tmp_path / "srv", tmp_path / "srv" / "uat", world.root, world.root / "releases"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755, folder
    release = Path(os.path.realpath(world.root / "current"))
    assert modes(release) == {
        ".": 0o755,
        ".opsroom-release.json": 0o644,
        "bin": 0o755,
        "bin/deep": 0o755,
        "bin/deep/er": 0o755,
        "bin/deep/er/file": 0o644,
        "bin/run": 0o755,
        "odd": 0o755,
        "version.txt": 0o644,
    }
    source = REGISTRY.make("directory", Options(str(world.root)), target=Target("web", "uat"))
    assert source.ask() == Running("more", world.repository.git("rev-parse", "more"))


def test_others_cannot_enter_the_mirror(world, umask):
    world.deploy("more")
    world.deploy("v1.0.0")
    assert stat.S_IMODE((world.root / "mirror.git").stat().st_mode) & 0o007 == 0


def test_nothing_half_made_is_open_to_others_meanwhile(world, umask, monkeypatch):
    seen = []

    def note(line):
        if line.startswith("unpacked"):
            seen.extend(
                stat.S_IMODE(path.stat().st_mode) for path in (world.root / "releases").iterdir()
            )

    from support.deploys.jobs import Notes

    world.deploy("more", Notes(on_note=note))
    assert len(seen) == 2  # the archive and the folder
    assert all(mode & 0o077 == 0 for mode in seen)


def test_folders_that_are_there_keep_their_modes(world, tmp_path):
    for folder, mode in (
        (tmp_path / "srv", 0o711),
        (tmp_path / "srv" / "uat", 0o775),
        (world.root, 0o2770),
    ):
        folder.mkdir()
        folder.chmod(mode)
    world.deploy("more")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (world.root, world.root.parent)] == [
        0o2770,
        0o775,
    ]
    releases = world.root / "releases"
    assert stat.S_IMODE(releases.stat().st_mode) == 0o2755, "the group is handed down"
