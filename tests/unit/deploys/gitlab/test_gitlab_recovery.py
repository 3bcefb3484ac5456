"""Pipelines of GitLab after lost answers and dead runners, and their cancellation."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code
from support.contracts.vendor import Vendor, answer
from support.deploys.gitlab import (
    EARLIER_MARK,
    a_job,
    caught,
    deployer_at,
    left_behind,
    stopping,
    v1,
)
from support.deploys.runs import Clock
from support.servers.http import Reply, Request
from support.vendors.gitlab import PROJECT, SITE, Gitlab

PIPELINES = f"{SITE}/{PROJECT}/-/pipelines"


def is_post(request: Request) -> bool:
    return request.method == "POST"


def test_a_lost_answer_is_looked_up_and_not_repeated(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.pipeline(name="deploy [opsroom-aaaaaaaaaaaaaaaa]")
    vendor.after("unanswered", where=is_post)
    job = a_job()
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert list(gitlab.pipelines) == [4711, 4712]
    assert job.links == [f"{PIPELINES}/4712"]
    assert len(vendor.sent("POST")) == 1


@pytest.mark.parametrize("reply", [Reply(502, "<html>"), Reply(500, '{"message": "500 Internal"}')])
def test_what_was_lost_before_gitlab_is_said_to_be_nothing(reply: Reply) -> None:
    gitlab = Gitlab()
    with gitlab.vendor() as vendor:
        vendor.instead(reply, where=is_post)
        gitlab.pipeline(status="running", name="deploy [opsroom-aaaaaaaaaaaaaaaa]")
        gitlab.sent.clear()
        job = a_job()
        error = caught(deployer_at(vendor), job, v1(gitlab))
    assert "GitLab started nothing." in error.message
    assert (list(gitlab.pipelines), job.handles) == ([4711], {"gitlab": ""})


def test_a_pipeline_is_taken_up_by_its_number(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    deployer_at(vendor).deploy(v1(gitlab), left_behind(gitlab, "4711"))
    assert vendor.sent("POST") == []


def test_a_pipeline_is_taken_up_by_its_name(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.pipeline(name=f"deploy [{EARLIER_MARK}]", user="mallory")
    gitlab.pipeline(name=f"deploy [{EARLIER_MARK}]")
    job = left_behind(gitlab, "")
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert vendor.sent("POST") == []
    assert job.links == [f"{PIPELINES}/4712"]


def test_a_pipeline_that_was_deleted_is_over(vendor: Vendor, gitlab: Gitlab) -> None:
    deployer_at(vendor).deploy(v1(gitlab), left_behind(gitlab, "4000"))
    assert list(gitlab.pipelines) == [4711]


def test_another_version_waits_for_what_was_left(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running"]
    gitlab.pipeline()
    gitlab.tags["v2.0.0"] = gitlab.commit("second")
    v2 = Resolved("v2.0.0", "v2.0.0", gitlab.tags["v2.0.0"])
    error = caught(deployer_at(vendor), left_behind(gitlab, "4711"), v2)
    assert error.code is Code.BUSY
    assert vendor.sent("POST") == []


def test_a_name_that_shows_no_deployment_is_not_guessed(
    vendor: Vendor, gitlab: Gitlab, clock: Clock
) -> None:
    gitlab.named = False
    gitlab.states = ["running"]
    vendor.after("unanswered", where=is_post)
    job = a_job()
    error = caught(deployer_at(vendor), job, v1(gitlab))
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "pipeline 4711 cannot be told" in error.message
    assert "workflow: name" in error.hint
    gitlab.pipelines[4711]["status"] = "failed"
    clock.wait(61.0)
    assert caught(deployer_at(vendor), job, v1(gitlab)).code is Code.OUTCOME_UNKNOWN
    clock.wait(1801.0)
    gitlab.states = ["success"]
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert len(vendor.sent("POST")) == 2


def test_without_correlation_the_only_pipeline_is_taken_up(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.branches["other"] = gitlab.commit("other")
    gitlab.pipeline(user="somebody")
    gitlab.pipeline("other")
    gitlab.pipeline(source="push")
    gitlab.pipeline(sha=gitlab.commit("moved"))
    gitlab.pipeline(created_at="2026-09-21T00:00:00.000Z")
    gitlab.pipeline()
    job = left_behind(gitlab, "")
    deployer_at(vendor, correlation=False).deploy(v1(gitlab), job)
    assert vendor.sent("POST") == []
    assert job.links == [f"{PIPELINES}/4716"]


def test_on_a_fixed_branch_others_are_left_out(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.branches["other"] = gitlab.commit("other")
    gitlab.pipeline("other")
    gitlab.pipeline("main")
    fixed = {"ref": "main", "inputs": {"version": "{version}"}, "correlation": False}
    job = left_behind(gitlab, "")
    deployer_at(vendor, **fixed).deploy(v1(gitlab), job)
    assert job.links == [f"{PIPELINES}/4712"]


def test_without_correlation_nothing_found_proves_nothing(vendor: Vendor, gitlab: Gitlab) -> None:
    vendor.instead(Reply(502, "<html>"), where=is_post)
    error = caught(deployer_at(vendor, correlation=False), a_job(), v1(gitlab))
    assert error.code is Code.OUTCOME_UNKNOWN
    assert len(vendor.sent("POST")) == 1


def test_the_right_name_may_show_up_late(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running", "success"]
    gitlab.pipeline()
    vendor.after("unanswered", where=is_post)
    vendor.instead(answer([]), where=lambda request: "/pipelines" in request.path)
    job = a_job()
    deployer_at(vendor).deploy(v1(gitlab), job)
    assert job.links == [f"{PIPELINES}/4712"]


def test_of_two_such_pipelines_none_is_picked(vendor: Vendor, gitlab: Gitlab, clock: Clock) -> None:
    for _ in range(2):
        gitlab.pipeline(status="running")
    made, job = deployer_at(vendor, correlation=False), left_behind(gitlab, "")
    error = caught(made, job, v1(gitlab))
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "pipeline 4711 or 4712 cannot be told" in error.message
    assert vendor.sent("POST") == []
    for pipeline in gitlab.pipelines.values():
        pipeline["status"] = "failed"
    assert caught(made, job, v1(gitlab)).code is Code.OUTCOME_UNKNOWN
    clock.wait(1801.0)
    gitlab.pipelines[4712]["status"] = "running"
    assert caught(made, job, v1(gitlab)).code is Code.OUTCOME_UNKNOWN
    gitlab.pipelines[4712]["status"] = "failed"
    made.deploy(v1(gitlab), job)
    assert len(vendor.sent("POST")) == 1


def test_without_correlation_no_input_is_sent_for_it(vendor: Vendor, gitlab: Gitlab) -> None:
    deployer_at(vendor, correlation=False).deploy(v1(gitlab), a_job())
    assert gitlab.sent[4711]["inputs"] == {"environment": "uat"}


# Cancelling.


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"after_cancel": "canceled"}, "GitLab pipeline 4711 was cancelled."),
        # GitLab says 200 in every case.
        ({"after_cancel": None}, "still runs after 30 s"),
        ({"after_cancel": "canceling"}, "still runs after 30 s"),
        ({"after_cancel": "success"}, "had already succeeded"),
        ({"after_cancel": "failed"}, "ended as failed"),
    ],
)
def test_a_cancelled_pipeline_is_looked_at_again(state: Dict[str, Any], text: str) -> None:
    gitlab = Gitlab()
    gitlab.states = ["running"]
    for name, value in state.items():
        setattr(gitlab, name, value)
    with gitlab.vendor() as vendor:
        error = caught(deployer_at(vendor), stopping(8), v1(gitlab))
    assert error.code is Code.CANCELLED
    assert text in error.message


def test_a_cancellation_that_is_not_allowed_says_so(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running"]
    gitlab.forbidden = "cancel"
    error = caught(deployer_at(vendor), stopping(8), v1(gitlab))
    assert "could not be cancelled" in error.message
    assert error.facts["left_running"] == "GitLab pipeline 4711"


def test_a_pipeline_that_was_left_is_cancelled(vendor: Vendor, gitlab: Gitlab) -> None:
    gitlab.states = ["running"]
    gitlab.pipeline(name=f"deploy [{EARLIER_MARK}]")
    ended = deployer_at(vendor).cancel_left(left_behind(gitlab, ""))
    assert (ended.text, ended.left_running) == ("GitLab pipeline 4711 was cancelled.", False)
