"""What the tests of the pager kind pagerduty run against."""

from __future__ import annotations

import pytest

from support.pages.pagerduty import pager_of
from support.vendors.pagers.pagerduty import FakePagerDuty


@pytest.fixture
def account():
    with FakePagerDuty() as running:
        yield running


@pytest.fixture
def waits(monkeypatch):
    """The pauses that were made, in seconds; nobody waits."""
    made = []
    monkeypatch.setattr("opsroom.http.vendor.sleep", made.append)
    return made


@pytest.fixture
def pager(account):
    return pager_of(account)
