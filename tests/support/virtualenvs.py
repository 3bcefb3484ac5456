"""Virtualenvs of their own for programs that cannot share one with these tests; made once and kept.

They are below the virtualenv that runs the tests, so that `make clean` removes them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

# A slow registry is waited for; one that is not there is not.
_PIP = ["--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "30"]
_failed: Dict[Path, str] = {}


def virtualenv(name: str, requirements: Path, make: bool = True) -> Path:
    """The folder of a virtualenv with what a requirements file names. Skips, saying why, where it
    cannot be had, or is not there and not to be made."""
    text = requirements.read_bytes() + sys.version.encode()
    folder = home() / f"{name}-{hashlib.sha256(text).hexdigest()[:12]}"
    done = folder / "installed"
    if done.exists():
        return folder
    if not make:
        pytest.skip(f"{requirements.name} is not installed; the tests on StackStorm install it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() and folder not in _failed:
            _failed.update(_made(folder, requirements))
    if folder in _failed:
        pytest.skip(f"{requirements.name} cannot be installed: {_failed[folder]}")
    return folder


def python(folder: Path) -> str:
    """The interpreter of a virtualenv."""
    return str(folder / "bin" / "python")


def site_packages(folder: Path) -> Path:
    """Where a virtualenv has its packages."""
    (found,) = (folder / "lib").glob("python*/site-packages")
    return found


def home() -> Path:
    """Where what is made once is kept: below the tests' virtualenv, or in a cache of the user."""
    prefix = Path(sys.prefix)
    if sys.prefix != sys.base_prefix and os.access(prefix, os.W_OK):
        return prefix / ".virtualenvs"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "opsroom-tests"


def _made(folder: Path, requirements: Path) -> Dict[Path, str]:
    """Make it; what went wrong, by its folder."""
    shutil.rmtree(folder, ignore_errors=True)
    steps = (
        [sys.executable, "-m", "venv", str(folder)],
        [python(folder), "-m", "pip", "install", *_PIP, "-r", str(requirements)],
    )
    for step in steps:
        problem = _run(step)
        if problem:
            shutil.rmtree(folder, ignore_errors=True)
            return {folder: problem}
    (folder / "installed").touch()
    return {}


def _run(command: List[str]) -> str:
    """Run one program; the last line that it says where it fails."""
    environ: Dict[str, str] = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")
    }
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"status {done.returncode}"
