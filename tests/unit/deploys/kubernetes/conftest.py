"""What the tests of the deploy kind kubernetes share: a played cluster and a clock."""

from __future__ import annotations

from typing import Iterator

import pytest

from opsroom.deploys import course
from support.deploys.kubernetes import ROLLING
from support.deploys.runs import Clock
from support.deploys.stateful_sets import StatefulSet
from support.servers.http import HttpServer
from support.vendors.kubernetes import Cluster, done, unobserved, workload


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(1000.0)
    made.install(monkeypatch, course)
    return made


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.add(workload())
        running.steps = [unobserved, ROLLING, done]
        yield running


@pytest.fixture
def pods(cluster: Cluster) -> StatefulSet:
    """In place of the deployment."""
    cluster.objects.clear()
    return StatefulSet(cluster)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as made:
        yield made
