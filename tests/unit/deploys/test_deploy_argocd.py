"""Deploying by Argo CD: an application synced once, found again, followed until it is healthy."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from opsroom.deploys import Advisor, Resolved
from opsroom.deploys.remote import Run
from opsroom.errors import Code, Failure, Refusal
from support.deploys.sites import DEPLOYMENT, EARLIER, Site
from support.servers.http import Reply
from support.vendors.argocd import ArgoCD

NAME = "the sync of web-uat"


@pytest.fixture
def kind() -> str:
    return "argocd"


@pytest.fixture
def argo(site: Site) -> ArgoCD:
    played: ArgoCD = site.played
    return played


def test_the_target_revision_is_set_and_synced_and_followed_to_health(
    site: Site, argo: ArgoCD
) -> None:
    job = site.deploy(application=...)
    assert argo.patches == [{"op": "add", "path": "/spec/source/targetRevision", "value": "v1.0.0"}]
    [sync] = argo.syncs
    assert sync["infos"] == [{"name": "opsroom", "value": DEPLOYMENT}]
    assert "revision" not in sync
    assert job.lines == [
        f"{NAME} was asked for",
        f"{NAME} has not begun",
        f"{NAME} is syncing: applying",
        f"{NAME} is synced and Progressing",
    ]
    assert job.links == [site.vendor.url("/applications/web-uat")]
    assert argo.refreshes >= 1


def test_a_sync_for_now_leaves_the_target_revision_alone(site: Site, argo: ArgoCD) -> None:
    site.deploy(mode="sync")
    assert argo.patches == []
    assert argo.syncs[0]["revision"] == "v1.0.0"
    assert argo.spec["source"]["targetRevision"] == "v1.9.0"


def test_of_several_sources_the_named_one_is_synced(site: Site, argo: ArgoCD) -> None:
    del argo.spec["source"]
    argo.spec["sources"] = [{"targetRevision": "HEAD"}, {"targetRevision": "v1.9.0"}]
    error = site.fails()
    assert "2 sources" in error.message
    assert "from 1 to 2" in error.hint
    assert "no source 3" in site.fails(source=3).message
    site.deploy(source=2)
    assert argo.patches[0]["path"] == "/spec/sources/1/targetRevision"
    site.deploy(Resolved("v1.1.0", ""), source=2, mode="sync")
    assert (argo.syncs[1]["revisions"], argo.syncs[1]["sourcePositions"]) == (["v1.1.0"], ["2"])


def test_one_source_has_no_number(site: Site) -> None:
    assert "remove the key source" in site.fails(source=1).hint


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_sync_that_fails_says_why(site: Site, argo: ArgoCD, phase: str) -> None:
    argo.phases = [phase]
    error = site.fails()
    assert error.code is Code.DEPLOY_FAILED
    assert "one or more objects failed to apply" in error.message


def test_a_failure_that_speaks_of_terminated_pods_is_one(site: Site, argo: ArgoCD) -> None:
    argo.phases, argo.message = ["Running", "Failed"], "one hook failed: container terminated"
    error = site.fails()
    assert error.code is Code.DEPLOY_FAILED
    assert "failed: one hook failed: container terminated" in error.message


def test_one_that_is_tried_again_has_not_ended(site: Site, argo: ArgoCD) -> None:
    argo.phases = ["Running", "Failed again", "Running", "Succeeded"]
    assert f"{NAME} is syncing (try 2): applying" in site.deploy().lines


def test_what_is_broken_after_its_sync_has_failed(site: Site, argo: ArgoCD) -> None:
    argo.healths = ["Degraded"]
    began = site.clock()
    assert "is synced and Degraded: see its pods" in site.fails().message
    assert 60 <= site.clock() - began < 120


def test_what_is_degraded_for_a_moment_has_not_failed(site: Site, argo: ArgoCD) -> None:
    argo.healths = ["Degraded", "Degraded", "Progressing", "Healthy"]
    site.deploy()


def test_what_someone_has_to_resume_is_said(site: Site, argo: ArgoCD) -> None:
    argo.healths = ["Suspended", "Suspended", "Healthy"]
    lines = site.deploy().lines
    assert any("is synced, and waits for someone: Suspended" in line for line in lines)


def test_an_application_without_a_target_revision_gets_one(site: Site, argo: ArgoCD) -> None:
    del argo.spec["source"]["targetRevision"]
    site.deploy()
    assert argo.spec["source"]["targetRevision"] == "v1.0.0"


# What starting may answer.


@pytest.mark.parametrize(
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
    site: Site, argo: ArgoCD, state: Dict[str, Any], raw: Dict[str, str], code: Code, text: str
) -> None:
    vars(argo).update(state)
    error = site.fails(**raw)
    assert error.code is code
    assert text in error.message
    assert (argo.syncs, site.kept) == ([], "")
    # Failures are what the world did; here it is the config or the time.
    assert isinstance(error, Refusal) == (code is not Code.UNAUTHORIZED)


def test_a_blocked_sync_says_that_the_target_is_set(site: Site, argo: ArgoCD) -> None:
    argo.window = "x"
    error = site.fails()
    assert error.code is Code.FROZEN
    assert "Its target revision is v1.0.0 now" in error.message


def test_auto_sync_refuses_another_revision(site: Site, argo: ArgoCD) -> None:
    argo.automated()
    error = site.fails(mode="sync")
    assert (error.code, "mode to target" in error.hint) == (Code.NOT_POSSIBLE, True)
    argo.automated(enabled=False)
    site.deploy(mode="sync")


def test_auto_sync_that_is_faster_brings_the_same(site: Site, argo: ArgoCD) -> None:
    argo.automated()
    original = argo._sync

    def sync(what: str, body: Dict[str, Any]) -> Reply:
        argo.begun("", "v1.0.0", by="")
        return original(what, body)

    argo._sync = sync
    site.deploy()
    assert argo.syncs == []


def test_another_operation_is_waited_for(site: Site, argo: ArgoCD) -> None:
    argo.begun("another")
    assert site.fails(mode="sync").code is Code.BUSY


@pytest.mark.parametrize("reply", [Reply(200, "<html>Sign in</html>"), Reply(404, "<html>nginx")])
def test_what_is_not_argo_cd_has_changed_nothing(site: Site, argo: ArgoCD, reply: Reply) -> None:
    site.vendor.instead(reply)
    assert isinstance(site.fails(), Failure)
    assert (site.posts, argo.patches, site.kept) == ([], [], "")


# Dead runners, and cancelling.


def test_a_sync_that_another_one_replaced_is_over(site: Site, argo: ArgoCD) -> None:
    argo.phases = ["Running"]
    argo.begun("another", by="carol")
    site.leave(json.dumps({"mark": EARLIER}))
    assert site.fails(mode="sync").code is Code.BUSY


@pytest.mark.parametrize("waits", [0, 3])
def test_a_cancelled_sync_is_terminated(site: Site, argo: ArgoCD, waits: int) -> None:
    argo.phases, argo.must_wait_to_terminate = ["Running"], waits
    site.stop()
    error = site.fails()
    assert error.code is Code.CANCELLED
    assert "The sync of web-uat was cancelled: what it had applied stays." in error.message


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"phases": ["Running"], "terminates": False}, "still runs after 30 s"),
        ({"phases": ["Running"], "must_wait_to_terminate": 99}, "no operation is in progress"),
        ({"phases": ["Succeeded"], "healths": ["Progressing"]}, "what it applied stays; roll ba"),
    ],
)
def test_what_does_not_stop_is_said_to_go_on(
    site: Site, argo: ArgoCD, state: Dict[str, Any], text: str
) -> None:
    vars(argo).update(state)
    site.stop(8)
    assert text in site.fails().message


def test_the_sync_of_someone_else_is_not_terminated(site: Site, argo: ArgoCD) -> None:
    argo.phases = ["Running"]
    argo.begun("another", by="carol")
    run = Run(json.dumps({"mark": "d0"}), NAME)
    with pytest.raises(Failure, match="another sync in its place"):
        site.deployer(mode="sync").service.cancel(run)
    assert site.vendor.sent("DELETE") == []


# Back.


def test_a_rollback_goes_to_the_entry_of_the_history(site: Site, argo: ArgoCD) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        argo.spec["source"]["targetRevision"] = version
        site.deploy(Resolved(version, version), mode="sync")
    site.deployer(mode="sync").roll_back(site.v1, site.job)
    assert (argo.syncs[-1]["what"], argo.syncs[-1]["id"]) == ("rollback", 0)


def test_a_lost_rollback_is_looked_up(site: Site, argo: ArgoCD) -> None:
    argo.spec["source"]["targetRevision"] = "v1.0.0"
    site.deploy(mode="sync")
    site.lose_answer()
    site.deployer(mode="sync").roll_back(site.v1, site.job)
    assert [one["what"] for one in argo.syncs] == ["sync", "rollback"]


def test_what_the_history_does_not_have_is_synced(site: Site, argo: ArgoCD) -> None:
    site.deployer(mode="sync").roll_back(site.v1, site.job)
    assert argo.syncs[0]["what"] == "sync"


# What may be in the way, and the config.


def test_a_plan_is_warned_of_windows_and_auto_sync(site: Site, argo: ArgoCD) -> None:
    made = site.deployer(mode="sync")
    assert isinstance(made, Advisor)
    assert made.warnings(site.v1) == ()
    argo.automated()
    argo.window = "x"
    own, window = made.warnings(site.v1)
    assert "mode: target" in own
    assert "deny 0 22 * * * for 8h" in window
    assert len(site.deployer().warnings(site.v1)) == 1


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"application": "{version}"}, "application: {version} is not filled in"),
        ({"revision": "main"}, "revision: expected {version} in it"),
        ({"revision": "{tag}{version}"}, "revision: {tag} is not filled in here"),
        ({"mode": "patch"}, "mode: expected"),
        ({"source": -1}, "source: expected"),
        ({"prune": "yes please"}, "prune: expected"),
        ({"aplication": "x"}, "aplication: there is no such key; did you mean"),
    ],
)
def test_a_wrong_config_is_named_with_its_key(site: Site, raw: Dict[str, Any], line: str) -> None:
    assert site.options(**raw)[1][0].startswith(f"apps.web.deploy.{line}")
