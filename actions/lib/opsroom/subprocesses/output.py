"""What programs print: lines for people, and a reader for output that still comes once we are
gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import IO, Callable, Deque, List, Optional, Tuple

from ..structs.patterns import lazy_pattern
from ..text.terminal import is_visible, readable

OnLine = Callable[[str], None]

# Characters of a line that are kept, and bytes that are looked at for them: colours take room and
# are not seen.
MAX_LINE = 2000
_MAX_RAW = 65536
KEPT_LINES = 20
# Lines of those that come at once that are looked at: a flood of short ones would hold the program
# up.
_MAX_AT_ONCE = 200

_LINE_ENDS = lazy_pattern(rb"[\r\n]+")
# sh gives a job in the background no input, unless it is named.
_READER = "exec 3<&0; cat <&3 3<&- >/dev/null 2>&1 &"
_READER_WITHOUT_SHELL = "import os\nwhile os.read(0, 65536): pass"


class Lines:
    """Bytes in, lines out, as a reader sees them: without control sequences. Lines with nothing to
    see are dropped, long ones cut. A progress bar's carriage return ends a line as well."""

    def __init__(self, on_line: Optional[OnLine] = None) -> None:
        self.last: Deque[str] = deque(maxlen=KEPT_LINES)
        self._on_line = on_line
        self._part = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes; whole lines are passed on, of a flood the last ones."""
        pieces = _LINE_ENDS.split(self._part + data)
        self._part = pieces.pop()[:_MAX_RAW]
        lines: List[str] = []
        for piece in reversed(pieces):
            line = _line(piece)
            if line:
                lines.append(line)
                if len(lines) == _MAX_AT_ONCE:
                    break
        for line in reversed(lines):
            self._take(line)

    def close(self) -> Tuple[str, ...]:
        """Take what is left as the last line, and return the last lines."""
        line = _line(self._part)
        self._part = b""
        if line:
            self._take(line)
        return tuple(self.last)

    def _take(self, line: str) -> None:
        self.last.append(line)
        if self._on_line is not None:
            self._on_line(line)


def _line(piece: bytes) -> str:
    """What a reader sees of a line; empty for nothing."""
    line = readable(piece[:_MAX_RAW])[:MAX_LINE].rstrip()
    return line if is_visible(line) else ""


def hand_over(pipe: IO[bytes]) -> None:
    """Have a pipe read to its end by a process that outlives this one.

    A service whose pipe nobody reads any more would be killed at its next line. What it writes is
    thrown away: a file that nobody knows of would fill the disk.
    """
    commands = (
        ["/bin/sh", "-c", _READER],
        [sys.executable, "-I", "-S", "-c", _READER_WITHOUT_SHELL],
    )
    for command in commands:
        with suppress(OSError):
            reader = subprocess.Popen(
                command,
                stdin=pipe,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": os.defpath},
                start_new_session=True,
            )
            if command is commands[0]:
                reader.wait()
            return
