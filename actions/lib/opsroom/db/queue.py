"""The queue of those who write to an SQLite file: one after the other, in the order in which they
came.

SQLite lets one process write at a time and makes the others try again; the one that tries at the
right moment is next, so that among many some wait forever. Here each takes a number, holds a lock
on that byte of a file beside the database, and proceeds when nobody holds a lower one. The kernel
drops the lock of a process that dies: nobody waits for the dead. A process that stands still in the
queue (stopped, swapped out) keeps its place, but delays others for STANDSTILL only: where the queue
has not moved for so long, they proceed, and SQLite decides whether the database is free.

The queue makes waiting fair, nothing else: that one process writes at a time is still ensured by
SQLite. Where the file cannot be used (another user created it, no Linux, a file system without such
locks), writers proceed without it.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import time
from contextlib import contextmanager, suppress
from typing import Iterator, Optional, Set

try:
    import fcntl
except ImportError:  # no Unix
    fcntl = None  # type: ignore[assignment]

# Locks that belong to the open file, not to the process: threads are apart, and none is lost when
# another file closes. Python 3.8 does not name them.
_TRY = getattr(fcntl, "F_OFD_SETLK", 37)
_ASK = getattr(fcntl, "F_OFD_GETLK", 36)
_FLOCK = "hhqqi4x"
# The process that reads and raises the number holds this byte, which is beyond all numbers.
_DOOR = 2**62
_LAST = 2**60
# Pauses between two looks, in seconds: for each place in the queue, and at most. Who is next looks
# often.
_PAUSE = 0.002
_MAX_PAUSE = 0.1

# Where the same process is next for so long, in seconds, it does not write: no transaction of
# opsroom takes so long.
STANDSTILL = 3.0

SUFFIX = "-queue"

# A process that forks would hold its parent's place for as long as it lives.
_held: Set[int] = set()


def _let_go() -> None:
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextmanager
def turn(path: str, limit: float) -> Iterator[None]:
    """Run a block when all who came before are done. Raises sqlite3's "database is locked" after
    `limit` seconds."""
    file = _open(path + SUFFIX)
    if file is None:
        yield
        return
    _held.add(file)
    until = time.monotonic() + limit
    try:
        number = _take_number(file, until)
        if number is not None:
            _wait(file, number, until)
        yield
    finally:
        # In a child that was forked meanwhile it is closed already.
        if file in _held:
            _held.remove(file)
            # A program that is just being started may still have the file: closing alone would
            # leave it the locks.
            with suppress(OSError):
                fcntl.fcntl(file, _TRY, _lock(fcntl.F_UNLCK, 0, 0))
            os.close(file)


def _open(path: str) -> Optional[int]:
    if fcntl is None or not os.path.isdir("/proc/self"):
        return None
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
    except OSError:
        return None


def _take_number(file: int, until: float) -> Optional[int]:
    """The next number, with its byte locked; None where the file system has no such locks, or the
    door stays shut."""
    until = min(until, time.monotonic() + STANDSTILL)
    try:
        while not _door(file):
            if time.monotonic() >= until:
                return None
            time.sleep(_PAUSE)
        try:
            kept = os.pread(file, 20, 0).split(b"\n")[0]
            number = int(kept) + 1 if kept.isdigit() and int(kept) < _LAST else 1
            os.pwrite(file, b"%d\n" % number, 0)
            fcntl.fcntl(file, _TRY, _lock(fcntl.F_WRLCK, number, 1))
        finally:
            fcntl.fcntl(file, _TRY, _lock(fcntl.F_UNLCK, _DOOR, 1))
    except OSError:
        return None
    return number


def _door(file: int) -> bool:
    try:
        fcntl.fcntl(file, _TRY, _lock(fcntl.F_WRLCK, _DOOR, 1))
    except (BlockingIOError, PermissionError):
        # Another process has it: EAGAIN or EACCES.
        return False
    return True


def _wait(file: int, number: int, until: float) -> None:
    before, since = 0, time.monotonic()
    while True:
        served = _lowest(file, number)
        if served == number:
            return
        if served != before:
            before, since = served, time.monotonic()
        elif time.monotonic() - since >= STANDSTILL:
            return
        left = until - time.monotonic()
        if left <= 0:
            raise sqlite3.OperationalError("database is locked")
        time.sleep(min((number - served) * _PAUSE, _MAX_PAUSE, left))


def _lowest(file: int, number: int) -> int:
    """The lowest number that a process holds, this one when nobody holds a lower one."""
    lowest = number
    try:
        while lowest > 1:
            # Of several locks the kernel reports any one.
            kind, _, start, _, _ = struct.unpack(
                _FLOCK, fcntl.fcntl(file, _ASK, _lock(fcntl.F_WRLCK, 1, lowest - 1))
            )
            if kind == fcntl.F_UNLCK:
                break
            lowest = max(int(start), 1)
    except OSError:
        return number
    return lowest


def _lock(kind: int, start: int, length: int) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, start, length, 0)
