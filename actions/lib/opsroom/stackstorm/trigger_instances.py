"""Trigger instances: what set off a rule, and which events of a sensor StackStorm has processed."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Mapping, Set, Tuple

from ..errors import Code, Failure, Refusal
from .client import StackStorm, here

# What the API hands out at once to someone who is no administrator.
_PAGE = 100
# An event that was processed is looked for among those of so long, in seconds: an event that has
# not arrived is dispatched again after an hour at most.
_RECENT = 7200.0
# So long a list of processed events answers all questions, in seconds.
_FRESH = 1.0


def payload_of(instance: str) -> Mapping[str, Any]:
    """The payload of a trigger instance.

    A rule passes on the id and nothing else: what came from outside passes through no template on
    its way to an action.

    Raises Refusal(not_configured) outside of StackStorm, and Failure(unauthorized, unreachable,
    bad_answer, ...).
    """
    if not os.environ.get("ST2_ACTION_API_URL"):
        raise Refusal(
            Code.NOT_CONFIGURED,
            "There is no StackStorm here whose triggers could be read.",
            "Rules run this action; nobody else needs it.",
        )
    found = here().trigger_instance(instance)
    payload = found.get("payload") if isinstance(found, Mapping) else None
    if not isinstance(payload, Mapping):
        raise Failure(Code.BAD_ANSWER, "StackStorm did not show what set this off.")
    return payload


class ProcessedEvents:
    """Which events StackStorm's rules engine has and took through its rules, by `payload.event`.

    `connect` returns the StackStorm to ask: the token of a sensor is a new one from time to time.
    For one thread at a time.
    """

    def __init__(
        self, connect: Callable[[], StackStorm], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._read: Dict[str, Tuple[float, Set[str]]] = {}

    def has(self, trigger: str, event: str) -> bool:
        """Whether an event of a trigger (`pack.name`) was processed.

        Raises Failure: unreachable, unauthorized, ...; bad_answer while MongoDB is away.
        """
        read_at, events = self._read.get(trigger, (float("-inf"), set()))
        if event in events:
            return True
        if self._clock() - read_at < _FRESH:
            return False
        events = self._processed(trigger)
        self._read[trigger] = (self._clock(), events)
        return event in events

    def _processed(self, trigger: str) -> Set[str]:
        since = datetime.now(timezone.utc) - timedelta(seconds=_RECENT)
        storm, events, offset = self._connect(), set(), 0
        while True:
            page = storm.trigger_instances(
                trigger=trigger,
                status="processed",
                timestamp_gt=since.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                limit=str(_PAGE),
                offset=str(offset),
            )
            payloads = [one.get("payload") for one in page]
            events |= {str(one.get("event")) for one in payloads if isinstance(one, Mapping)}
            offset += len(page)
            if len(page) < _PAGE:
                return events
