"""What the tests of the deploy kind github share: a played GitHub and the clock it lives by."""

from __future__ import annotations

from typing import Iterator

import pytest

from opsroom.deploys.github import workflow
from support.contracts.vendor import Vendor
from support.deploys.runs import Clock
from support.vendors.github_deployments import GithubDeployments


@pytest.fixture
def github() -> GithubDeployments:
    return GithubDeployments()


@pytest.fixture
def vendor(github: GithubDeployments) -> Iterator[Vendor]:
    with github.vendor() as running:
        yield running


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, github: GithubDeployments) -> Clock:
    made = Clock()
    made.install(monkeypatch, workflow)
    github.now = made
    return made
