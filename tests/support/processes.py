"""Many processes or threads that do the same thing at the same moment."""

from __future__ import annotations

import multiprocessing
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List

from opsroom.db import connect

# Generous: a loaded machine is slow, a hanging test is only hanging.
LIMIT = 120


def at_once(number: int, work: Callable[..., Any], *arguments: Any) -> List[Any]:
    """Run `work(index, *arguments)` in that many processes, let go together; the results, in no
    particular order.

    The processes are forks: nothing that they use may be open yet. One that raises makes this
    raise.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(number)
    results: Any = context.Queue()

    def body(index: int) -> None:
        # So many writers at once on a machine that has other work wait for longer than people
        # would.
        connect.LOCK_WAIT = float(LIMIT)
        try:
            barrier.wait(LIMIT)
            results.put((True, work(index, *arguments)))
        except BaseException:
            results.put((False, traceback.format_exc()))

    processes = [
        context.Process(target=body, args=(index,), daemon=True) for index in range(number)
    ]
    for process in processes:
        process.start()
    try:
        answers = [results.get(timeout=LIMIT) for _ in processes]
        for process in processes:
            process.join(LIMIT)
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
    failed = [answer for ok, answer in answers if not ok]
    assert not failed, f"{len(failed)} of {number} processes failed; the first:\n{failed[0]}"
    return [answer for _, answer in answers]


def in_threads(number: int, work: Callable[[int], Any]) -> List[Any]:
    """Run `work(index)` in that many threads, let go together; the results, by index.

    One that raises makes this raise.
    """
    barrier = threading.Barrier(number)

    def body(index: int) -> Any:
        barrier.wait(LIMIT)
        return work(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(body, range(number)))
