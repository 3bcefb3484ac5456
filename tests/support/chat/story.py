"""One story, played in every chat through every relay: three people with different rights, a
stranger, and what each must read.

`STORY` is the list of steps, which know no chat. `play` types them in a `Room` and looks, after
each, at StackStorm's execution, at the answer in the room and at who spoke. What a chat cannot do
(`Step.needs`) is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Tuple

from support.chat.room import EDITS, LINES, LONG, REDELIVERY, THREADS, Heard, Room
from support.stackstorm.client import StackStorm, wait_for
from support.worlds.world import World

PEOPLE = ("alice", "bob", "carol")
STRANGER = "mallory"
KEY = "a-key-that-only-the-relay-and-opsroom-know"
_LIMIT = 100
HOSTILE = "see <!channel> @here *bold* _it_ `x` &amp; <b>x</b> & <https://evil.example|this>"


@dataclass(frozen=True)
class Step:
    """Someone types a command, and reads the answer.

    `text` may hold {names} that earlier steps kept. `code` is the reason code of the execution,
    `reads` what the answer in the room must have, `keeps` gives names to what an expression finds
    in the answer of StackStorm, `needs` is what the chat must be able to do.
    """

    who: str
    text: str
    code: str
    room: str = "dev"
    reads: Tuple[str, ...] = ()
    keeps: Mapping[str, str] = field(default_factory=dict)
    needs: FrozenSet[str] = frozenset()
    in_thread: bool = False


STORY: Tuple[Step, ...] = (
    Step("alice", "opsroom help", "help", reads=("deploy",)),
    Step(
        "alice", "deploy web v1.0.0 to uat", "deployed", reads=("alice deployed web v1.0.0 to uat",)
    ),
    Step(
        "bob",
        "deploy web v1.0.0 to production",
        "not_allowed",
        room="ops",
        reads=("bob may not deploy",),
    ),
    Step(STRANGER, "deploy web v1.0.0 to production", "not_allowed", room="ops"),
    Step(
        "alice",
        "deploy web v1.0.0 to production",
        "waiting",
        room="ops",
        keeps={"change": r"approve change ([0-9A-Z]{4,8})"},
    ),
    Step("alice", "approve change {change}", "own_change", room="ops"),
    Step("carol", "approve change {change}", "wrong_room", room="dev"),
    Step("carol", "approve change {change}", "deployed", room="ops", reads=("Approved by carol.",)),
    Step("carol", "lock uat: load test, 50% done", "locked_now"),
    Step("bob", "deploy web v1.1.0 to uat", "locked", reads=("carol", "load test, 50% done")),
    Step("carol", "unlock uat", "unlocked"),
    Step("bob", "page web-team: checkout is down", "paged", reads=("bob",)),
    Step(
        "alice",
        'create card: Checkout fails\nSince v1.1.0.\n\n  1. press "pay"\n  2. wait & see <nothing>',
        "card_created",
        keeps={"card": r"\b(CARD-\d+)\b"},
        needs=frozenset({LINES}),
    ),
    Step(
        "bob",
        "comment on card {card}: seen too,\nwith v1.0.0",
        "card_commented",
        reads=("{card}",),
        needs=frozenset({LINES}),
    ),
    Step("carol", "show card {card}", "card", reads=("Checkout fails",), needs=frozenset({LINES})),
    Step("bob", f"lock test: {HOSTILE}", "locked_now"),
    Step("alice", "deploy web v1.0.0 to test", "locked", reads=("bold",)),
    Step("bob", "unlock test", "unlocked"),
    Step(
        "alice",
        "create card: A long one\n" + "A line of a log that nobody shortened. " * 230 + "END",
        "card_created",
        needs=frozenset({LINES, LONG}),
    ),
    Step(
        "bob",
        "history of web on uat",
        "history",
        reads=("v1.0.0",),
        needs=frozenset({THREADS}),
        in_thread=True,
    ),
    Step("alice", "deploy web", "unknown_command", reads=("deploy web",)),
)


def configure(world: World, room: Room, storm: StackStorm, sealed: bool = True) -> None:
    """A world in which alice's deployments to production wait for carol, and the relay is the only
    one.

    With `sealed` the relay has the key KEY, and people are known by their identities.
    """
    config = world.config
    for name in PEOPLE:
        config["people"][name]["chat"] = [room.identity(name)]
    config["groups"]["release-managers"] = ["carol", "alice"]
    config["environments"]["production"].update(
        approvers=["release-managers"], approvals=1, rooms=[room.source("ops")]
    )
    config["trackers"] = {"board": {"kind": "local"}}
    config["pagers"] = {"log": {"kind": "local", "on_call": {"web-team": ["bob", "carol"]}}}
    config["teams"] = {"web-team": {"log": "web-team"}}
    config.update(relays=[room.st2_user], route=room.route)
    if sealed:
        config["relay_keys"] = {room.st2_user: KEY}
    storm.configure(config)


class Player:
    """Types commands in a room, and accounts for every execution that comes of them."""

    def __init__(self, room: Room, storm: StackStorm, world: World) -> None:
        self.room, self.storm, self.world = room, storm, world
        self.kept: Dict[str, str] = {}
        self.messages: List[str] = []
        self.executions: List[str] = []
        self._before = {one["id"] for one in self._newest()}

    def play(self, step: Step) -> Dict[str, Any]:
        """One step; the ended execution. Fails where anything differs from what must be seen."""
        room, name = self.room, step.room
        text = step.text.format_map(_Kept(self.kept))
        since = len(room.heard(name))
        thread = self.messages[-1] if step.in_thread else ""
        self.messages.append(room.say(step.who, text, name, thread))
        execution = self.storm.ended(self._one_new())
        result = (execution.get("result") or {}).get("result") or {}
        assert result.get("code") == step.code, (text[:80], execution["status"], result)
        self._spoken_by(execution, step)
        message = str(self.storm.answer_to(execution["id"])["message"])
        lines = [_bare(one) for one in room.shows(message, step.who)]
        heard = room.wait(
            lambda all_heard: _all_in(lines, all_heard),
            f"the answer {lines} to {text[:80]!r}",
            name,
            since,
        )
        self._readable(heard, step)
        whole = "\n".join(one.text for one in heard)
        for part in step.reads:
            assert part.format_map(_Kept(self.kept)) in whole, (part, whole)
        for key, expression in step.keeps.items():
            found = re.search(expression, message)
            assert found, (expression, message)
            self.kept[key] = found.group(1)
        return execution

    def nothing_new(self) -> None:
        """No execution but those that were seen. A command is typed first: what is older than it
        has been heard by then."""
        self.play(Step("alice", "versions on uat", "versions"))
        new = {one["id"] for one in self._newest()} - self._before - set(self.executions)
        assert not new, f"executed without being asked: {sorted(new)}"

    def _one_new(self) -> str:
        found: List[str] = []

        def new() -> bool:
            found[:] = [
                one["id"]
                for one in self._newest()
                if one["id"] not in self._before and one["id"] not in self.executions
            ]
            return bool(found)

        wait_for(new, "an execution")
        assert len(found) == 1, f"one message, several executions: {found}"
        self.executions += found
        return found[0]

    def _spoken_by(self, execution: Mapping[str, Any], step: Step) -> None:
        context = execution["context"]
        assert context["user"] == self.room.st2_user, context
        speaker = str(context["api_user"]).partition(" ")[0]
        assert speaker == self.room.identity(step.who), (speaker, step.who)
        assert context["source_channel"] == self.room.source(step.room), context

    def _readable(self, heard: List[Heard], step: Step) -> None:
        whole = "\n".join(one.text for one in heard)
        # Neither the seal nor an entity that a person did not type.
        assert "hubot/" not in whole, whole
        assert "errbot/" not in whole, whole
        assert "&lt;" not in whole, whole
        pinged = {name for one in heard for name in one.pings}
        assert pinged <= {step.who}, f"{step.who} was to be notified, and it was {pinged}"
        assert not {link for one in heard for link in one.links if "evil.example" in link}, heard

    def _newest(self) -> List[Dict[str, Any]]:
        """The executions that messages made, newest first."""
        kept = "include_attributes=context,parent"
        made = self.storm.get(f"/executions?limit={_LIMIT}&sort_desc=True&{kept}")
        return [
            one
            for one in made
            if "action_alias_ref" in one["context"]
            and not one.get("parent")
            and one["context"].get("user") == self.room.st2_user
        ]


def play(room: Room, storm: StackStorm, world: World) -> Player:
    """The whole story, then edits, a redelivery and a restart; the player, for more."""
    player = Player(room, storm, world)
    for step in STORY:
        if step.needs <= room.can:
            player.play(step)
    assert (world.running("uat"), world.running("production")) == ("v1.0.0", "v1.0.0")

    first, last = player.messages[0], player.messages[-1]
    if EDITS in room.can:
        room.edit(last, "deploy web v1.2.0 to uat")
        player.nothing_new()
    if REDELIVERY in room.can:
        room.redeliver(first)
        room.redeliver(last)
        player.nothing_new()
    room.restart()
    if REDELIVERY in room.can:
        room.redeliver(last)
    player.nothing_new()
    assert world.running("uat") == "v1.0.0"

    records = world.records()
    assert {one.execution_id for one in records} <= set(player.executions)
    spoke = {(one.person, one.room) for one in records if one.person}
    assert {("alice", room.source("dev")), ("carol", room.source("ops"))} <= spoke
    assert world.chain_holds()
    return player


class _Kept(Dict[str, str]):
    """Names that earlier steps kept; other braces stay as they are."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _bare(line: str) -> str:
    return re.sub(r"\s+", "", line)


def _all_in(lines: List[str], heard: List[Heard]) -> bool:
    """Whether every line was read; a relay may cut a long one into several messages."""
    whole = _bare("".join(one.text for one in heard))
    return all(line in whole for line in lines)
