"""A tiny world to try the pack in: a git repository, three environments, people with different
rights. No network."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict

# The application `api` is deployed by a command of the team's own: this script stands for it.
_RELEASE_SCRIPT = '''\
"""Stands for a team's own deploy script: `release.py deploy VERSION ENVIRONMENT`, `release.py version ENVIRONMENT`."""

import sys
from pathlib import Path

action, name = sys.argv[1], sys.argv[-1]
place = Path(__file__).parent / "servers" / name / "api" / "VERSION"
if action == "deploy":
    for step in ("checking the artifact", "copying it to 2 servers", "restarting them"):
        print(step, flush=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(sys.argv[2] + "\\n")
else:
    print(place.read_text().strip())
'''  # noqa: E501

_TAGS = ("v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0-rc1")
_MARK = ".made-by-demo"
_ENVIRONMENTS = ("test", "uat", "production")
_PEOPLE = ("alice", "bob", "carol", "dave")


@dataclass(frozen=True)
class World:
    """Where the world is: its folder, the pack's config, the URL of the database."""

    folder: Path
    config: Path
    database: str


def build(folder: Path) -> World:
    """Make the world afresh in a folder; the world that was there before is removed.

    Raises RuntimeError when there is no git, or when the folder holds something else than such a
    world.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise RuntimeError(f"{folder} is not empty and was not made by the demo; it is left alone.")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).write_text(
        "Made by the demo, and removed by its next run.\n", encoding="utf-8"
    )
    _repository(folder / "shop-web")
    script = folder / "release.py"
    script.write_text(_RELEASE_SCRIPT, encoding="utf-8")
    for environment in _ENVIRONMENTS:
        place = folder / "servers" / environment / "api"
        place.mkdir(parents=True)
        (place / "VERSION").write_text("v2.0.0\n", encoding="utf-8")
    world = at(folder)
    # JSON is YAML too, and quotes every path rightly.
    world.config.write_text(json.dumps(_config(folder), indent=2) + "\n", encoding="utf-8")
    return world


def at(folder: Path) -> World:
    """The world that is (or will be) in a folder."""
    return World(folder, folder / "opsroom.yaml", f"sqlite:///{folder / 'opsroom.db'}")


def _config(folder: Path) -> Dict[str, Any]:
    root = str(folder / "servers" / "{environment}" / "web")
    script = str(folder / "release.py")
    return {
        "relays": ["chatops_bot"],
        # The room plays a relay that has it: `/as xmpp:alice@example.com`.
        "relay_keys": {"chatops_bot": secrets.token_urlsafe(32)},
        "announce": "#deploys",
        "people": {
            name: {
                "chat": [name, f"xmpp:{name}@example.com"],
                "email": f"{name}@example.com",
            }
            for name in _PEOPLE
        },
        "groups": {"release-managers": ["carol", "dave"]},
        "environments": {
            "test": {},
            "uat": {},
            "production": {
                "deployers": ["release-managers", "alice"],
                "rooms": ["#ops"],
                "approvals": 1,
                "approvers": ["release-managers"],
                "after": "uat",
                "emergency": ["carol"],
            },
        },
        "trackers": {"board": {"kind": "local", "project": "SHOP"}},
        "pagers": {"pager": {"kind": "local", "on_call": {"web-team": ["bob", "carol"]}}},
        "teams": {"web-team": {"pager": "web-team", "phone": "the doorman, +44 20 7946 0000"}},
        "board": {"folder": str(folder / "board")},
        "apps": {
            "web": {
                "page": "web-team",
                "deploy": {
                    "kind": "git",
                    "repository": str(folder / "shop-web"),
                    "root": root,
                    "keep": 3,
                },
                "version": {"kind": "directory", "path": root},
            },
            "api": {
                "deploy": {
                    "kind": "command",
                    "command": [sys.executable, script, "deploy", "{version}", "{environment}"],
                },
                "version": {
                    "kind": "command",
                    "command": [sys.executable, script, "version", "{environment}"],
                },
            },
        },
    }


def _repository(folder: Path) -> None:
    """A repository with a few tagged commits. Dates and names are fixed, so its commits are the
    same each time."""
    folder.mkdir()
    _git(folder, "init", "--quiet")
    # `init --initial-branch` needs git 2.28.
    _git(folder, "symbolic-ref", "HEAD", "refs/heads/main")
    for number, tag in enumerate(_TAGS):
        (folder / "index.html").write_text(f"<h1>The shop, {tag}</h1>\n", encoding="utf-8")
        _git(folder, "add", "index.html", day=number)
        _git(folder, "commit", "--quiet", "--message", f"The shop, {tag}", day=number)
        _git(folder, "tag", tag, day=number)


def _git(folder: Path, *arguments: str, day: int = 0) -> None:
    moment = f"2026-01-{day + 5:02d}T09:00:00+00:00"
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        # The person's own settings (hooks, signing, templates) have no business here.
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "The shop",
        "GIT_AUTHOR_EMAIL": "shop@example.com",
        "GIT_COMMITTER_NAME": "The shop",
        "GIT_COMMITTER_EMAIL": "shop@example.com",
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_DATE": moment,
    }
    try:
        subprocess.run(
            ["git", *arguments], cwd=folder, env=environ, check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise RuntimeError(
            "git is not installed, and the demo's application is deployed from a git repository."
        ) from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"git {arguments[0]} failed: {error.stderr.strip()}") from None
