"""Deployments that name cards, and commits that do."""

from __future__ import annotations

from pathlib import Path
from typing import List

from support.worlds.world import World, git, make_world


def world_with_board(folder: Path) -> World:
    """A world with a board of our own, on which there are OPS-1 to OPS-4."""
    made = make_world(folder)
    made.config["trackers"] = {"board": {"kind": "local", "project": "OPS"}}
    for number in range(1, 5):
        made.ask("create_card", text=f"card number {number}")
    return made


def commit(world: World, message: str, tag: str) -> None:
    git(world.folder / "repository", "commit", "--quiet", "--allow-empty", "-m", message)
    git(world.folder / "repository", "tag", tag)


def comments(world: World, card: str) -> List[str]:
    shown = world.ask("get_card", card=card)
    return [one["text"] for one in shown["comments"]]


def column(world: World, card: str) -> str:
    return str(world.ask("get_card", card=card)["status"])


def in_git(world: World, *arguments: str) -> str:
    return git(world.folder / "repository", *arguments)


def change(world: World, name: str, message: str) -> str:
    """A commit that adds a file of that name; its id."""
    (world.folder / "repository" / name).write_text(message)
    in_git(world, "add", ".")
    in_git(world, "commit", "--quiet", "-m", message)
    return in_git(world, "rev-parse", "HEAD")
