"""Pages for a browser: the frame, the style and the escaping that the audit report shares with
every other page of opsroom, and writing one so that nobody ever reads half of it.

A page has a folder with its templates and `page.css`; `document` puts them into the frame.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import Code, Failure

# For the owner and the group; and for everyone on the machine, as a web server needs it.
PRIVATE, PUBLIC = 0o640, 0o644


def write(
    folder: Path, name: str, content: bytes, subject: str = "report", mode: int = PRIVATE
) -> Path:
    """Put a file into the folder, which is made when missing; one of that name is replaced in one
    step.

    `subject` is what the file is, for the sentence of a failure; `mode` is PRIVATE or PUBLIC.
    Raises Failure(store_unreachable).
    """
    path = folder / name
    try:
        # Who may read the file may enter its folder.
        folder.mkdir(mode=0o700 | mode | (mode & 0o444) >> 2, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{subject}-")
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(content)
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Failure(
            Code.STORE_UNREACHABLE, f"The {subject} cannot be written to {path} ({why})."
        ) from error
    return path
