"""What a version stands for on GitLab, and the commits between two of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, List

import pytest

from opsroom.deploys import Comparer, Historian, Resolved
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from support.contracts.vendor import Vendor
from support.deploys.gitlab import deployer_at
from support.servers.http import Reply
from support.vendors.gitlab import TOKEN, Gitlab, page, problem


@pytest.fixture
def deployer(vendor: Vendor) -> Any:
    return deployer_at(vendor)


def line_of(gitlab: Gitlab, count: int, start: str) -> List[str]:
    """So many commits, each on top of the one before, the oldest first."""
    made = [start]
    for number in range(count):
        made.append(gitlab.commit(f"work {number}", made[-1], author="Bob Brown"))
    return made[1:]


def to(commit: str) -> Resolved:
    return Resolved("v2.0.0", "v2.0.0", commit)


def test_a_tag_goes_before_a_branch(deployer: Any, gitlab: Gitlab) -> None:
    gitlab.branches["v1.0.0"] = gitlab.commit("branch")
    assert deployer.resolve("v1.0.0") == Resolved("v1.0.0", "v1.0.0", gitlab.tags["v1.0.0"])


def test_a_branch_is_its_commit(deployer: Any, gitlab: Gitlab) -> None:
    made = gitlab.branches["feature/x"] = gitlab.commit("x")
    assert deployer.resolve("feature/x") == Resolved(made[:12], "feature/x", made)


def test_a_commit_is_none_of_a_pipeline(deployer: Any, gitlab: Gitlab) -> None:
    with pytest.raises(Refusal, match="is a commit, and GitLab makes a pipeline of a branch") as no:
        deployer.resolve(gitlab.tags["v1.0.0"][:10])
    assert no.value.code is Code.NOT_POSSIBLE


def test_a_commit_may_be_an_input(vendor: Vendor, gitlab: Gitlab) -> None:
    made = gitlab.tags["v1.0.0"]
    fixed = deployer_at(vendor, ref="main", inputs={"version": "{version}"})
    assert fixed.resolve(made[:10].upper()) == Resolved(made[:12], made[:10].upper(), made)


def test_a_branch_that_looks_like_a_commit_is_a_branch(vendor: Vendor, gitlab: Gitlab) -> None:
    made = gitlab.branches["deadbeef"] = gitlab.commit("beef")
    assert deployer_at(vendor).resolve("deadbeef") == Resolved(made[:12], "deadbeef", made)
    assert deployer_at(vendor).service.source.commit("deadbeef") == ""


def test_a_prefix_belongs_to_the_name_in_git(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.tags["web/1.0"] = gitlab.commit("tagged")
    found = deployer_at(vendor, ref="{app}/{version}").resolve("1.0")
    assert found == Resolved("1.0", "1.0", gitlab.tags["web/1.0"])


def test_any_version_asks_nobody(vendor: Vendor) -> None:
    fixed = deployer_at(vendor, ref="main", versions="any", inputs={"tag": "{version}"})
    assert fixed.resolve("2026-11-30") == Resolved("2026-11-30", "2026-11-30")
    assert vendor.requests == []


def test_an_unknown_version_is_answered_with_the_nearest(deployer: Any, gitlab: Gitlab) -> None:
    gitlab.tags["v1.0.1"] = gitlab.commit("second")
    with pytest.raises(Refusal) as unknown:
        deployer.resolve("v1.0.3")
    assert unknown.value.code is Code.UNKNOWN_VERSION
    assert "no tag, branch or commit 'v1.0.3' in acme/web" in unknown.value.message
    assert "v1.0.1" in unknown.value.hint


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (problem(404, "404 Project Not Found"), Code.GONE),
        (problem(403, "403 Forbidden"), Code.UNAUTHORIZED),
        (page("nginx", 404), Code.BAD_ANSWER),
        (page(f"Sign in {TOKEN}"), Code.BAD_ANSWER),
        (Reply(200, "{}", {"Content-Type": "application/json"}), Code.BAD_ANSWER),
        (Reply(429, "Retry later", {"Retry-After": "60"}), Code.RATE_LIMITED),
        (Reply(301, "", {"Location": "/api/v4/projects/17/repository"}), Code.BAD_ANSWER),
    ],
)
def test_no_answer_is_no_unknown_version(
    vendor: Vendor, deployer: Any, reply: Reply, code: Code
) -> None:
    vendor.instead(reply)
    vendor.odd = True
    with pytest.raises(OpsroomError) as raised:
        deployer.resolve("v1.0.0")
    assert raised.value.code is code
    assert not raised.value.facts.get("sent")
    assert TOKEN not in f"{raised.value} {raised.value.hint} {raised.value.facts}"


# What changed.


def test_the_kind_knows_what_changed(deployer: Any) -> None:
    assert isinstance(deployer, Historian)
    assert isinstance(deployer, Comparer)


@pytest.mark.parametrize("digits", [0, 12, 40])
def test_commits_are_the_newest_first(gitlab: Gitlab, deployer: Any, digits: int) -> None:
    start = gitlab.tags["v1.0.0"]
    made = line_of(gitlab, 3, start)
    found = deployer.commits(start[:digits] or "v1.0.0", to(made[-1]))
    assert [one.id for one in found] == made[::-1]
    assert [one.message for one in found] == ["work 2", "work 1", "work 0"]
    assert (found[0].parents, found[0].new, found[0].author) == ((made[1],), True, "Bob Brown")
    assert found[0].at == datetime(2026, 11, 23, 10, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(("count", "pages"), [(99, 1), (100, 2), (101, 2), (734, 5)])
def test_of_many_commits_the_newest_500_are_read(
    vendor: Vendor, gitlab: Gitlab, deployer: Any, count: int, pages: int
) -> None:
    made = line_of(gitlab, count, gitlab.tags["v1.0.0"])
    found = deployer.commits("v1.0.0", to(made[-1]))
    assert [one.id for one in found] == made[::-1][:500]
    assert len([one for one in vendor.requests if one.path.endswith("/commits")]) == pages


def test_what_new_commits_revert_is_looked_up(gitlab: Gitlab, deployer: Any) -> None:
    old = gitlab.commit("Add cats", gitlab.tags["v1.0.0"])
    gitlab.tags["v1.1.0"] = old
    elsewhere = gitlab.commit("Elsewhere")
    beside = gitlab.commit("Beside", gitlab.tags["v1.0.0"])
    texts = (old, elsewhere, beside, "0" * 40)
    message = "Revert\n\n" + "\n".join(f"This reverts commit {one}." for one in texts)
    new = gitlab.commit(message, old)
    found = deployer.commits("v1.1.0", to(new))
    assert [(one.id, one.new) for one in found] == [(new, True), (old, False)]
    assert found[1].author == "Alice Adams"


def test_an_unknown_beginning_has_no_commits(gitlab: Gitlab, deployer: Any) -> None:
    assert deployer.commits("v0.9.0", to(gitlab.tags["v1.0.0"])) == ()
    assert deployer.commits("", to(gitlab.tags["v1.0.0"])) == ()
    assert deployer.commits("v1.0.0", Resolved("v2.0.0", "v2.0.0")) == ()


def test_commits_that_cannot_be_read_are_a_failure(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.forbidden = "/repository/commits"
    with pytest.raises(Failure) as failed:
        deployer_at(vendor).commits("v1.0.0", to(gitlab.tags["v1.0.0"]))
    assert failed.value.code is Code.UNAUTHORIZED
    assert "read_api" in failed.value.hint


def test_two_versions_are_compared_on_a_page(vendor: Vendor) -> None:
    made = deployer_at(vendor)
    site = vendor.url("").rstrip("/")
    link = made.compare_link("v1.0.0", "feature/x")
    assert link == f"{site}/acme/web/-/compare/v1.0.0...feature%2Fx"
    assert made.compare_link("", "v1.0.0") == ""
    assert deployer_at(vendor, project=17).compare_link("v1.0.0", "v2.0.0") == ""
    assert vendor.requests == []
