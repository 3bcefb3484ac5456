"""Which events of a sensor StackStorm has processed, as its API says."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opsroom.errors import Failure
from opsroom.stackstorm.client import StackStorm
from opsroom.stackstorm.trigger_instances import ProcessedEvents
from support.servers.http import HttpServer, Reply, Request


class Api(HttpServer):
    """A StackStorm whose trigger instances are `instances`: (trigger, event, status)."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: List[Tuple[str, str, str]] = []
        self.away = False

    def _note(self, request: Request) -> Any:
        super()._note(request)
        if self.away:
            return Reply(500, '{"faultstring": "Internal Server Error"}')
        query: Dict[str, str] = {name: values[0] for name, values in request.query.items()}
        assert int(query["limit"]) <= 100, "StackStorm refuses more to who is no administrator"
        assert query["timestamp_gt"].endswith("Z")
        found = [
            {"trigger": trigger, "status": status, "payload": {"event": event}}
            for trigger, event, status in self.instances
            if (trigger, status) == (query["trigger"], query["status"])
        ]
        start = int(query["offset"])
        return Reply(body=json.dumps(found[start : start + int(query["limit"])]))


class Now:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        yield server


def events(api: Api, now: Now) -> ProcessedEvents:
    return ProcessedEvents(lambda: StackStorm(api.url("/v1"), token="t0ken"), now)


def test_an_event_has_arrived_when_it_was_processed(api: Api) -> None:
    now = Now()
    processed = events(api, now)
    api.instances = [
        ("opsroom.card_moved", "e1", "processed"),
        ("opsroom.card_moved", "e2", "pending"),
        ("opsroom.card_made", "e3", "processed"),
    ]
    assert processed.has("opsroom.card_moved", "e1")
    for event in ("e2", "e3", "e4"):
        assert not processed.has("opsroom.card_moved", event)
    assert api.requests[0].headers["x-auth-token"] == "t0ken"
    now.seconds += 2
    api.instances[1] = ("opsroom.card_moved", "e2", "processed")
    assert processed.has("opsroom.card_moved", "e2")


def test_more_than_a_page_is_read_and_asked_once_a_second(api: Api) -> None:
    now = Now()
    processed = events(api, now)
    api.instances = [("opsroom.card_moved", f"e{one}", "processed") for one in range(203)]
    assert all(processed.has("opsroom.card_moved", f"e{one}") for one in range(203))
    assert not processed.has("opsroom.card_moved", "another")
    assert len(api.requests) == 3
    now.seconds += 1
    assert not processed.has("opsroom.card_moved", "another")
    assert len(api.requests) == 6


def test_it_raises_where_it_cannot_be_known(api: Api) -> None:
    api.away = True
    with pytest.raises(Failure, match="answered 500"):
        events(api, Now()).has("opsroom.card_moved", "e1")
