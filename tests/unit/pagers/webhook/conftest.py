"""What the tests of the pager kind webhook run against."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.vendors.pagers.webhook import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running
