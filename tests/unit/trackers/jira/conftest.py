"""A Jira that is played, on Cloud and on Data Center, and a tracker that asks it."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from support.contracts.vendor import Vendor
from support.troubles.trackers import tracker_with
from support.vendors.jira import TOKEN, USER, Jira


@pytest.fixture(params=["cloud3", "dc"])
def jira(request: pytest.FixtureRequest) -> Jira:
    return Jira(request.param)


@pytest.fixture
def vendor(jira: Jira) -> Iterator[Vendor]:
    with jira.vendor() as running:
        yield running


@pytest.fixture
def tracker_at(jira: Jira, vendor: Vendor, tmp_path: Any) -> Callable[..., Any]:
    """`tracker_at(token="x")`: a tracker of that Jira, with more keys in its config."""

    def make(**more: Any) -> Any:
        config = {"kind": "jira", "url": vendor.url("").rstrip("/"), "token": TOKEN}
        if jira.cloud:
            config.update(user=USER, api="2" if jira.flavour == "cloud2" else "3")
        return tracker_with({**config, "project": "OPS", "projects": ["WEB"], **more}, tmp_path)

    return make


@pytest.fixture
def tracker(tracker_at: Callable[..., Any]) -> Any:
    return tracker_at()
