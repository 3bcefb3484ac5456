"""Checking a config as an administrator does."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import pytest

from opsroom import check


@pytest.fixture
def checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A function that checks a text, or bytes, and returns the exit status and the lines without
    the file's name."""

    def run(text: object) -> Tuple[int, List[str]]:
        path = tmp_path / "opsroom.yaml"
        path.write_bytes(text if isinstance(text, bytes) else str(text).encode())
        status = check.main([str(path)])
        return status, [
            line.replace(str(path), "FILE") for line in capsys.readouterr().out.splitlines()
        ]

    return run
