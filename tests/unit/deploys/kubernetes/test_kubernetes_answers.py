"""What the API server says instead of doing it."""

from __future__ import annotations

from typing import List

import pytest

from opsroom.errors import Code
from opsroom.http import vendor
from support.deploys.jobs import Notes
from support.deploys.kubernetes import deploy, fails, is_patch
from support.deploys.runs import Clock
from support.servers.http import Reply, free_port
from support.vendors.kubernetes import (
    Cluster,
    status_of,
)


def test_401_says_that_the_token_may_have_expired_and_where_it_is(cluster: Cluster) -> None:
    cluster.token = "another"
    error = fails(cluster)
    assert error.code is Code.UNAUTHORIZED
    assert "may have expired" in error.message
    assert error.hint == "An administrator has to renew them: apps.web.deploy.token."


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_403_names_the_verb_and_the_resource(cluster: Cluster, verb: str) -> None:
    cluster.denied, job = [(verb, "deployments")], Notes()
    error = fails(cluster, job)
    assert error.code is Code.UNAUTHORIZED
    assert f"may not {verb} deployments in namespace shop (403)" in error.message
    assert f"Grant it the verb {verb} on deployments" in error.hint
    assert job.handles["kubernetes"] == ""


def test_403_for_nobody_is_about_the_credentials(cluster: Cluster) -> None:
    message = 'deployments.apps "web" is forbidden: User "system:anonymous" cannot get resource "x"'
    cluster.instead(status_of(403, "Forbidden", message))
    error = fails(cluster)
    assert "does not accept the credentials (403); they may have expired" in error.message


def test_500_gives_the_reason_and_is_certain_where_a_webhook_could_not_be_called(
    cluster: Cluster, clock: Clock
) -> None:
    message = 'Internal error occurred: failed calling webhook "policy": connection refused'
    cluster.instead(status_of(500, "InternalError", message), where=is_patch)
    job = Notes()
    error = fails(cluster, job)
    assert f"Kubernetes failed to patch deployments (500): {message}." in error.message
    assert (error.facts["sent"], clock.now) == (False, 1000.0)
    assert job.handles["kubernetes"] == ""


def test_403_of_an_admission_webhook_is_not_taken_for_a_missing_right(cluster: Cluster) -> None:
    denied = 'admission webhook "policy.example.com" denied the request: unsigned image'
    cluster.instead(status_of(403, "Forbidden", denied), where=is_patch)
    error = fails(cluster)
    assert error.code is Code.NOT_ACCEPTED
    assert "denied the request: unsigned image" in error.message


def test_422_gives_the_reason(cluster: Cluster) -> None:
    cluster.instead(status_of(422, "Invalid", "spec: Forbidden: updates"), where=is_patch)
    error = fails(cluster)
    assert (error.code, "spec: Forbidden: updates" in error.message) == (Code.NOT_ACCEPTED, True)


def test_a_workload_that_does_not_exist_is_named(cluster: Cluster) -> None:
    error = fails(cluster, workload="deployment/wbe")
    assert error.message == "There is no deployment wbe in namespace shop."
    assert "apps.web.deploy.workload" in error.hint


def test_429_is_waited_for(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: List[float] = []
    monkeypatch.setattr(vendor, "sleep", waited.append)
    cluster.instead(Reply(429, "{}", {"Retry-After": "1"}), where=is_patch)
    deploy(cluster)
    assert waited == [1.0]


PAGE = Reply(200, "<html>Log in</html>", {"Content-Type": "text/html"})
MOVED = Reply(302, "", {"Location": "https://elsewhere.example.com/login"})


@pytest.mark.parametrize("reply", [PAGE, MOVED, Reply(404, "404 page not found")])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_is_no_api_server_has_done_nothing(
    cluster: Cluster, reply: Reply, method: str
) -> None:
    cluster.instead(reply, where=lambda request: request.method == method)
    job = Notes()
    error = fails(cluster, job)
    assert error.code is Code.BAD_ANSWER
    assert job.handles["kubernetes"] == ""
    assert cluster.patches == []


def test_a_server_that_is_away_is_waited_out_while_it_rolls_out(cluster: Cluster) -> None:
    cluster.instead(*[Reply(503, "busy")] * 6, where=lambda one: bool(cluster.patches))
    job = deploy(cluster)
    assert "Kubernetes does not answer (bad_answer)" in job.lines


def test_a_server_that_is_not_there_changes_nothing(cluster: Cluster) -> None:
    job = Notes()
    error = fails(cluster, job, url=f"http://127.0.0.1:{free_port()}")
    assert error.code is Code.UNREACHABLE
    assert job.handles["kubernetes"] == ""
