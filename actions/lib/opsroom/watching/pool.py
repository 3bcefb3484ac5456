"""A bounded number of threads that look at sources; more are made only while all that are there are busy."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, Deque

Job = Callable[[], None]

# Waiting for answers costs no processor time; a thread has about 0.1 MB. Enough for 600 sources that all run into a
# time limit of 5 s within a minute.
MOST = 50


class Pool:
    """Runs jobs, in the order in which they came. The threads are daemons: one that hangs holds nothing up."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._jobs: Deque[Job] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._stopped = False

    def start(self, job: Job) -> None:
        """Run it as soon as a thread is free."""
        with self._changed:
            self._jobs.append(job)
            if self._idle < len(self._jobs) and self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=f"opsroom-watch-{self._threads}", daemon=True).start()
            self._changed.notify()

    def stop(self) -> None:
        """Start nothing more, and let the threads end."""
        with self._changed:
            self._stopped = True
            self._jobs.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._jobs and not self._stopped:
                    self._changed.wait()
                self._idle -= 1
                if self._stopped:
                    return
                job = self._jobs.popleft()
            job()
