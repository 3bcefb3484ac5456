"""Manual jobs on GitLab: found again after a lost answer or a dead runner, and cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.errors import Code
from support.deploys.gitlab import JOBS, ended
from support.deploys.sites import JOB, Site, is_post
from support.servers.http import Reply, Request
from support.vendors.gitlab import Gitlab


@pytest.fixture
def kind() -> str:
    return "gitlab job"


def test_a_lost_answer_to_another_run_is_looked_up_and_not_repeated(site: Site) -> None:
    ended(site, ago=30.0)
    site.lose_answer()
    assert site.deploy().links == [f"{JOBS}/92"]
    assert len(site.posts) == 1


def test_another_run_that_was_lost_before_gitlab_is_said_to_be_nothing(
    site: Site, gitlab: Gitlab
) -> None:
    ended(site, ago=30.0)
    site.instead(Reply(502, "<html>"))
    assert "GitLab started nothing." in site.fails().message
    assert list(gitlab.jobs) == [90, 91]


def test_a_job_that_someone_else_started_is_not_ours(site: Site, gitlab: Gitlab) -> None:
    def taken(request: Request) -> bool:
        if is_post(request):
            gitlab.start(gitlab.jobs[91], "carol")
        return is_post(request)

    site.vendor.instead(Reply(502, "<html>"), where=taken)
    assert "GitLab started nothing." in site.fails().message


def test_a_job_is_taken_up_by_its_time_and_user(site: Site, gitlab: Gitlab) -> None:
    site.leave()
    gitlab.start(gitlab.jobs[91])
    assert site.deploy().links == [f"{JOBS}/91"]
    assert site.posts == []


def test_what_someone_else_started_then_is_started(site: Site, gitlab: Gitlab) -> None:
    gitlab.job_states = ["success"]
    gitlab.start(gitlab.jobs[91], "carol")
    site.leave()
    site.clock.wait(61.0)
    assert site.deploy().links == [f"{JOBS}/92"]
    assert len(site.posts) == 1


def test_what_was_not_started_then_is_started(site: Site) -> None:
    ended(site)
    site.leave()
    site.clock.wait(61.0)
    assert site.deploy().links == [f"{JOBS}/92"]
    assert len(site.posts) == 1


def test_a_job_that_nobody_started_is_started(site: Site) -> None:
    site.leave()
    site.clock.wait(61.0)
    site.deploy()
    assert len(site.posts) == 1


def test_another_s_later_attempt_is_not_taken_up(site: Site, gitlab: Gitlab) -> None:
    ended(site)

    def superseded(request: Request) -> bool:
        if request.path.endswith("/jobs") and 92 in gitlab.jobs and 93 not in gitlab.jobs:
            gitlab.job(4711, JOB, "running", user={"username": "carol"})
        return False

    site.vendor.instead(Reply(500), where=superseded)
    site.lose_answer()
    assert site.deploy().links == [f"{JOBS}/92"]


def test_a_noted_job_that_cannot_be_read_is_over(site: Site) -> None:
    site.leave("odd")
    site.deploy()
    assert len(site.posts) == 1


@pytest.mark.parametrize("after", [None, "canceling"])
def test_a_cancelled_job_is_looked_at_again(site: Site, gitlab: Gitlab, after: Any) -> None:
    site.kind.hold(gitlab)
    gitlab.after_cancel = after
    site.stop(8)
    error = site.fails()
    assert error.code is Code.CANCELLED
    assert "still runs after 30 s" in error.message
    assert [one.path.rsplit("/", 1)[1] for one in site.posts] == ["play", "cancel"]
