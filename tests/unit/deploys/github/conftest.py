"""What the tests of the deploy kind github share: a played GitHub."""

from __future__ import annotations

import pytest

from support.deploys.sites import Site
from support.vendors.github_deployments import GithubDeployments


@pytest.fixture
def kind() -> str:
    return "github"


@pytest.fixture
def github(site: Site) -> GithubDeployments:
    played: GithubDeployments = site.played
    return played
