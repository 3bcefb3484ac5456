"""help: the commands, from the aliases themselves, with today's values; only what this requester may do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from ..errors import Code
from ..guard.access import may, who_may
from ..names import listed, pick
from ..settings.model import Environment
from . import Desk
from .outcome import Outcome

# What one must be allowed to do somewhere to use an action; who may do none of it is not shown the command.
_RIGHTS = {
    "opsroom.deploy": ("deploy",),
    "opsroom.promote": ("deploy",),
    "opsroom.rollback": ("deploy",),
    "opsroom.confirm_change": ("deploy",),
    "opsroom.emergency_deploy": ("override",),
    "opsroom.approve_change": ("approve",),
    "opsroom.review_change": ("approve",),
    "opsroom.reject_change": ("approve", "deploy"),
    "opsroom.lock": ("lock",),
    "opsroom.unlock": ("lock",),
}
_DOING = {"deploy": "deploy to", "override": "deploy in an emergency to", "approve": "approve on", "lock": "lock"}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Command:
    """One alias as help shows it: the word it begins with, how it is said, what it does."""

    word: str
    says: Tuple[str, ...]
    description: str
    action: str


def help_(desk: Desk, aliases: Path, topic: str = "") -> Outcome:
    """All commands in short, or one in full. `aliases` is the folder of the pack's aliases."""
    commands = [one for one in _commands(aliases) if _may(desk, one)]
    words = sorted({one.word for one in commands})
    if topic:
        word = pick(topic.strip(), words, Code.UNKNOWN_COMMAND, "command")
        return _one(desk, [one for one in commands if one.word == word], word)
    text = "\n".join(
        [
            f"Commands: {', '.join(words)}.",
            f"Applications: {listed(desk.settings.apps)}. {_rights(desk)}",
            "For one in full, say for instance: opsroom help deploy",
        ]
    )
    facts = {"commands": [{"say": list(one.says), "description": one.description} for one in commands]}
    return Outcome(True, Code.HELP, text, facts)


def _one(desk: Desk, commands: Sequence[Command], word: str) -> Outcome:
    lines: List[str] = []
    for command in commands:
        lines += [_PLACEHOLDER.sub(lambda match: match.group(1).upper(), say) for say in command.says]
    description = commands[0].description.rstrip(".")
    example = _PLACEHOLDER.sub(lambda match: _examples(desk).get(match.group(1), "..."), commands[0].says[-1])
    lines += [f"{description}.", f"For instance: {example}"]
    right = _RIGHTS.get(commands[0].action, ("",))[0]
    if right:
        lines.append(_rights(desk, right))
    return Outcome(True, Code.HELP, "\n".join(lines), {"command": word, "say": [s for c in commands for s in c.says]})


def _commands(aliases: Path) -> List[Command]:
    # PyYAML takes 0.02 s to import, and only help reads YAML.
    import yaml

    # Ten times as fast as the one in Python; PyYAML is built without it on few machines. Both load safely.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    commands = []
    for path in sorted(aliases.glob("*.yaml")):
        alias = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506
        if not alias.get("enabled", True):
            continue
        says = tuple(one["display"] if isinstance(one, dict) else one for one in alias["formats"])
        first = says[0].split()
        word = first[1] if first[0] == "opsroom" and len(first) > 1 else first[0]
        commands.append(Command(word, says, alias["description"], alias["action_ref"]))
    return commands


def _may(desk: Desk, command: Command) -> bool:
    rights = _RIGHTS.get(command.action)
    return rights is None or any(_split(desk, right)[0] for right in rights)


def _split(desk: Desk, right: str = "deploy") -> Tuple[List[Environment], List[Environment]]:
    """The environments where the requester has a right, from here, and the others."""
    having: List[Environment] = []
    others: List[Environment] = []
    for environment in desk.settings.environments.values():
        refused = may(desk.settings, desk.speaker, environment, right)
        (others if refused else having).append(environment)
    return having, others


def _rights(desk: Desk, right: str = "deploy") -> str:
    having, others = _split(desk, right)
    doing = _DOING[right]
    mine = f"You may {doing} {listed(one.name for one in having)}." if having else f"You may {doing} nothing."
    rest = [f"{one.name}: {_who(one, right)}." for one in others if who_may(one, right) != "nobody"]
    return " ".join([mine, *rest])


def _who(environment: Environment, right: str) -> str:
    who = who_may(environment, right)
    return f"{who}, from {listed(environment.rooms)}" if environment.rooms else who


def _examples(desk: Desk) -> Dict[str, str]:
    may, others = _split(desk)
    names = [one.name for one in [*may, *others]]
    return {
        "app": next(iter(desk.settings.apps), "web"),
        "environment": names[-1] if len(may) == len(names) and names else (names or ["uat"])[0],
        "source": names[0] if names else "test",
        "version": "1.4.2",
        "command": "deploy",
        "change": "K7QX",
        "code": "492039",
        "reason": "load test until 17:00",
    }
