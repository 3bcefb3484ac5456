"""Making the board and putting it where the team's web server shows it.

A burst of events makes no herd. One makes the page at a time and one waits for that; whoever comes
then leaves at once, since the one that waits has not yet looked and will see all that has happened.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Dict, Iterator

from ..commands import Context, Outcome
from ..errors import Code, Failure, Refusal
from ..html import PUBLIC, write
from ..names import listed
from .gather import gather
from .model import Board
from .render import as_html

NAME = "board.html"
# Longer than one that works takes, beyond asking the places, in seconds.
_PATIENCE = 30.0
_PAUSE = 0.05


def publish(context: Context) -> Outcome:
    """Make the page and write it into the folder of the config, in one step.

    Code nothing_new when another run is about to do just that. Raises Refusal(not_configured)
    without a folder, and Failure(store_..., timed_out).
    """
    wanted = context.settings.board
    if not wanted.folder:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "No folder is configured for the board, so no page was made.",
            "Add to opsroom.yaml, for example: board: {folder: /var/www/opsroom}",
        )
    folder = Path(wanted.folder)
    with _turn(folder, wanted.ask_within + _PATIENCE) as mine:
        if not mine:
            return Outcome(
                True, Code.NOTHING_NEW, "Another run is about to renew the board; this one did not."
            )
        board = gather(context)
        content = as_html(board).encode("utf-8", "replace")
        path = write(folder, NAME, content, "board", PUBLIC)
    return Outcome(
        True, Code.BOARD, f"The board {_gist(board)}: {path}", _facts(board, path, content)
    )


def _gist(board: Board) -> str:
    apps, places = len(board.rows), listed(board.environments, 4) or "no environment"
    return f"shows {apps} {'application' if apps == 1 else 'applications'} on {places}"


def _facts(board: Board, path: Path, content: bytes) -> Dict[str, object]:
    return {
        "path": str(path),
        "bytes": len(content),
        "made_at": board.made_at,
        "applications": len(board.rows),
        "environments": list(board.environments),
        "deploying": len(board.going),
        "waiting": len(board.waiting),
        "locks": len(board.locks),
        "drift": sum(one.drift for one in board.places),
        "unanswered": sum(bool(one.silent) for one in board.places),
    }


@contextmanager
def _turn(folder: Path, patience: float) -> Iterator[bool]:
    """Whether it is this process that makes the page: it is alone in that while this lasts. The
    locks go with the process, however it ends."""
    waits = _opened(folder, ".board.waits")
    works = _opened(folder, ".board.works")
    try:
        if not _locked(waits):
            yield False
            return
        deadline = time.monotonic() + patience
        while not _locked(works):
            if time.monotonic() > deadline:
                raise Failure(
                    Code.TIMED_OUT,
                    f"Another run has been making the board for more than {patience:g} s.",
                    f"Look for it: fuser {folder / '.board.works'}",
                )
            time.sleep(_PAUSE)
        # Before looking: whoever comes from now on may know more, and waits.
        fcntl.flock(waits, fcntl.LOCK_UN)
        yield True
    finally:
        os.close(waits)
        os.close(works)


def _opened(folder: Path, name: str) -> int:
    path = folder / name
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failure(
            Code.STORE_UNREACHABLE,
            f"The board cannot be written to {folder} ({why}).",
            "The folder has to belong to the user that StackStorm's actions run as.",
        ) from error


def _locked(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
