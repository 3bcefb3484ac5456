"""What the tests of the pager kind opsgenie run against."""

from __future__ import annotations

import pytest

from support.pages.opsgenie import pager_at
from support.pages.rooms import Clock
from support.vendors.pagers.opsgenie import Opsgenie


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("opsroom.http.vendor.clock", clock.read)
    monkeypatch.setattr("opsroom.http.vendor.sleep", clock.wait)
    return clock


@pytest.fixture
def account():
    return Opsgenie()


@pytest.fixture
def vendor(account):
    with account.vendor() as running:
        yield running


@pytest.fixture
def pager(vendor):
    return pager_at(vendor)
