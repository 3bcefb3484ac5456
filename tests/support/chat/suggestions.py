"""What is suggested to someone whose message is no command."""

from __future__ import annotations

from typing import Any, Dict

from support.worlds.world import World

ROOMS = {"alice": "#dev", "carol": "#ops"}


def asked_back(world: World, text: str, who: str = "alice") -> Dict[str, Any]:
    """The answer to a message that no alias knows."""
    answer: Dict[str, Any] = world.ask("suggest", who, ROOMS[who], text=text)
    return answer
