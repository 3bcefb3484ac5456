"""opsroom: operations from the team's chat room. The library knows nothing of StackStorm, apart
from action.py."""

from __future__ import annotations

from pathlib import Path
from typing import List

_VERSION: List[str] = []


def pack_version() -> str:
    """The version of the pack, such as 0.4.0; "0" where its pack.yaml cannot be read."""
    if not _VERSION:
        try:
            pack = (Path(__file__).resolve().parents[3] / "pack.yaml").read_text("utf-8")
        except OSError:
            pack = ""
        key = "version:"
        lines = [one[len(key) :].split() for one in pack.splitlines() if one.startswith(key)]
        _VERSION.append(lines[0][0].strip("\"'") if lines and lines[0] else "0")
    return _VERSION[0]
