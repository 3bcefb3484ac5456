"""What the tests of the deploy kind gitlab share: a played GitLab and the clock it lives by."""

from __future__ import annotations

from typing import Iterator

import pytest

from opsroom.deploys.gitlab import pipeline as pipelines
from support.contracts.vendor import Vendor
from support.deploys.gitlab import JOB
from support.deploys.runs import Clock
from support.vendors.gitlab import Gitlab


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
def vendor(gitlab: Gitlab) -> Iterator[Vendor]:
    with gitlab.vendor() as running:
        yield running


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, gitlab: Gitlab) -> Clock:
    made = Clock()
    made.install(monkeypatch, pipelines)
    gitlab.now = made
    return made


@pytest.fixture
def pipeline(gitlab: Gitlab, clock: Clock) -> int:
    """A pipeline of v1.0.0 with a manual job, number 91, made an hour ago."""
    clock.now -= 3600.0
    made: int = gitlab.pipeline(status="success", source="push")["id"]
    gitlab.job(made, "build", "success")
    gitlab.job(made, JOB, "manual")
    clock.now += 3600.0
    return made
