"""Making the board and putting it where the team's web server shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from ..commands import Context, Outcome
from ..errors import Code, Refusal
from ..html import PUBLIC, write
from ..html.turns import turn
from ..names import listed
from .gather import gather
from .model import Board
from .render import as_html

NAME = "board.html"
# Longer than one that works takes, beyond asking the places, in seconds.
_PATIENCE = 30.0


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
    with turn(folder, "board", wanted.ask_within + _PATIENCE) as mine:
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
