"""A GitHub that is played, and a tracker that asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from support.cards.kinds import tracker_at
from support.contracts.vendor import Vendor
from support.troubles.trackers import tracker_with
from support.vendors.github import Github


@pytest.fixture
def github() -> Github:
    return Github()


@pytest.fixture
def vendor(github: Github) -> Iterator[Vendor]:
    with github.vendor() as running:
        yield running


@pytest.fixture
def tracker(vendor: Vendor, tmp_path: Path) -> Any:
    config = tracker_at("github", vendor.url("").rstrip("/"))
    return tracker_with({**config, "repositories": ["acme/api"]}, tmp_path)
