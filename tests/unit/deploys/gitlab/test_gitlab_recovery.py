"""Pipelines of GitLab after lost answers and dead runners, and their cancellation."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.errors import Code
from support.contracts.vendor import answer
from support.deploys.gitlab import PIPELINES
from support.deploys.sites import EARLIER_MARK, Site
from support.servers.http import Reply
from support.vendors.gitlab import Gitlab


def test_a_pipeline_of_another_deployment_is_not_taken_for_a_lost_one(
    site: Site, gitlab: Gitlab
) -> None:
    gitlab.pipeline(name="deploy [opsroom-aaaaaaaaaaaaaaaa]")
    site.lose_answer()
    assert site.deploy().links == [f"{PIPELINES}/4712"]
    site.instead(Reply(502, "<html>"))
    site.job.deployment = "bbbbbbbbbbbbbbbb"
    assert "GitLab started nothing." in site.fails().message


def test_a_pipeline_of_the_same_name_by_someone_else_is_not_taken_up(
    site: Site, gitlab: Gitlab
) -> None:
    gitlab.pipeline(name=f"deploy [{EARLIER_MARK}]", user="mallory")
    gitlab.pipeline(name=f"deploy [{EARLIER_MARK}]")
    site.leave()
    assert site.deploy().links == [f"{PIPELINES}/4712"]
    assert site.posts == []


def test_a_pipeline_that_was_deleted_is_over(site: Site, gitlab: Gitlab) -> None:
    site.leave("4000")
    site.deploy()
    assert list(gitlab.pipelines) == [4711]


def test_a_name_that_shows_no_deployment_is_not_guessed(site: Site, gitlab: Gitlab) -> None:
    gitlab.named = False
    gitlab.states = ["running"]
    site.lose_answer()
    error = site.fails()
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "pipeline 4711 cannot be told" in error.message
    assert "workflow: name" in error.hint
    gitlab.pipelines[4711]["status"] = "failed"
    site.clock.wait(61.0)
    assert site.fails().code is Code.OUTCOME_UNKNOWN
    site.clock.wait(1801.0)
    gitlab.states = ["success"]
    site.deploy()
    assert len(site.posts) == 2


def test_without_correlation_the_only_pipeline_is_taken_up(site: Site, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.branches["other"] = gitlab.commit("other")
    gitlab.pipeline(user="somebody")
    gitlab.pipeline("other")
    gitlab.pipeline(source="push")
    gitlab.pipeline(sha=gitlab.commit("moved"))
    gitlab.pipeline(created_at="2026-09-21T00:00:00.000Z")
    gitlab.pipeline()
    site.leave()
    assert site.deploy(correlation=False).links == [f"{PIPELINES}/4716"]
    assert site.posts == []


def test_on_a_fixed_branch_others_are_left_out(site: Site, gitlab: Gitlab) -> None:
    gitlab.branches["other"] = gitlab.commit("other")
    gitlab.pipeline("other")
    gitlab.pipeline("main")
    site.leave()
    fixed = {"ref": "main", "inputs": {"version": "{version}"}, "correlation": False}
    assert site.deploy(**fixed).links == [f"{PIPELINES}/4712"]


def test_without_correlation_nothing_found_proves_nothing(site: Site) -> None:
    site.instead(Reply(502, "<html>"))
    assert site.fails(correlation=False).code is Code.OUTCOME_UNKNOWN
    assert len(site.posts) == 1


def test_the_right_name_may_show_up_late(site: Site, gitlab: Gitlab) -> None:
    gitlab.pipeline()
    site.lose_answer()
    site.vendor.instead(answer([]), where=lambda request: "/pipelines" in request.path)
    assert site.deploy().links == [f"{PIPELINES}/4712"]


def test_of_two_such_pipelines_none_is_picked(site: Site, gitlab: Gitlab) -> None:
    for _ in range(2):
        gitlab.pipeline(status="running")
    site.leave()
    error = site.fails(correlation=False)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "pipeline 4711 or 4712 cannot be told" in error.message
    assert site.posts == []
    for pipeline in gitlab.pipelines.values():
        pipeline["status"] = "failed"
    assert site.fails(correlation=False).code is Code.OUTCOME_UNKNOWN
    site.clock.wait(1801.0)
    gitlab.pipelines[4712]["status"] = "running"
    assert site.fails(correlation=False).code is Code.OUTCOME_UNKNOWN
    gitlab.pipelines[4712]["status"] = "failed"
    site.deploy(correlation=False)
    assert len(site.posts) == 1


def test_without_correlation_no_input_is_sent_for_it(site: Site, gitlab: Gitlab) -> None:
    site.deploy(correlation=False)
    assert gitlab.sent[4711]["inputs"] == {"environment": "uat"}


# Cancelling.


@pytest.mark.parametrize(
    ("after", "text"),
    [
        # GitLab says 200 in every case.
        (None, "still runs after 30 s"),
        ("canceling", "still runs after 30 s"),
        ("success", "had already succeeded"),
        ("failed", "ended as failed"),
    ],
)
def test_a_cancelled_pipeline_is_looked_at_again(
    site: Site, gitlab: Gitlab, after: Any, text: str
) -> None:
    site.kind.hold(gitlab)
    gitlab.after_cancel = after
    site.stop(8)
    error = site.fails()
    assert error.code is Code.CANCELLED
    assert text in error.message


def test_a_cancellation_that_is_not_allowed_says_so(site: Site, gitlab: Gitlab) -> None:
    site.kind.hold(gitlab)
    gitlab.forbidden = "cancel"
    site.stop(8)
    error = site.fails()
    assert "could not be cancelled" in error.message
    assert error.facts["left_running"] == "GitLab pipeline 4711"
