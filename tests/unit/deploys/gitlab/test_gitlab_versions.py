"""What a version stands for on GitLab, and what only GitLab says of the commits between two."""

from __future__ import annotations

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code
from support.deploys.sites import KINDS, Site
from support.servers.http import Reply
from support.vendors.gitlab import Gitlab, page, problem


def test_a_branch_that_looks_like_a_commit_is_a_branch(site: Site, gitlab: Gitlab) -> None:
    made = gitlab.branches["deadbeef"] = gitlab.commit("beef")
    assert site.deployer().resolve("deadbeef") == Resolved(made[:12], "deadbeef", made)
    assert site.deployer().service.source.commit("deadbeef") == ""


def test_a_prefix_belongs_to_the_name_in_git(site: Site, gitlab: Gitlab) -> None:
    gitlab.tags["web/1.0"] = gitlab.commit("tagged")
    found = site.deployer(ref="{app}/{version}").resolve("1.0")
    assert found == Resolved("1.0", "1.0", gitlab.tags["web/1.0"])


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (problem(404, "404 Project Not Found"), Code.GONE),
        (problem(403, "403 Forbidden"), Code.UNAUTHORIZED),
        (page("nginx", 404), Code.BAD_ANSWER),
        (page(f"Sign in {KINDS['gitlab'].secret}"), Code.BAD_ANSWER),
        (Reply(200, "{}", {"Content-Type": "application/json"}), Code.BAD_ANSWER),
        (Reply(429, "Retry later", {"Retry-After": "60"}), Code.RATE_LIMITED),
        (Reply(301, "", {"Location": "/api/v4/projects/17/repository"}), Code.BAD_ANSWER),
    ],
)
def test_no_answer_is_no_unknown_version(site: Site, reply: Reply, code: Code) -> None:
    site.vendor.instead(reply)
    site.vendor.odd = True
    error = site.refused(site.deployer().resolve, "v1.0.0")
    assert error.code is code
    assert not error.facts.get("sent")


def test_what_new_commits_revert_is_looked_up(site: Site, gitlab: Gitlab) -> None:
    old = gitlab.commit("Add cats", gitlab.tags["v1.0.0"])
    gitlab.tags["v1.1.0"] = old
    elsewhere = gitlab.commit("Elsewhere")
    beside = gitlab.commit("Beside", gitlab.tags["v1.0.0"])
    texts = (old, elsewhere, beside, "0" * 40)
    message = "Revert\n\n" + "\n".join(f"This reverts commit {one}." for one in texts)
    new = gitlab.commit(message, old)
    found = site.deployer().commits("v1.1.0", Resolved("v2.0.0", "v2.0.0", new))
    assert [(one.id, one.new) for one in found] == [(new, True), (old, False)]
    assert found[1].author == "Alice Adams"


def test_two_versions_are_compared_on_a_page(site: Site) -> None:
    made = site.deployer()
    link = made.compare_link("v1.0.0", "feature/x")
    assert link == f"{site.url}/acme/web/-/compare/v1.0.0...feature%2Fx"
    assert made.compare_link("", "v1.0.0") == ""
    assert site.deployer(project=17).compare_link("v1.0.0", "v2.0.0") == ""
    assert site.vendor.requests == []
