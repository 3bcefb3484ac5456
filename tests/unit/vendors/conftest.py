"""A played cluster, without encryption and with."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from support.deploys.kubernetes_access import Secure
from support.vendors.kubernetes import Cluster, workload


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        running.add(workload())
        yield running


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Secure]:
    made = Secure(tmp_path)
    with made.server:
        yield made
