"""What the tests of the deploy kind kubernetes share: a played cluster and a clock."""

from __future__ import annotations

from typing import Iterator

import pytest

from opsroom.deploys import course
from support.deploys.kubernetes import ROLLING, Clock
from support.deploys.stateful_sets import StatefulSet
from support.servers.http import HttpServer
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


@pytest.fixture(autouse=True)
def course_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "now", clock)


@pytest.fixture
def pods(cluster: Cluster) -> StatefulSet:
    """In place of the deployment."""
    cluster.objects.clear()
    return StatefulSet(cluster)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as made:
        yield made
