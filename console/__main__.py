"""`python -m console --config FILE`: talk to the pack without StackStorm.

Ends with status 0 at the end of the conversation, 2 when the config or the command line is no use.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import List, Optional

from . import PACK


def main(arguments: Optional[List[str]] = None) -> int:
    """Read messages until there are no more. Returns the exit status."""
    options = _options().parse_args(arguments)
    # Imported late, so that --help and a wrong option answer at once.
    from .lines import converse
    from .opening import CannotOpen, open_session

    try:
        session = open_session(
            options.config,
            options.pack,
            options.database,
            options.speaker,
            options.room,
            lambda line: _complain([line]),
        )
    except CannotOpen as error:
        _complain(error.problems)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A reply is UTF-8 wherever it goes; half a character that someone sent must not end the
        # conversation.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if sys.stdin.isatty() and not options.json:
        from .room import enter

        enter(session, PACK / "var")
    else:
        converse(session, sys.stdin.buffer, sys.stdout, options.json)
    return 0


def _complain(lines: List[str]) -> None:
    print("\n".join(lines), file=sys.stderr)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m console",
        description="The chat room in a terminal: reads messages, one a line, and answers as "
        "opsroom does in chat.",
        epilog="Lines for the console itself: /as NAME, /room #ops, /quit. For a ready-made "
        "world: make demo",
    )
    parser.add_argument(
        "--config",
        type=Path,
        required=True,
        metavar="FILE",
        help="the pack's config, an opsroom.yaml",
    )
    parser.add_argument(
        "--database",
        default="",
        metavar="URL",
        help="where the record is kept, instead of the config's",
    )
    parser.add_argument(
        "--as", dest="speaker", default="", metavar="NAME", help="the chat name that speaks"
    )
    parser.add_argument("--room", default="", metavar="NAME", help="the room that it speaks in")
    parser.add_argument(
        "--json", action="store_true", help="print each reply as a JSON object on one line"
    )
    parser.add_argument(
        "--pack", type=Path, default=PACK, metavar="DIR", help="another pack's folder than this one"
    )
    return parser


if __name__ == "__main__":
    try:
        status = main()
    except (KeyboardInterrupt, BrokenPipeError):
        status = 130
    sys.exit(status)
