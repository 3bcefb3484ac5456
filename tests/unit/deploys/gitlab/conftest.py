"""What the tests of the deploy kind gitlab share: a played GitLab."""

from __future__ import annotations

import pytest

from support.deploys.sites import Site
from support.vendors.gitlab import Gitlab


@pytest.fixture
def kind() -> str:
    return "gitlab"


@pytest.fixture
def gitlab(site: Site) -> Gitlab:
    played: Gitlab = site.played
    return played
