"""Asking Argo CD which version runs: what its last sync brought."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, Iterator

import pytest

from opsroom.errors import Failure
from opsroom.versions import Running
from support.vendors.argocd import ArgoCD
from support.versions import Ask, ask_at

C0, C9 = "0" * 40, "9" * 40


@pytest.fixture
def argo() -> ArgoCD:
    return ArgoCD()


@pytest.fixture
def ask(argo: ArgoCD) -> Iterator[Ask]:
    with argo.vendor() as vendor:
        yield partial(ask_at, "argocd", vendor.url("").rstrip("/"))


def has(argo: ArgoCD, revision: str, target: str = "v1.9.0", **status: Any) -> None:
    entry = {"id": 0, "revision": revision, "source": {"targetRevision": target}}
    argo.status.update(history=[entry], **status)


def test_before_the_first_sync_nothing_runs(ask: Ask) -> None:
    assert ask() == Running("")


def test_a_synced_application_runs_its_target_revision(ask: Ask, argo: ArgoCD) -> None:
    has(argo, C9)
    assert ask() == Running("v1.9.0", C9)


def test_of_another_revision_the_commit_is_known(ask: Ask, argo: ArgoCD) -> None:
    has(argo, C0, sync={"status": "OutOfSync", "revision": C9})
    assert ask() == Running(C0[:12], C0)


def test_a_chart_has_a_version_and_no_commit(ask: Ask, argo: ArgoCD) -> None:
    has(argo, "4.2.1", "4.2.1", sync={"status": "Synced", "revision": "4.2.1"})
    assert ask() == Running("4.2.1")


def test_a_prefix_is_taken_off(ask: Ask, argo: ArgoCD) -> None:
    has(argo, C9, "web/v1.9.0")
    assert ask(prefix="web/") == Running("v1.9.0", C9)


def test_of_several_sources_the_named_one_counts(ask: Ask, argo: ArgoCD) -> None:
    entry: Dict[str, Any] = {"id": 0, "revisions": ["1.0", C9]}
    entry["sources"] = [{"targetRevision": "1.0"}, {"targetRevision": "v1.9.0"}]
    argo.status.update(history=[entry], sync={"status": "Synced", "revisions": ["1.0", C9]})
    assert ask(source=2) == Running("v1.9.0", C9)


def test_what_is_no_version_is_a_bad_answer(ask: Ask, argo: ArgoCD) -> None:
    has(argo, C9, "refs heads main")
    with pytest.raises(Failure, match="is not a version"):
        ask()
