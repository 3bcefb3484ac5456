"""What hubot makes of the formats of aliases: its regular expressions are JavaScript's, so node
runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import List, Sequence

import pytest

_SCRIPT = Path(__file__).with_name("hubot_match.js")


def hubot_matches(formats: Sequence[str], messages: Sequence[str]) -> List[List[int]]:
    """For each message the numbers of the formats that match it in hubot, which takes the first.

    Skips the test where there is no node. Raises RuntimeError when hubot could not load one of the
    formats.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, and hubot's expressions are JavaScript")
    request = json.dumps({"formats": list(formats), "messages": list(messages)})
    done = subprocess.run(
        [node, str(_SCRIPT)],
        input=request,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"hubot could not load these formats: {done.stderr.strip()}")
    found: List[List[int]] = json.loads(done.stdout)
    return found
