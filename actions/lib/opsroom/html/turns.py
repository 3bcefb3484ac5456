"""Making a file anew when something happens, without a herd.

One process makes the file at a time and one waits for that; a third one leaves at once,
since the one that waits has not yet looked and will see all that has happened.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from ..errors import Code, Failure

_PAUSE = 0.05


@contextmanager
def turn(folder: Path, subject: str, patience: float) -> Iterator[bool]:
    """Whether it is this process that makes the file: it is alone in that while this lasts. The
    locks go with the process, however it ends.

    `subject` is what the file is, as one word; `patience` is how long to wait for another run, in
    seconds. Raises Failure(timed_out, store_unreachable).
    """
    waits = _opened(folder, subject, "waits")
    works = _opened(folder, subject, "works")
    try:
        if not _locked(waits):
            yield False
            return
        deadline = time.monotonic() + patience
        while not _locked(works):
            if time.monotonic() > deadline:
                raise Failure(
                    Code.TIMED_OUT,
                    f"Another run has been making the {subject} for more than {patience:g} s.",
                    f"Look for it: fuser {folder / f'.{subject}.works'}",
                )
            time.sleep(_PAUSE)
        # Before looking: one that comes from now on may know more, and waits.
        fcntl.flock(waits, fcntl.LOCK_UN)
        yield True
    finally:
        os.close(waits)
        os.close(works)


def _opened(folder: Path, subject: str, name: str) -> int:
    path = folder / f".{subject}.{name}"
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failure(
            Code.STORE_UNREACHABLE,
            f"The {subject} cannot be written to {folder} ({why}).",
            "The folder has to belong to the user that StackStorm's actions run as.",
        ) from error


def _locked(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
