"""opsroom: operations from the team's chat room. The library knows nothing of StackStorm, apart
from action.py."""

from __future__ import annotations

import re
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
        found = re.search(r"^version:\s*[\"']?([\w.+-]+)", pack, re.MULTILINE)
        _VERSION.append(found.group(1) if found else "0")
    return _VERSION[0]
