"""Using the database within a time that holds in any case: a server that hangs must not keep a human asleep.

A database that is away says so soon. One that hangs, its machine or its disk frozen, says nothing, and no time limit of
a driver covers every moment of a transaction.
"""

from __future__ import annotations

import threading
from typing import Callable, Optional, TypeVar

from .deadline import Late, answer_of
from .errors import Code, Failure

Answer = TypeVar("Answer")

# Longer than a database that works makes anybody wait (store.drivers.LOCK_WAIT), in seconds.
LIMIT = 11.0


class GivenUp:
    """Whether whoever waited has gone on; to be asked last in a transaction, so that it is not committed then."""

    def __init__(self) -> None:
        self._gone_on = threading.Event()

    def set(self) -> None:
        self._gone_on.set()

    def check(self) -> None:
        """Raises Failure(store_unreachable), which undoes a transaction."""
        if self._gone_on.is_set():
            raise Failure(Code.STORE_UNREACHABLE, "The database was too slow; nothing was written.")


def in_time(use: Callable[[GivenUp], Answer], limit: Optional[float] = None) -> Answer:
    """What `use` returns or raises, or Failure(store_unreachable) after `limit` seconds (by default LIMIT).

    The thread that is left behind is a daemon, and its transaction is undone when `use` ends it with `check`.
    """
    given_up = GivenUp()
    seconds = LIMIT if limit is None else limit
    try:
        return answer_of(seconds, lambda: use(given_up), "opsroom-database")
    except Late:
        given_up.set()
        message = f"The database did not answer within {seconds:.0f} s."
        raise Failure(Code.STORE_UNREACHABLE, message, "See whether its server hangs.") from None
