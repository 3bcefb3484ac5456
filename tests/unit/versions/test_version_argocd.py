"""Asking Argo CD which version runs: what its last sync brought."""

from __future__ import annotations

from typing import Any, Dict, Iterator

import pytest

from opsroom import versions
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys import Target
from opsroom.errors import Code, Failure, OpsroomError
from opsroom.versions import Running
from support.contracts.vendor import Vendor
from support.servers.http import Reply
from support.vendors.argocd import TOKEN, ArgoCD

C0, C9 = "0" * 40, "9" * 40


@pytest.fixture
def argo() -> ArgoCD:
    return ArgoCD()


@pytest.fixture
def vendor(argo: ArgoCD) -> Iterator[Vendor]:
    with argo.vendor() as running:
        yield running


def source(vendor: Vendor, **raw: Any) -> Any:
    problems = Problems()
    access = {"url": vendor.url("").rstrip("/"), "token": TOKEN}
    fields = Fields({**access, **raw}, "apps.web.version", problems)
    options = versions.REGISTRY.read_options("argocd", fields)
    fields.finish()
    assert problems.lines == []
    return versions.REGISTRY.make("argocd", options, target=Target("web", "uat"))


def has(argo: ArgoCD, revision: str, target: str = "v1.9.0", **status: Any) -> None:
    entry = {"id": 0, "revision": revision, "source": {"targetRevision": target}}
    argo.status.update(history=[entry], **status)


def test_before_the_first_sync_nothing_runs(vendor: Vendor) -> None:
    assert source(vendor).ask() == Running("")


def test_a_synced_application_runs_its_target_revision(vendor: Vendor, argo: ArgoCD) -> None:
    has(argo, C9)
    assert source(vendor).ask() == Running("v1.9.0", C9)


def test_of_another_revision_the_commit_is_known(vendor: Vendor, argo: ArgoCD) -> None:
    has(argo, C0, sync={"status": "OutOfSync", "revision": C9})
    assert source(vendor).ask() == Running(C0[:12], C0)


def test_a_chart_has_a_version_and_no_commit(vendor: Vendor, argo: ArgoCD) -> None:
    has(argo, "4.2.1", "4.2.1", sync={"status": "Synced", "revision": "4.2.1"})
    assert source(vendor).ask() == Running("4.2.1")


def test_a_prefix_is_taken_off(vendor: Vendor, argo: ArgoCD) -> None:
    has(argo, C9, "web/v1.9.0")
    assert source(vendor, prefix="web/").ask() == Running("v1.9.0", C9)


def test_of_several_sources_the_named_one_counts(vendor: Vendor, argo: ArgoCD) -> None:
    entry: Dict[str, Any] = {"id": 0, "revisions": ["1.0", C9]}
    entry["sources"] = [{"targetRevision": "1.0"}, {"targetRevision": "v1.9.0"}]
    argo.status.update(history=[entry], sync={"status": "Synced", "revisions": ["1.0", C9]})
    assert source(vendor, source=2).ask() == Running("v1.9.0", C9)


def test_what_is_no_version_is_a_bad_answer(vendor: Vendor, argo: ArgoCD) -> None:
    has(argo, C9, "refs heads main")
    with pytest.raises(Failure, match="is not a version"):
        source(vendor).ask()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, "<html>"), Code.BAD_ANSWER),
        (Reply(200, "{}"), Code.BAD_ANSWER),
        (Reply(302, "", {"Location": "https://sso.example.com"}), Code.BAD_ANSWER),
        (Reply(401, '{"message": "expired"}'), Code.UNAUTHORIZED),
        (Reply(404, '{"message": "not found"}'), Code.NOT_POSSIBLE),
    ],
)
def test_trouble_is_said_and_nothing_is_in_doubt(vendor: Vendor, reply: Reply, code: Code) -> None:
    vendor.instead(reply)
    vendor.odd = True
    with pytest.raises(OpsroomError) as raised:
        source(vendor).ask()
    assert raised.value.code is code
    assert TOKEN not in f"{raised.value} {raised.value.hint} {raised.value.facts}"
