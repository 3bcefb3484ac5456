"""What the tests of the kinds stackstorm share: a played StackStorm, and the clock they live by."""

from __future__ import annotations

from typing import Iterator

import pytest

from opsroom.versions import stackstorm as asking
from support.deploys.runs import Clock
from support.stackstorm.fake import FakeStackStorm


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(0.0)
    made.install(monkeypatch, asking)
    return made


@pytest.fixture
def storm(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStackStorm]:
    with FakeStackStorm() as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.api)
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "t0ken")
        monkeypatch.delenv("ST2_ACTION_EXECUTION_ID", raising=False)
        yield server
