"""Sending a request again: when that is harmless, how often, and after which pause."""

from __future__ import annotations

import random
import threading
import time
from typing import Callable, TypeVar, Union

from .errors import Fault

T = TypeVar("T")

ATTEMPTS = 3
# Methods whose repetition changes nothing more than the first request did.
REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")


def attempted(
    once: Callable[[], Union[T, Fault]],
    repeatable: Callable[[], bool],
    deadline: float,
    given_up: threading.Event,
    attempts: int = ATTEMPTS,
) -> Union[T, Fault]:
    """What `once` returns, called again while it returns a Fault that may pass.

    `repeatable` is asked after an attempt: whether the same request may be sent although the server
    may have carried it out. A fault that left the server untouched is repeated in any case.
    `deadline` is a time of `time.monotonic`: no attempt begins after it. A pause is as long as the
    server asks for, or half to all of 0.4 s, 0.8 s, ...: runners that failed together do not come
    back together.
    """
    attempt = 1
    while True:
        outcome = once()
        if not isinstance(outcome, Fault) or attempt >= attempts:
            return outcome
        if not outcome.again or not (outcome.untouched or repeatable()):
            return outcome
        pause = (
            0.2 * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311
            if outcome.wait is None
            else max(outcome.wait, 0.1)
        )
        if time.monotonic() + pause >= deadline or given_up.wait(pause):
            return outcome
        attempt += 1
