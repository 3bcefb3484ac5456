"""What StackStorm refuses of a config is what `python -m opsroom.check` says that it refuses."""

from __future__ import annotations

from typing import Any, List

from opsroom.config import registration
from support.stackstorm.client import StackStorm
from support.worlds.configs import LARGEST, places, put, read, shown
from support.worlds.world import World

# Every so many of the largest config's places, with these values there: about a hundred requests.
STEP = 27
VALUES: List[Any] = [7, "text", ["text"], None, {"kind": 5}, True, [None]]


def test_the_check_and_stackstorm_refuse_the_same(stackstorm: StackStorm, world: World) -> None:
    config, wrong = read(LARGEST), []
    try:
        for number, place in enumerate(places(config)):
            for value in VALUES if number % STEP == 0 else ():
                changed = put(config, place, value)
                taken = stackstorm.call("PUT", "/configs/opsroom", changed).status_code == 200
                if taken == bool(registration.complaints(changed)):
                    wrong.append(f"{shown(place)}: {value!r} ({'taken' if taken else 'refused'})")
    finally:
        stackstorm.configure(world.config)
    assert wrong == []


def test_what_stackstorm_evaluates_and_fails_on_is_refused_by_the_check(
    stackstorm: StackStorm, world: World
) -> None:
    for text in ("{{ nothing }}", "{% nothing %}"):
        config = {**world.config, "announce": text}
        assert registration.complaints(config)
        stackstorm.configure(config)
        answer = stackstorm.say("opsroom help")
        assert answer.status == "failed", text
        assert answer.message.startswith("opsroom could not run "), text
