"""A long deployment speaks in the room that asked for it: not at once, not often, and only so many
times."""

from __future__ import annotations

import time
import uuid

from support.stackstorm.client import StackStorm, wait_for
from support.worlds.world import World


def test_a_long_deployment_says_what_it_does_at_most_so_often(
    stackstorm: StackStorm, world: World
) -> None:
    room, gate = f"#room-{uuid.uuid4().hex[:8]}", world.folder / "gate"
    command = f"n=0; while [ ! -e {gate} ]; do n=$((n+1)); echo step $n; sleep 0.1; done"
    world.with_app("api", deploy={"kind": "command", "command": ["/bin/sh", "-c", command]})
    world.config["progress"] = {"after": "1s", "every": "1s", "most": 2}
    stackstorm.configure(world.config)

    begun = stackstorm.begin("deploy api 1.0 to uat", "alice", room)
    try:
        wait_for(lambda: len(stackstorm.posts_in(room)) == 2, "two messages")
        # A third would have been due two seconds after the second.
        seen = time.monotonic()
        wait_for(lambda: time.monotonic() > seen + 4, "the time for a third message")
    finally:
        gate.touch()
    answer = stackstorm.finish(begun)

    first, second, final = stackstorm.posts_in(room)
    for said in (first, second):
        assert said.startswith("alice is deploying api 1.0 to uat: step ")
        assert said.endswith(" so far)")
    assert final == answer.message
    assert answer.code == "deployed"


def test_a_short_deployment_says_nothing_on_the_way(stackstorm: StackStorm, world: World) -> None:
    room = f"#room-{uuid.uuid4().hex[:8]}"
    answer = stackstorm.say("deploy web v1.0.0 to uat", "alice", room)
    assert stackstorm.posts_in(room) == [answer.message]
