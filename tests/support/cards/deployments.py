"""Deployments that name cards, and commits that do."""

from __future__ import annotations

from typing import Any, Dict, List

from support.worlds.world import World, git


def deploy(
    world: World, version: str = "v1.0.0", environment: str = "uat", **more: Any
) -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask(
        "deploy", app="web", version=version, environment=environment, **more
    )
    return answer


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
