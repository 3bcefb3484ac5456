"""What the tests of the deploy kind kubernetes share: a played cluster and a clock."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.deploys.kubernetes import ROLLING, Clock
from support.vendors.kubernetes import Cluster, done, unobserved, workload


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    made.install(monkeypatch)
    return made


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.add(workload())
        running.steps = [unobserved, ROLLING, done]
        yield running
