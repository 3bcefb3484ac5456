"""The deploy kind git, on real repositories."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from opsroom.deploys import REGISTRY, Resolved, Target
from opsroom.deploys.git import archive
from opsroom.deploys.git import release_dir as releases_module
from opsroom.errors import Code
from support.cases import cases
from support.git_world import TARGET, World, failure_of, options_of, refusal_of
from support.jobs import Notes, lost
from support.repositories import Repository

LIB = Path(__file__).resolve().parents[4] / "actions" / "lib"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


# Options


def test_the_options_have_defaults():
    options, lines = options_of(repository="/srv/git/{app}.git", root="/srv/{environment}/{app}")
    assert (options.keep, options.time_limit, lines) == (5, 600.0, [])


@cases(
    "repository",
    [
        "/srv/git/{app}.git",
        "file:///srv/git/x",
        "https://host/x.git",
        "https://user:pw@host/x.git",
        "ssh://git@host:22/x.git",
        "git@github.com:acme/{app}.git",
        "host:/srv/x.git",
        "git://host/x",
    ],
)
def test_common_addresses_are_taken(repository):
    assert options_of(repository=repository, root="/r")[1] == []


@cases(
    "repository",
    [
        "ext::sh -c id",
        "ext::/bin/true",
        "-u/tmp/x",
        "--upload-pack=touch /tmp/x",
        "fd::7",
        "ftp://host/x",
        "https://-oProxyCommand=x/y",
        "ssh://-oProxyCommand=x/y",
        "git@host:-x",
        "relative/path",
        "https://host/x y",
        "file://x",
        "",
    ],
)
def test_other_transports_and_options_are_refused(repository):
    (line,) = options_of(repository=repository, root="/r")[1]
    assert line.startswith("apps.web.deploy.repository: expected the address of a git repository")


def test_wrong_options_are_all_told():
    _, lines = options_of(
        repository="/g/{version}",
        root="/srv/{version}/{enviroment}",
        keep=0,
        time_limit="soon",
        kep=1,
    )
    assert [line.split(": ")[0].rpartition(".")[2] for line in lines] == [
        "keep",
        "time_limit",
        "repository",
        "root",
        "root",
        "kep",
    ]
    assert options_of(repository="/g", root="relative")[1][0].startswith(
        "apps.web.deploy.root: expected a full path"
    )


# Resolving


def test_a_tag_stands_for_itself(world):
    assert world.deployer().resolve("v1.1.0") == Resolved(
        "v1.1.0", "v1.1.0", world.commits["v1.1.0"]
    )


def test_an_annotated_tag_stands_for_its_commit(world):
    world.repository.git("tag", "-a", "-m", "words", "v1.2.0-final", "v1.2.0")
    assert world.deployer().resolve("v1.2.0-final").commit == world.commits["v1.2.0"]


def test_a_branch_stands_for_its_commit(world):
    newest = world.commits["v1.2.0"]
    assert world.deployer().resolve("main") == Resolved(newest[:12], "main", newest)


def test_a_commit_is_known_by_seven_digits_in_either_case(world):
    commit = world.commits["v1.0.0"]
    for typed in (commit[:7], commit[:12], commit, commit[:10].upper()):
        assert world.deployer().resolve(typed) == Resolved(commit[:12], typed, commit)
    assert refusal_of(world.deployer().resolve, commit[:6]).code is Code.UNKNOWN_VERSION


def test_a_name_that_is_both_tag_and_branch_means_the_tag(world):
    world.repository.git("branch", "v1.0.0", "v1.2.0")
    assert world.deployer().resolve("v1.0.0").commit == world.commits["v1.0.0"]


def test_a_tag_pushed_a_moment_ago_is_found_and_a_deleted_one_is_not(world):
    deployer = world.deployer()
    deployer.resolve("v1.0.0")
    world.repository.commit({"version.txt": "new"}, "v2.0.0")
    assert deployer.resolve("v2.0.0").version == "v2.0.0"
    world.repository.git("tag", "-d", "v2.0.0")
    assert refusal_of(deployer.resolve, "v2.0.0").code is Code.UNKNOWN_VERSION


def test_a_tag_that_moved_means_the_new_commit(world):
    world.deploy("v1.0.0")
    world.repository.git("tag", "-f", "v1.0.0", "v1.2.0")
    world.deploy("v1.0.0")
    assert world.current == "v1.2.0"


def test_a_branch_that_became_a_folder_of_branches_is_fetched(world):
    world.repository.git("branch", "topic")
    deployer = world.deployer()
    deployer.resolve("topic")
    world.repository.git("branch", "-D", "topic")
    world.repository.git("branch", "topic/one")
    assert deployer.resolve("topic/one").asked == "topic/one"


def test_an_unknown_version_is_refused_with_the_nearest_names(world):
    refusal = refusal_of(world.deployer().resolve, "1.2.0")
    assert refusal.code is Code.UNKNOWN_VERSION
    assert refusal.facts["nearest"][0] == "v1.2.0"
    assert "Did you mean v1.2.0" in refusal.hint


def test_an_unknown_version_that_is_near_nothing_gets_the_newest_names(world):
    assert (
        refusal_of(world.deployer().resolve, "zzz").hint
        == "The newest are v1.2.0, v1.1.0 and v1.0.0."
    )


def test_the_newest_are_the_greatest_versions_also_when_all_were_tagged_in_one_second(world):
    for tag in ("v1.10.0", "v1.9.0", "v2.0.0-rc.1", "nightly"):
        world.repository.git("tag", tag)
    hint = refusal_of(world.deployer().resolve, "zzz").hint
    assert hint == "The newest are v2.0.0-rc.1, v1.10.0 and v1.9.0."


def test_of_several_applications_in_one_repository_the_one_that_was_typed_counts(world):
    for tag in ("web@1.1.0", "web@1.10.0", "api@7.0.0"):
        world.repository.git("tag", tag)
    refusal = refusal_of(world.deployer().resolve, "web@9.9.9xyzxyzxyzxyz")
    assert refusal.hint == "The newest are web@1.10.0, web@1.1.0 and v1.2.0."


def test_branches_are_offered_by_their_date_where_there_are_no_tags(tmp_path):
    repository = Repository(tmp_path / "source")
    repository.commit({"a": "1"})
    for branch in ("topic9", "topic10"):
        repository.git("branch", branch)
    options, _ = options_of(repository=str(tmp_path / "source"), root=str(tmp_path / "root"))
    hint = refusal_of(REGISTRY.make("git", options, target=TARGET).resolve, "zzz").hint
    assert hint == "The newest are topic10, topic9 and main."


@pytest.mark.parametrize(
    "tag", ["web@1.1.0", "release/2026-11", "v1.2.0+build.5", "v1_2", "acme/web/v1.0.0-rc.1"]
)
def test_tags_as_teams_name_them_are_deployed(world, tag):
    world.repository.commit({"version.txt": tag}, tag)
    world.deploy("v1.0.0")
    world.deploy(tag)
    assert world.current == tag
    assert world.deployer()._releases.current_note().version == tag
    assert refusal_of(world.deployer().resolve, f"{tag}x").facts["nearest"][0] == tag


def test_a_tag_that_cannot_be_deployed_is_never_offered(world):
    odd = [
        "@acme/web@1.2.0",
        "_v1.2.1",
        "v1.2.2#1",
        "v1.2.3,x",
        "v1.2.4é",
        "{{v1.2.5}}",
        "v1.2.0;id",
        "v1.2.0(1)",
    ]
    for tag in odd:
        world.repository.git("tag", tag)
    for wanted in ("v1.2.9", "zzz", "acme/web"):
        refusal = refusal_of(world.deployer().resolve, wanted)
        assert not any(tag in refusal.sentence() + str(refusal.facts) for tag in odd)
    for tag in odd:
        assert refusal_of(world.deployer().resolve, tag).code is Code.INVALID_NAME


@pytest.mark.parametrize(
    "name",
    ["HEAD", "FETCH_HEAD", "refs/tags/v1.0.0", "refs/heads/main", "tags/v1.0.0", "heads/main"],
)
def test_only_names_of_tags_and_branches_count_and_none_of_gits_own(world, name):
    assert refusal_of(world.deployer().resolve, name).code is Code.UNKNOWN_VERSION


def test_an_empty_repository_says_so(tmp_path):
    Repository(tmp_path / "empty")
    options, _ = options_of(repository=str(tmp_path / "empty"), root=str(tmp_path / "root"))
    refusal = refusal_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1")
    assert "no tags and no branches" in refusal.hint


def test_a_beginning_of_several_commits_is_refused(world, monkeypatch):
    deployer = world.deployer()
    commit = deployer.resolve("main").commit
    assert deployer._mirror.count(commit[:7]) == 1
    # Seven digits that two objects share take millions of objects.
    monkeypatch.setattr(deployer._mirror, "count", lambda digits: 2)
    refusal = refusal_of(deployer.resolve, "0000000")
    assert "several" in refusal.message
    assert "more digits" in refusal.hint


@pytest.mark.parametrize(
    "name",
    [
        "--all",
        "-v1",
        "a..b",
        "x^{commit}",
        "v1.0.0~1",
        "@{u}",
        "@{-1}",
        "@",
        "v1.0.0^",
        "../x",
        "a b",
        "",
        "HEAD:",
    ],
)
def test_what_is_no_version_name_never_reaches_git(world, name):
    assert refusal_of(world.deployer().resolve, name).code is Code.INVALID_NAME
    assert not world.root.exists()


def test_a_tag_of_something_that_is_no_commit_is_unknown(world):
    blob = world.repository.git("rev-parse", "HEAD:version.txt")
    world.repository.git("tag", "odd", blob)
    assert refusal_of(world.deployer().resolve, "odd").code is Code.UNKNOWN_VERSION


def test_a_repository_that_is_not_there_is_told_without_credentials(tmp_path):
    options, _ = options_of(repository=str(tmp_path / "none"), root=str(tmp_path / "root"))
    failure = failure_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1")
    assert failure.code is Code.UNREACHABLE
    assert (
        "does not exist" in failure.message
        or "not appear to be a git repository" in failure.message
    )
    options, _ = options_of(
        repository="http://user:pass-w0rd@127.0.0.1:1/x.git", root=str(tmp_path / "root")
    )
    failure = failure_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1")
    assert failure.code is Code.UNREACHABLE
    assert "pass-w0rd" not in failure.message
    assert [path.name for path in (tmp_path / "root").iterdir() if "mirror" in path.name] == []


def test_a_repository_that_wants_a_password_is_unauthorized(tmp_path, monkeypatch):
    from support.http_server import HttpServer, Reply

    with HttpServer() as server:
        server.on("/x.git/info/refs", Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}))
        options, _ = options_of(repository=server.url("/x.git"), root=str(tmp_path / "root"))
        failure = failure_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1")
    assert failure.code is Code.UNAUTHORIZED


def test_a_repository_that_does_not_answer_ends_at_the_time_limit(tmp_path, monkeypatch):
    from support.http_server import HttpServer, Reply

    never = threading.Event()
    with HttpServer() as server:
        server.on("/x.git/info/refs", Reply(until=never))
        options, _ = options_of(
            repository=server.url("/x.git"), root=str(tmp_path / "root"), time_limit=1
        )
        failure = failure_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1")
        never.set()
        address = server.url("/x.git")
    assert failure.code is Code.TIMED_OUT
    assert (
        failure.message
        == f"Fetching the repository {address} did not end within 1 s and was stopped."
    )


# Deploying


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


# The mirror


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


# A disk that does not take it


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


# Killed

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


def messages(world, before, after):
    deployer = world.deployer()
    return tuple(one.message for one in deployer.commits(before, deployer.resolve(after)))


def test_it_tells_what_was_said_of_the_changes_between_two_versions_and_of_no_others(world):
    world.repository.commit(message="OPS-1: the old one", tag="v2.0.0")
    world.repository.commit(message="OPS-2 one\n\nWith a body: OPS-3.")
    world.repository.commit(message="OPS-4 another", tag="v2.1.0")
    world.repository.commit(message="OPS-5 later")
    said = ("OPS-4 another", "OPS-2 one\n\nWith a body: OPS-3.")
    assert messages(world, "v2.0.0", "v2.1.0") == said
    commit = world.repository.git("rev-parse", "v2.0.0^{commit}")
    assert messages(world, commit[:12], "v2.1.0") == messages(world, commit, "v2.1.0") == said
    assert messages(world, "v2.1.0", "v2.0.0") == messages(world, "v2.0.0", "v2.0.0") == ()


@pytest.mark.parametrize("before", ["", "v9", "0123456789ab", "main~1", "--all", "v1.0.0..v1.1.0"])
def test_it_tells_nothing_from_a_version_that_it_does_not_know(world, before):
    assert messages(world, before, "v1.2.0") == ()


def test_of_very_many_changes_it_tells_the_newest(world):
    for number in range(12):
        world.repository.commit(message=f"OPS-{number}")
    deployer = world.deployer()
    resolved = deployer.resolve("main")
    start = world.commits["v1.2.0"]
    assert [one.message for one in deployer._mirror.log(start, resolved.commit, most=3)] == [
        "OPS-11",
        "OPS-10",
        "OPS-9",
    ]
    assert len(deployer.commits("v1.2.0", resolved)) == 12
