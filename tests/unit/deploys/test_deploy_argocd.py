"""Deploying by Argo CD: an application synced once, found again, followed until it is healthy."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opsroom.deploys import Advisor, Resolved
from opsroom.deploys.remote import Run
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from support.cases import cases
from support.contracts.vendor import Vendor
from support.deploys.jobs import Notes
from support.deploys.runs import V1, Clock, caught, deployer_for, left_behind, options_of, stopping
from support.servers.http import Reply, Request
from support.vendors.argocd import TOKEN, ArgoCD

PAGE = Reply(200, f"<html>Sign in, {TOKEN}</html>", {"Content-Type": "text/html"})
KNOWN = {"url": "https://argocd.example.com", "token": TOKEN}
NAME = "the sync of web-uat"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    made.install(monkeypatch)
    return made


@pytest.fixture
def argo(clock: Clock) -> ArgoCD:
    return ArgoCD(clock)


@pytest.fixture
def vendor(argo: ArgoCD) -> Iterator[Vendor]:
    with argo.vendor() as running:
        yield running


def deployer_at(vendor: Vendor, **raw: Any) -> Any:
    return deployer_for("argocd", {**KNOWN, "url": vendor.url("").rstrip("/")}, **raw)


def fails(vendor: Vendor, job: Any = None, **raw: Any) -> OpsroomError:
    return caught(deployer_at(vendor, **raw), job or Notes(), TOKEN)


def is_post(request: Request) -> bool:
    return request.method == "POST"


def test_the_target_revision_is_set_and_synced_and_followed_to_health(
    vendor: Vendor, argo: ArgoCD
) -> None:
    job = Notes()
    deployer_at(vendor).deploy(V1, job)
    assert argo.patches == [{"op": "add", "path": "/spec/source/targetRevision", "value": "v1.0.0"}]
    [sync] = argo.syncs
    assert sync["infos"] == [{"name": "opsroom", "value": "d1"}]
    assert "revision" not in sync
    assert job.lines == [
        f"{NAME} was asked for",
        f"{NAME} has not begun",
        f"{NAME} is syncing: applying",
        f"{NAME} is synced and Progressing",
    ]
    assert job.links == [vendor.url("/applications/web-uat")]
    assert argo.refreshes >= 1


def test_a_sync_for_now_leaves_the_target_revision_alone(vendor: Vendor, argo: ArgoCD) -> None:
    deployer_at(vendor, mode="sync").deploy(V1, Notes())
    assert argo.patches == []
    assert argo.syncs[0]["revision"] == "v1.0.0"
    assert argo.spec["source"]["targetRevision"] == "v1.9.0"


def test_of_several_sources_the_named_one_is_synced(vendor: Vendor, argo: ArgoCD) -> None:
    del argo.spec["source"]
    argo.spec["sources"] = [{"targetRevision": "HEAD"}, {"targetRevision": "v1.9.0"}]
    error = fails(vendor)
    assert "2 sources" in error.message
    assert "from 1 to 2" in error.hint
    assert "no source 3" in fails(vendor, source=3).message
    deployer_at(vendor, source=2).deploy(V1, Notes())
    assert argo.patches[0]["path"] == "/spec/sources/1/targetRevision"
    deployer_at(vendor, source=2, mode="sync").deploy(Resolved("v1.1.0", ""), Notes())
    assert (argo.syncs[1]["revisions"], argo.syncs[1]["sourcePositions"]) == (["v1.1.0"], ["2"])


def test_one_source_has_no_number(vendor: Vendor, argo: ArgoCD) -> None:
    assert "remove the key source" in fails(vendor, source=1).hint


@cases("phase", ["Failed", "Error"])
def test_a_sync_that_fails_says_why(phase: str) -> None:
    argo = ArgoCD()
    argo.phases = [phase]
    with argo.vendor() as vendor, pytest.MonkeyPatch.context() as patch:
        Clock().install(patch)
        error = fails(vendor)
    assert error.code is Code.DEPLOY_FAILED
    assert "one or more objects failed to apply" in error.message


def test_one_that_is_tried_again_has_not_ended(vendor: Vendor, argo: ArgoCD) -> None:
    argo.phases = ["Running", "Failed again", "Running", "Succeeded"]
    job = Notes()
    deployer_at(vendor).deploy(V1, job)
    assert f"{NAME} is syncing (try 2): applying" in job.lines


def test_what_is_broken_after_its_sync_has_failed(
    vendor: Vendor, argo: ArgoCD, clock: Clock
) -> None:
    argo.healths = ["Degraded"]
    began = clock.now
    error = fails(vendor)
    assert "is synced and Degraded: see its pods" in error.message
    assert 60 <= clock.now - began < 120


def test_what_is_degraded_for_a_moment_has_not_failed(vendor: Vendor, argo: ArgoCD) -> None:
    argo.healths = ["Degraded", "Degraded", "Progressing", "Healthy"]
    deployer_at(vendor).deploy(V1, Notes())


def test_what_someone_has_to_resume_is_said(vendor: Vendor, argo: ArgoCD) -> None:
    argo.healths = ["Suspended", "Suspended", "Healthy"]
    job = Notes()
    deployer_at(vendor).deploy(V1, job)
    assert any("is synced, and waits for someone: Suspended" in line for line in job.lines)


def test_an_application_without_a_target_revision_gets_one(vendor: Vendor, argo: ArgoCD) -> None:
    del argo.spec["source"]["targetRevision"]
    deployer_at(vendor).deploy(V1, Notes())
    assert argo.spec["source"]["targetRevision"] == "v1.0.0"


def test_the_time_limit_ends_the_sync(vendor: Vendor, argo: ArgoCD) -> None:
    argo.phases = ["Running"]
    error = fails(vendor, time_limit="60s")
    assert error.code is Code.TIMED_OUT
    assert "was cancelled: what it had applied stays" in error.message


# What starting may answer.


@cases(
    ("state", "raw", "code", "text"),
    [
        ({"window": "x"}, {"mode": "sync"}, Code.FROZEN, "A sync window of Argo CD blocks web-uat"),
        ({"deleting": True}, {}, Code.NOT_POSSIBLE, "is deleting"),
        ({"missing_right": True}, {}, Code.UNAUTHORIZED, "permission denied"),
        ({"expired": True}, {}, Code.UNAUTHORIZED, "may have expired"),
        ({}, {"application": "other"}, Code.NOT_POSSIBLE, "no application other in project"),
        ({}, {"project": "shop"}, Code.NOT_POSSIBLE, "in project shop"),
    ],
)
def test_what_starts_nothing_is_said(
    state: Dict[str, Any], raw: Dict[str, str], code: Code, text: str
) -> None:
    argo = ArgoCD()
    for name, value in state.items():
        setattr(argo, name, value)
    with argo.vendor() as vendor:
        job = Notes()
        error = fails(vendor, job, **raw)
    assert error.code is code
    assert text in error.message
    assert (argo.syncs, job.handles) == ([], {"argocd": ""})


def test_a_blocked_sync_says_that_the_target_is_set(vendor: Vendor, argo: ArgoCD) -> None:
    argo.window = "x"
    error = fails(vendor)
    assert error.code is Code.FROZEN
    assert "Its target revision is v1.0.0 now" in error.message


def test_auto_sync_refuses_another_revision(vendor: Vendor, argo: ArgoCD) -> None:
    argo.automated()
    error = fails(vendor, mode="sync")
    assert (error.code, "mode to target" in error.hint) == (Code.NOT_POSSIBLE, True)
    argo.automated(enabled=False)
    deployer_at(vendor, mode="sync").deploy(V1, Notes())


def test_auto_sync_that_is_faster_brings_the_same(vendor: Vendor, argo: ArgoCD) -> None:
    argo.automated()
    original = argo._sync

    def sync(what: str, body: Dict[str, Any]) -> Reply:
        argo.begun("", "v1.0.0", by="")
        return original(what, body)

    argo._sync = sync  # type: ignore[method-assign]
    deployer_at(vendor).deploy(V1, Notes())
    assert argo.syncs == []


def test_another_operation_is_waited_for(vendor: Vendor, argo: ArgoCD) -> None:
    argo.begun("another")
    error = fails(vendor, mode="sync")
    assert error.code is Code.BUSY


@cases(
    "reply",
    [PAGE, Reply(302, "", {"Location": "https://sso.example.com"}), Reply(404, "<html>nginx")],
)
def test_what_is_not_argo_cd_has_started_nothing(reply: Reply) -> None:
    argo = ArgoCD()
    with argo.vendor() as vendor:
        vendor.instead(reply)
        job = Notes()
        error = fails(vendor, job)
        assert vendor.sent("POST") == []
    assert isinstance(error, Failure)
    assert job.handles == {"argocd": ""}


# Lost answers and dead runners.


def test_a_lost_answer_is_looked_up_and_not_repeated(vendor: Vendor, argo: ArgoCD) -> None:
    vendor.after("unanswered", where=is_post)
    deployer_at(vendor).deploy(V1, Notes())
    assert len(argo.syncs) == 1


def test_a_gateway_that_lost_it_leads_to_no_second_one(vendor: Vendor, argo: ArgoCD) -> None:
    vendor.instead(Reply(504, "<html>"), where=is_post)
    assert "started nothing" in fails(vendor).message
    assert argo.syncs == []


@cases("run", ["", json.dumps({"mark": "d0"})])
def test_a_sync_is_taken_up_by_its_mark(run: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        clock.install(patch)
        argo = ArgoCD(clock)
        argo.spec["source"]["targetRevision"] = "v1.0.0"
        argo.begun("d0")
        with argo.vendor() as vendor:
            deployer_at(vendor).deploy(V1, left_behind("argocd", run, clock.now))
            assert vendor.sent("POST") == []


def test_a_sync_that_another_one_replaced_is_over(
    vendor: Vendor, argo: ArgoCD, clock: Clock
) -> None:
    argo.phases = ["Running"]
    argo.begun("another", by="carol")
    job = left_behind("argocd", json.dumps({"mark": "d0"}), clock.now)
    error = fails(vendor, job, mode="sync")
    assert error.code is Code.BUSY


# Cancelling.


@cases("waits", [0, 3])
def test_a_cancelled_sync_is_terminated(waits: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        clock.install(patch)
        argo = ArgoCD(clock)
        argo.phases, argo.must_wait_to_terminate = ["Running"], waits
        with argo.vendor() as vendor:
            error = fails(vendor, stopping(5))
    assert error.code is Code.CANCELLED
    assert "The sync of web-uat was cancelled: what it had applied stays." in error.message


@cases(
    ("state", "text"),
    [
        ({"phases": ["Running"], "terminates": False}, "still runs after 30 s"),
        ({"phases": ["Running"], "must_wait_to_terminate": 99}, "no operation is in progress"),
        ({"phases": ["Succeeded"], "healths": ["Progressing"]}, "what it applied stays; roll ba"),
    ],
)
def test_what_does_not_stop_is_said_to_go_on(state: Dict[str, Any], text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        clock.install(patch)
        argo = ArgoCD(clock)
        for name, value in state.items():
            setattr(argo, name, value)
        with argo.vendor() as vendor:
            error = fails(vendor, stopping(8))
    assert text in error.message


def test_the_sync_of_someone_else_is_not_terminated(vendor: Vendor, argo: ArgoCD) -> None:
    argo.phases = ["Running"]
    argo.begun("another", by="carol")
    service = deployer_at(vendor, mode="sync").service
    run = Run(json.dumps({"mark": "d0"}), NAME)
    with pytest.raises(Failure, match="another sync in its place"):
        service.cancel(run)
    assert vendor.sent("DELETE") == []


def test_a_failure_that_speaks_of_terminated_pods_is_one(vendor: Vendor, argo: ArgoCD) -> None:
    argo.phases, argo.message = ["Running", "Failed"], "one hook failed: container terminated"
    error = fails(vendor)
    assert error.code is Code.DEPLOY_FAILED
    assert "failed: one hook failed: container terminated" in error.message


# Back.


def test_a_rollback_goes_to_the_entry_of_the_history(vendor: Vendor, argo: ArgoCD) -> None:
    made = deployer_at(vendor, mode="sync")
    for version in ("v1.0.0", "v1.1.0"):
        argo.spec["source"]["targetRevision"] = version
        made.deploy(Resolved(version, version), Notes())
    made.roll_back(V1, Notes())
    assert (argo.syncs[-1]["what"], argo.syncs[-1]["id"]) == ("rollback", 0)


def test_a_lost_rollback_is_looked_up(vendor: Vendor, argo: ArgoCD) -> None:
    made = deployer_at(vendor, mode="sync")
    argo.spec["source"]["targetRevision"] = "v1.0.0"
    made.deploy(V1, Notes())
    vendor.after("unanswered", where=is_post)
    made.roll_back(V1, Notes())
    assert [one["what"] for one in argo.syncs] == ["sync", "rollback"]


def test_what_the_history_does_not_have_is_synced(vendor: Vendor, argo: ArgoCD) -> None:
    deployer_at(vendor, mode="sync").roll_back(V1, Notes())
    assert argo.syncs[0]["what"] == "sync"


# What may be in the way, and the config.


def test_a_plan_is_warned_of_windows_and_auto_sync(vendor: Vendor, argo: ArgoCD) -> None:
    made = deployer_at(vendor, mode="sync")
    assert isinstance(made, Advisor)
    assert made.warnings(V1) == ()
    argo.automated()
    argo.window = "x"
    own, window = made.warnings(V1)
    assert "mode: target" in own
    assert "deny 0 22 * * * for 8h" in window
    assert len(deployer_at(vendor).warnings(V1)) == 1


@cases(
    ("raw", "line"),
    [
        ({"application": "{version}"}, "apps.web.deploy.application: {version} is not filled in"),
        ({"revision": "main"}, "apps.web.deploy.revision: expected {version} in it"),
        ({"revision": "{tag}{version}"}, "apps.web.deploy.revision: {tag} is not filled in here"),
        ({"mode": "patch"}, "apps.web.deploy.mode: expected"),
        ({"source": -1}, "apps.web.deploy.source: expected"),
        ({"prune": "yes please"}, "apps.web.deploy.prune: expected"),
        ({"aplication": "x"}, "apps.web.deploy.aplication: there is no such key; did you mean"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(raw: Dict[str, Any], line: str) -> None:
    found: Tuple[Any, List[str]] = options_of("argocd", KNOWN, **raw)
    assert found[1][0].startswith(line)
    assert TOKEN not in repr(found[0])


def test_refusals_are_refusals(vendor: Vendor) -> None:
    assert isinstance(fails(vendor, application="other"), Refusal)
