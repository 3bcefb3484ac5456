"""What must be true after anything went wrong: the record, and what was told of what happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, List, Tuple

from support.stackstorm.client import StackStorm, wait_for
from support.stackstorm.outside import Book, Key
from support.worlds.world import World

ENDS = {"succeeded", "failed", "interrupted"}
SUBJECTS = ("version_changed", "version_unknown_change", "unreachable", "reachable")


def the_record_is_true(world: World) -> None:
    """The chain holds, nothing is claimed, and each deployment that started has exactly one end."""
    assert world.chain_holds()
    assert world.claims() == 0
    records = world.records()
    started = [one.deployment for one in records if one.event.value == "started"]
    ended = [one.deployment for one in records if one.event.value in ENDS]
    assert len(set(started)) == len(started)
    assert sorted(one for one in ended if one in started) == sorted(started), world.events()


def again_and_again(stackstorm: StackStorm, said: str, who: str = "carol") -> Any:
    """Say it until it is not busy any more; the answer."""
    answers: List[Any] = []

    def answered() -> bool:
        answers.append(stackstorm.ask(said, who))
        return bool(answers[-1].code) and answers[-1].code != "busy"

    wait_for(answered, f"another answer than busy to {said!r}")
    return answers[-1]


@dataclass(frozen=True)
class Dispatch:
    """One trigger instance: its trigger, what it is about, its event, and what the rules engine
    made of it."""

    trigger: str
    key: Key
    event: str
    status: str


@dataclass
class Dispatches:
    """The trigger instances of StackStorm that are about one `Outside`, from when on this was
    made."""

    stackstorm: StackStorm
    name: str
    since: str = field(
        default_factory=lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    )

    def all(self) -> List[Dispatch]:
        found: List[Dispatch] = []
        for one in self.stackstorm.get("/triggertypes?pack=opsroom&limit=100"):
            path = f"/triggerinstances?trigger=opsroom.{one['name']}&timestamp_gt={self.since}&limit=-1"  # noqa: E501
            found += [told for told in map(self._told, self.stackstorm.get(path)) if told]
        return found

    def _told(self, row: Dict[str, Any]) -> Any:
        trigger, payload = row["trigger"].partition(".")[2], row["payload"]
        if self.name not in str(
            payload.get("app") or payload.get("tracker") or payload.get("pager")
        ):
            return None
        subject = payload.get("app") or payload.get("card") or payload.get("incident")
        key = (subject, payload.get("version", ""))
        return Dispatch(trigger, key, payload["event"], row["status"])


@dataclass(frozen=True)
class Balance:
    """What was told against what happened. `again` counts what went through the rules once more,
    under the same event; `doubled` was told as two events; `unprocessed` are instances at which the
    rules engine was interrupted."""

    happened: Dict[str, int]
    told: Dict[str, int]
    lost: Tuple[Key, ...]
    again: int
    doubled: Tuple[Key, ...]
    wrong: Tuple[str, ...]
    unprocessed: Tuple[str, ...]


def balance(book: Book, told: List[Dispatch]) -> Balance:
    """Compare. What may be told by one of two triggers is counted under the one that told it."""
    by_key: Dict[Key, List[Dispatch]] = {}
    for one in told:
        by_key.setdefault(one.key, []).append(one)
    events = {one.event: one for one in told}
    happened = [
        next((one.trigger for one in by_key.get(key, [])), of[0]) for key, of in book.items()
    ]
    doubled = Counter(one.key for one in events.values())
    through = Counter(one.event for one in told if one.status == "processed")
    wrong = [
        f"{one.trigger} {one.key}"
        for one in events.values()
        if one.trigger not in book.get(one.key, ())
    ]
    return Balance(
        happened=dict(sorted(Counter(happened).items())),
        told=dict(sorted(Counter(one.trigger for one in events.values()).items())),
        lost=tuple(
            key for key in book if not any(one.status == "processed" for one in by_key.get(key, []))
        ),
        again=sum(max(0, count - 1) for count in through.values()),
        doubled=tuple(key for key, count in doubled.items() if count > 1),
        wrong=tuple(wrong),
        unprocessed=tuple(
            f"{one.trigger} {one.key} {one.status}" for one in told if one.status != "processed"
        ),
    )
