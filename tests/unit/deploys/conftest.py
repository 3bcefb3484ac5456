"""What the tests of deploy kinds at a service share. A folder or module says which: `kind`."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.contracts.vendor import Vendor
from support.deploys.runs import Clock
from support.deploys.sites import Site, site_of


@pytest.fixture
def site(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site_of(kind, monkeypatch) as made:
        yield made


@pytest.fixture
def vendor(site: Site) -> Vendor:
    return site.vendor


@pytest.fixture
def clock(site: Site) -> Clock:
    return site.clock
