"""A Basecamp that is played, and trackers that ask it."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from support.troubles.trackers import tracker_with
from support.vendors.basecamp import ACCOUNT, PROJECT, TRIAGE, Basecamp

TOKEN = "t0ken-of-the-config"


@pytest.fixture
def basecamp() -> Iterator[Basecamp]:
    with Basecamp() as running:
        running.tokens.append(TOKEN)
        yield running


@pytest.fixture
def tracker_at(basecamp: Basecamp) -> Callable[..., Any]:
    """`tracker_at(folder, token=None)`: a tracker of that Basecamp that keeps its tokens in the
    folder, with other keys in its config; None takes one away."""

    def make(keep: Any = None, **more: Any) -> Any:
        url = basecamp.url("").rstrip("/")
        config = {"kind": "basecamp", "url": url, "launchpad": url, "account": ACCOUNT}
        config.update(project=PROJECT, token=TOKEN, column=TRIAGE)
        every = {**config, **more}
        return tracker_with({key: one for key, one in every.items() if one is not None}, keep)

    return make
