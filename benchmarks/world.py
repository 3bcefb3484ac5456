"""A world for the benchmarks to act in: one application from a git repository on one environment,
in a folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Dict

# Who asks, as StackStorm fills it in.
WHO = {"requester": "alice", "room": "", "st2_user": "alice"}
TAGS = ("v1.0.0", "v1.1.0")


def make_world(folder: Path) -> Dict[str, Any]:
    """Make a repository with two tags in the folder. The config: web on uat, deployed by git, a
    database in a file."""
    repository = folder / "repository"
    repository.mkdir()
    _git(repository, "init", "--quiet")
    for tag in TAGS:
        (repository / "VERSION").write_text(f"{tag}\n", encoding="utf-8")
        _git(repository, "add", ".")
        _git(repository, "commit", "--quiet", "-m", tag)
        _git(repository, "tag", tag)
    root = str(folder / "srv" / "{app}" / "{environment}")
    return {
        "database": f"sqlite:///{folder / 'opsroom.db'}",
        "environments": {"uat": {}},
        "apps": {
            "web": {
                "deploy": {"kind": "git", "repository": str(repository), "root": root},
                "version": {"kind": "directory", "path": root},
            }
        },
    }


def _git(folder: Path, *arguments: str) -> None:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ["-c", "user.name=alice", "-c", "user.email=alice@example.com"]
    subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environ, check=True, capture_output=True
    )
