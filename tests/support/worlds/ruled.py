"""A world in which rules run: as StackStorm's system user, from no room, with rooms that remember
what was said."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, DefaultDict, Dict, List, Optional

from opsroom.action import OpsroomAction, Surroundings
from support.worlds.world import World, make_world, run_action

SYSTEM = "stanley"


@dataclass
class Ear:
    """A room that remembers what was said in it; while it is `deaf`, nothing can be posted."""

    said: List[str] = field(default_factory=list)
    deaf: bool = False

    def say(self, words: str) -> Optional[bool]:
        if self.deaf:
            return False
        self.said.append(words)
        return True

    def live(self, words: str) -> None:
        """Nobody looks."""


@dataclass
class Ruled:
    """`ask` is someone in chat, `rule` what a rule runs; each call is an execution of its own."""

    world: World
    heard: DefaultDict[str, Ear] = field(default_factory=lambda: defaultdict(Ear))
    executions: int = 0

    @property
    def announced(self) -> List[str]:
        return self.heard["#deploys"].said

    def execution(self) -> str:
        """The id of the execution that ran last."""
        return f"5f00000000000000{self.executions:08d}"

    def ask(
        self, action: str, who: str = "alice", room: str = "#dev", /, **given: Any
    ) -> Dict[str, Any]:
        return self._run(
            action, {**given, "requester": who, "room": room, "st2_user": "chatops_bot"}
        )

    def rule(self, action: str, user: str = SYSTEM, /, **given: Any) -> Dict[str, Any]:
        return self._run(action, {**given, "requester": user, "room": "", "st2_user": user})

    def twice(self, action: str, **given: Any) -> Dict[str, Any]:
        """A rule runs the action twice; the second result."""
        self.rule(action, **given)
        return self.rule(action, **given)

    def follow(self) -> Dict[str, Any]:
        """What the rule announce_deployments does after the execution that ran last."""
        return self.rule("announce_deployments", execution=self.execution())

    def deploy(
        self, version: str = "v1.0.0", environment: str = "uat", room: str = "#dev", **given: Any
    ) -> Any:
        """A deployment by alice, and the rule after it."""
        answer = self.ask(
            "deploy", "alice", room, app="web", version=version, environment=environment, **given
        )
        self.follow()
        return answer

    def pass_time(self, **length: float) -> None:
        """As if all that was written down outside of the ledger had been so much earlier."""
        self.world.pass_time(**length)

    def _run(self, action: str, parameters: Dict[str, Any]) -> Dict[str, Any]:
        self.executions += 1
        around = Surroundings(
            self.world.database, None, self.execution(), lambda name: self.heard[name]
        )
        OpsroomAction.surroundings = around
        try:
            return run_action(action, self.world.config, parameters)
        finally:
            OpsroomAction.surroundings = None


def make_ruled(folder: Path, database: str = "") -> Ruled:
    """The world of make_world, with an announce room, and the system user as someone whom the
    config knows."""
    world = make_world(folder, database or None)
    world.config["announce"] = "#deploys"
    world.config["people"]["stanley"] = {}
    return Ruled(world)
