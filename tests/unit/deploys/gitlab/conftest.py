"""What the tests of the deploy kind gitlab share: a played GitLab and the clock it lives by."""

from __future__ import annotations

from typing import Iterator

import pytest

from opsroom.deploys.gitlab import pipeline
from support.contracts.vendor import Vendor
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
    made.install(monkeypatch, pipeline)
    gitlab.now = made
    return made
