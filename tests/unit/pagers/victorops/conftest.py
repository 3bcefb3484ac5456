"""What the tests of the pager kind victorops run against."""

from __future__ import annotations

import pytest

from opsroom.pagers.victorops import organisation
from support.pages.rooms import Clock
from support.pages.victorops import KEYS, NOW, address, made
from support.vendors.pagers.victorops import VictorOps


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    clock.wall = 1_000_000.0
    monkeypatch.setattr("opsroom.http.vendor.clock", clock.read)
    monkeypatch.setattr("opsroom.http.vendor.sleep", clock.wait)
    monkeypatch.setattr(organisation, "wall", lambda: clock.wall)
    monkeypatch.setattr(organisation, "now", lambda: NOW)
    return clock


@pytest.fixture
def org():
    return VictorOps()


@pytest.fixture
def api(org):
    with org.api() as running:
        yield running


@pytest.fixture
def endpoint(org):
    with org.endpoint() as running:
        yield running


@pytest.fixture
def pager(api):
    """With keys of the API only."""
    return made(**KEYS, url=api.url(""), user="opsroom-bot")


@pytest.fixture
def plain(endpoint):
    """With the REST endpoint only."""
    return made(endpoint=address(endpoint), routing_key="web")


@pytest.fixture
def both(api, endpoint):
    return made(
        **KEYS, url=api.url(""), user="opsroom-bot", endpoint=address(endpoint), routing_key="web"
    )
