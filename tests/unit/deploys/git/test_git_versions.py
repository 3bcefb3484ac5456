"""Which commit a version stands for, and what its commits say."""

from __future__ import annotations

import threading

import pytest

from opsroom.deploys import REGISTRY, Resolved
from opsroom.deploys.git.mirror import Mirror
from opsroom.errors import Code
from support.deploys.git import TARGET, World, options_of
from support.errors import failure_of, refusal_of
from support.worlds.repositories import Repository


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


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
    from support.servers.http import HttpServer, Reply

    with HttpServer() as server:
        server.on("/x.git/info/refs", Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}))
        options, _ = options_of(repository=server.url("/x.git"), root=str(tmp_path / "root"))
        failure = failure_of(REGISTRY.make("git", options, target=TARGET).resolve, "v1")
    assert failure.code is Code.UNAUTHORIZED


def test_a_repository_that_does_not_answer_ends_at_the_time_limit(tmp_path, monkeypatch):
    from support.servers.http import HttpServer, Reply

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


def test_a_whole_commit_is_not_looked_up_before_the_commits_after_it(world, monkeypatch):
    deployer = world.deployer()
    resolved = deployer.resolve("v1.2.0")
    expected = deployer.commits("v1.1.0", resolved)
    asked = []
    monkeypatch.setattr(Mirror, "commit", lambda self, name: asked.append(name) or "")
    assert deployer.commits(world.commits["v1.1.0"].upper(), resolved) == expected != ()
    assert asked == []


@pytest.mark.parametrize(
    "before",
    ["", "v9", "0123456789ab", "0123456789" * 4, "main~1", "--all", "v1.0.0..v1.1.0"],
)
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
