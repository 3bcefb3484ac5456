"""Making a card, as the tests of cards do."""

from __future__ import annotations

from typing import Any, Dict

from support.worlds.world import World


def create(
    world: World, words: str = "it is broken", project: str = "", **more: Any
) -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("create_card", text=words, project=project, **more)
    return answer
