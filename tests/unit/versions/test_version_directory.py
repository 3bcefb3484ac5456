"""The version kind directory, on real folders."""

from __future__ import annotations

import json
import os

import pytest

from opsroom.deploys import REGISTRY as DEPLOYS
from opsroom.deploys import Target
from opsroom.deploys.git import Options as GitOptions
from opsroom.errors import Code, Failure
from opsroom.versions import REGISTRY, Running
from support.deploys.jobs import Notes
from support.options import read_options
from support.worlds.repositories import Repository

TARGET = Target("web", "uat")


def options_of(**raw):
    return read_options(REGISTRY, "directory", raw, "apps.web.version")


def ask(path):
    options, lines = options_of(path=str(path))
    assert lines == []
    return REGISTRY.make("directory", options, target=TARGET).ask()


def failure_of(path) -> Failure:
    with pytest.raises(Failure) as caught:
        ask(path)
    assert caught.value.code is Code.BAD_ANSWER
    return caught.value


def test_it_reads_what_the_kind_git_deployed(tmp_path):
    repository = Repository(tmp_path / "source")
    commit = repository.commit({"a": "1"}, "release/1.0")
    root = f"{tmp_path}/{{environment}}/{{app}}"
    deployer = DEPLOYS.make("git", GitOptions(str(repository.path), root), target=TARGET)
    assert ask(root) == Running("")
    resolved = deployer.resolve("release/1.0")
    assert ask(root) == Running(""), "a mirror alone is no deployment"
    deployer.deploy(resolved, Notes())
    assert ask(root) == Running("release/1.0", commit)
    deployer.deploy(deployer.resolve("main"), Notes())
    assert ask(root) == Running(commit[:12], commit)


def test_a_release_without_a_note_is_called_by_its_folder(tmp_path):
    (tmp_path / "releases" / "20240102030405").mkdir(parents=True)
    (tmp_path / "current").symlink_to(tmp_path / "releases" / "20240102030405")
    assert ask(tmp_path) == Running("20240102030405")


def test_nothing_there_means_nothing_is_deployed(tmp_path):
    assert ask(tmp_path) == Running("")
    assert ask(tmp_path / "none") == Running("")
    (tmp_path / "file").touch()
    assert ask(tmp_path / "file") == Running("")


def test_a_link_that_leads_nowhere_is_a_failure(tmp_path):
    (tmp_path / "current").symlink_to("releases/v1")
    assert "points to a release that does not exist: v1" in failure_of(tmp_path).message


def test_a_link_that_leads_to_itself_is_a_failure(tmp_path):
    (tmp_path / "current").symlink_to("current")
    assert "does not exist" in failure_of(tmp_path).message


def test_a_current_that_is_a_folder_or_a_file_is_a_failure(tmp_path):
    (tmp_path / "current").mkdir()
    assert "without a release note" in failure_of(tmp_path).message
    (tmp_path / "current").rmdir()
    (tmp_path / "current").touch()
    assert "is not a folder" in failure_of(tmp_path).message


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xff", b'"text"'])
def test_a_damaged_note_is_a_failure(tmp_path, content):
    release = tmp_path / "releases" / "v1"
    release.mkdir(parents=True)
    (release / ".opsroom-release.json").write_bytes(content)
    (tmp_path / "current").symlink_to(release)
    assert "cannot be read" in failure_of(tmp_path).message


@pytest.mark.parametrize("version", ["", "-v", "a b", "{{ st2kv }}", None, 3])
def test_a_note_whose_version_is_no_version_is_a_failure(tmp_path, version):
    release = tmp_path / "releases" / "v1"
    release.mkdir(parents=True)
    (release / ".opsroom-release.json").write_text(json.dumps({"version": version}))
    (tmp_path / "current").symlink_to(release)
    if version == 3:
        assert ask(tmp_path) == Running("3")
    else:
        assert "not a version" in failure_of(tmp_path).message


def test_a_folder_name_that_is_no_version_is_a_failure(tmp_path):
    (tmp_path / "my release").mkdir()
    os.symlink("my release", tmp_path / "current")
    assert "'my release', which is not a version" in failure_of(tmp_path).message


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({}, "path: expected a full path, beginning with /, found nothing"),
        ({"path": "srv"}, "path: expected a full path"),
        ({"path": "/srv/{version}"}, "path: {version} is not filled in here"),
        ({"path": "/srv", "root": "/srv"}, "root: there is no such key"),
    ],
)
def test_wrong_options_are_told(raw, complaint):
    (line,) = options_of(**raw)[1]
    assert line.startswith(f"apps.web.version.{complaint}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("written", "version"), [('"v1.2.0"', "v1.2.0"), ("1.10", "1.10"), ("7", "7"), ("1e3", "1e3")]
)
def test_a_note_of_another_tool_is_read_as_it_is_written(tmp_path, encoding, written, version):
    release = tmp_path / "releases" / "one"
    release.mkdir(parents=True)
    (tmp_path / "current").symlink_to(release)
    (release / ".opsroom-release.json").write_bytes(f'{{"version": {written}}}'.encode(encoding))
    assert ask(tmp_path) == Running(version)
