"""What many tests begin with, made once for a process and then copied: databases, repositories."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Callable

from opsroom.db.store import open_store

_MODE = 0o750


@lru_cache(maxsize=None)
def _folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="opsroom-templates-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@lru_cache(maxsize=None)
def _database() -> Path:
    path = _folder() / "opsroom.db"
    open_store(f"sqlite:///{path}").close()
    return path


def copy_database(path: Path) -> str:
    """Put a migrated, empty SQLite database there, with the folders above it; its URL."""
    path.parent.mkdir(mode=_MODE, parents=True, exist_ok=True)
    shutil.copy(_database(), path)
    return f"sqlite:///{path}"


def copy_folder(name: str, make: Callable[[Path], object], path: Path) -> Path:
    """A copy, at `path`, of the folder that `make(folder)` makes; once made for each `name`."""
    template = _folder() / name
    if not template.exists():
        make(template)
    shutil.copytree(template, path, symlinks=True)
    return path
