"""What the tests of the pager kind opsgenie run against."""

from __future__ import annotations

import pytest

from support.pages.opsgenie import Time, pager_at
from support.vendors.opsgenie import Opsgenie


@pytest.fixture(autouse=True)
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr("opsroom.http.vendor.clock", lambda: time.now)
    monkeypatch.setattr("opsroom.http.vendor.sleep", time.wait)
    return time


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
