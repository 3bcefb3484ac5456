"""Manual jobs on GitLab: found again after a lost answer or a dead runner, and cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.gitlab import (
    JOB,
    a_job,
    by_job,
    caught,
    ended,
    is_post,
    left_behind,
    stopping,
    v1,
)
from support.deploys.jobs import Notes
from support.deploys.runs import Clock
from support.servers.http import Reply, Request
from support.vendors.gitlab import PROJECT, SITE, Gitlab

pytestmark = pytest.mark.usefixtures("pipeline")


@pytest.mark.parametrize("again", [False, True])
def test_a_lost_answer_is_looked_up_and_not_repeated(
    vendor: Vendor, gitlab: Gitlab, clock: Clock, again: bool
) -> None:
    if again:
        ended(gitlab, clock, ago=30.0)
    vendor.after("unanswered", where=is_post)
    job = a_job()
    by_job(vendor).deploy(v1(gitlab), job)
    assert len(vendor.sent("POST")) == 1
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/{92 if again else 91}"]


@pytest.mark.parametrize("again", [False, True])
def test_what_was_lost_before_gitlab_is_said_to_be_nothing(
    vendor: Vendor, gitlab: Gitlab, clock: Clock, again: bool
) -> None:
    if again:
        ended(gitlab, clock, ago=30.0)
    vendor.instead(Reply(502, "<html>"), where=is_post)
    error = caught(by_job(vendor), a_job(), v1(gitlab))
    assert "GitLab started nothing." in error.message
    assert list(gitlab.jobs) == [90, 91]


def test_a_job_that_someone_else_started_is_not_ours(vendor: Vendor, gitlab: Gitlab) -> None:
    def taken(request: Request) -> bool:
        if is_post(request):
            gitlab.start(gitlab.jobs[91], "carol")
        return is_post(request)

    vendor.instead(Reply(502, "<html>"), where=taken)
    error = caught(by_job(vendor), a_job(), v1(gitlab))
    assert "GitLab started nothing." in error.message


def test_a_job_is_taken_up_by_its_number(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.start(gitlab.jobs[91])
    by_job(vendor).deploy(v1(gitlab), left_behind(gitlab, "4711/91"))
    assert vendor.sent("POST") == []


def test_a_job_is_taken_up_by_its_time_and_user(vendor: Vendor, gitlab: Gitlab) -> None:
    job = left_behind(gitlab, "")
    gitlab.start(gitlab.jobs[91])
    by_job(vendor).deploy(v1(gitlab), job)
    assert vendor.sent("POST") == []
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/91"]


@pytest.mark.parametrize("who", ["carol", "project_17_bot"])
def test_what_was_not_started_then_is_started(
    vendor: Vendor, gitlab: Gitlab, clock: Clock, who: str
) -> None:
    if who == "carol":
        gitlab.job_states = ["success"]
        gitlab.start(gitlab.jobs[91], "carol")
        gitlab.job_states = ["success"]
    else:
        ended(gitlab, clock)
    job = left_behind(gitlab, "")
    clock.wait(61.0)
    by_job(vendor).deploy(v1(gitlab), job)
    assert len(vendor.sent("POST")) == 1
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/92"]


def test_a_job_that_nobody_started_is_started(vendor: Vendor, gitlab: Gitlab, clock: Clock) -> None:
    job = left_behind(gitlab, "")
    clock.wait(61.0)
    by_job(vendor).deploy(v1(gitlab), job)
    assert len(vendor.sent("POST")) == 1


def test_another_s_later_attempt_is_not_taken_up(
    vendor: Vendor, gitlab: Gitlab, clock: Clock
) -> None:
    ended(gitlab, clock)

    def superseded(request: Request) -> bool:
        if request.path.endswith("/jobs") and 92 in gitlab.jobs and 93 not in gitlab.jobs:
            gitlab.job(4711, JOB, "running", user={"username": "carol"})
        return False

    vendor.instead(Reply(500), where=superseded)
    vendor.after("unanswered", where=is_post)
    job = a_job()
    by_job(vendor).deploy(v1(gitlab), job)
    assert job.links == [f"{SITE}/{PROJECT}/-/jobs/92"]


def test_a_noted_job_that_cannot_be_read_is_over(vendor: Vendor, gitlab: Gitlab) -> None:
    by_job(vendor).deploy(v1(gitlab), left_behind(gitlab, "odd"))
    assert len(vendor.sent("POST")) == 1


@pytest.mark.parametrize(
    ("after", "text"),
    [("canceled", "was cancelled."), (None, "still runs after 30 s"), ("canceling", "still runs")],
)
def test_a_cancelled_job_is_looked_at_again(
    vendor: Vendor, gitlab: Gitlab, after: Any, text: str
) -> None:
    gitlab.job_states = ["running"]
    gitlab.after_cancel = after
    error = caught(by_job(vendor), stopping(8), v1(gitlab))
    assert error.code is Code.CANCELLED
    assert text in error.message
    assert [one.path.rsplit("/", 1)[1] for one in vendor.sent("POST")] == ["play", "cancel"]


def test_a_job_out_of_time_is_cancelled(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.job_states = ["running"]
    job: Notes = a_job()
    error = caught(by_job(vendor, time_limit="60s"), job, v1(gitlab))
    assert error.code is Code.TIMED_OUT
    assert gitlab.jobs[91]["status"] == "canceled"
    assert job.handles == {"gitlab": ""}
