"""A git repository in the working folder whose commits and tags are a minute apart, without the
user's own configuration."""

from __future__ import annotations

import os
import subprocess

_AT = 1796000000
_WHO = {"NAME": "alice", "EMAIL": "alice@example.com"}


def git(*arguments: str) -> str:
    """Run git a minute after the last time; what it wrote, without the blanks around it."""
    global _AT
    _AT += 60
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{role}_{key}": text
            for role in ("AUTHOR", "COMMITTER")
            for key, text in _WHO.items()
        },
        **{f"GIT_{role}_DATE": f"{_AT} +0000" for role in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(
        ["git", *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(subject: str) -> None:
    """A commit with one new file."""
    name = "".join(letter for letter in subject if letter.isalnum())
    with open(name, "w", encoding="utf-8") as file:
        file.write(subject)
    git("add", ".")
    git("commit", "--quiet", "--message", subject)


def tag(name: str) -> None:
    """An annotated tag on the newest commit."""
    git("tag", "--annotate", "--message", name, name)


def program(*command: str) -> str:
    """What a program of the finding wrote."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
