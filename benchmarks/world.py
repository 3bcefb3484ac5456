"""A world for the benchmarks to act in: one application from a git repository on two environments,
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
    """Make a repository with two tags in the folder. The config: web, deployed by git, on uat and
    on production, where two others have to approve; a database in a file."""
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
        "people": {name: {"chat": name, "st2": name} for name in ("alice", "bob", "carol")},
        "environments": {"uat": {}, "production": {"approvals": 2}},
        "apps": {
            "web": {
                "deploy": {"kind": "git", "repository": str(repository), "root": root},
                "version": {"kind": "directory", "path": root},
            }
        },
    }


def with_vendors(config: Dict[str, Any], jira: str, pager: str) -> Dict[str, Any]:
    """The config with a Jira and a PagerDuty at these addresses. They may take long to answer: a
    process whose instructions are counted is fifty times slower."""
    account = {"user": "b@example.com", "token": "t", "project": "OPS"}
    tracker = {"kind": "jira", "url": jira, **account, "time_limit": "50s"}
    duty = {"kind": "pagerduty", "token": "t", "from": "bot@example.com", "url": pager}
    duty["time_limit"] = "50s"
    return {
        **config,
        "trackers": {"work": tracker},
        "pagers": {"duty": duty},
        "teams": {"web-team": {"duty": "PWEB"}},
        "page_limit": {"pages": 0},
        "watch": "0s",
    }


def _git(folder: Path, *arguments: str) -> None:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ["-c", "user.name=alice", "-c", "user.email=alice@example.com"]
    subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environ, check=True, capture_output=True
    )
