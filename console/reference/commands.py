"""The page of commands: the aliases with their forms, the parameters of their actions, who may use
them, and what they change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

import yaml

from opsroom.commands.help.catalogue import GROUPS, PLACEHOLDER, RIGHTS, UNKNOWN, shown_form

from .. import PACK
from .markdown import anchor, code, examples_of, links, marked, page, sentence, table

# What a right of the catalogue is called in the config, where those who have it are named.
_KEYS = {
    "deploy": "`deployers`",
    "approve": "`approvers`",
    "lock": "`lockers`",
    "override": "`emergency`",
}
# What else decides who may, by alias or action. The rules themselves are in policy/.
_WHO = {
    "opsroom_cancel_deployment": "`deployers` of the environment, and the requester",
    "opsroom_approve_change": "`approvers` of the environment, but for the requester",
    "opsroom_reject_change": "`approvers` of the environment, and the requester",
    "opsroom_confirm_change": "the requester",
    "opsroom_review_change": "`approvers` of the environment, but for the one who deployed",
    "opsroom_lock_everything": "`lockers` of every environment",
    "opsroom_unlock": "the owner of the lock, and `lockers` of the environment",
    "opsroom_unlock_everything": "the owner of the lock, and `lockers` of every environment",
    "opsroom_quiet": "everyone under `people`",
    "opsroom_loud": "everyone under `people`",
}
_EFFECTS = {
    "READS": "reads",
    "ALERTS": "alerts",
    "CHANGES": "changes",
}
_EFFECT = re.compile(r"^    effect = Effect\.([A-Z]+)$", re.MULTILINE)
# Commands that begin like another.
_TITLES = {
    "opsroom_deploy_set": "deploy several",
    "opsroom_page_urgently": "page urgently",
    "opsroom_compare_environments": "what is on",
}
_CONNECTING = ("for", "of", "on")
# Where each group of the catalogue is explained, and commands that have a place of their own.
_GUIDES: Mapping[str, Sequence[str]] = {
    "Deploy": ("commands.md#deploy-and-redeploy", "deploying.md"),
    "Changes": ("commands.md#changes", "production.md#approvals"),
    "Locks": ("commands.md#lock-and-unlock", "locks.md"),
    "Cards": ("cards.md",),
    "Pages": ("paging.md",),
    "Incidents": ("commands.md#incidents", "workflows.md#declare_incident-and-close_incident"),
    "cancel_deployment": ("commands.md#cancel",),
    "deploy_set": ("commands.md#several-at-once", "configuration.md#sets"),
    "promote": ("commands.md#promote",),
    "rollback": ("commands.md#rollback",),
    "plan": ("commands.md#plan",),
    "emergency_deploy": ("commands.md#emergency-deploy-and-review",),
    "review_change": ("commands.md#emergency-deploy-and-review",),
    "confirm_change": ("commands.md#confirm", "production.md#confirmation"),
    "get_version": ("commands.md#version-and-versions",),
    "compare_versions": ("commands.md#changes-between",),
    "compare_environments": ("commands.md#changes-between",),
    "get_history": ("commands.md#history",),
    "metrics": ("commands.md#metrics", "metrics.md"),
    "report": ("commands.md#morning-report",),
    "audit_report": ("commands.md#audit", "compliance.md"),
    "audit_verify": ("commands.md#audit", "compliance.md"),
    "reconcile": ("commands.md#audit", "compliance.md"),
    "quiet": ("commands.md#quiet-and-loud",),
    "loud": ("commands.md#quiet-and-loud",),
    "whoami": ("commands.md#whoami",),
    "doctor": ("commands.md#doctor",),
    "help": ("commands.md#help",),
}
# The groups by their headings: a heading is no name of a command.
_HEADINGS = {"Deploy": "Deployments", "Look": "Versions, records and help"}
# The group of commands that the catalogue has in none.
_LAST = "Look"


_BEFORE = """\
Every command, by what it is about. Words in capitals stand for values. Where a command has several
forms, the one with the text in the middle is for [texts that end in
key=value](../chat.md#texts-that-end-in-keyvalue). Values that are written `limit=` go to the end of
the message. Answers, refusals and longer examples are in [commands](../commands.md), the codes of
answers in [reason codes](codes.md).

- **Who may:** "everyone" is everyone who can speak to the relay or may run the action in
  StackStorm. [Access](../production.md#access) says who it is where `deployers`, `lockers` or
  `approvers` are not set.
- **Effect:** a command that *reads* changes nothing. One that *alerts* goes through even where the
  database cannot be used. Of one that *changes* something, or alerts, each message counts once."""


@dataclass(frozen=True)
class Command:
    """An alias with its action's metadata. `forms` are displays as the alias has them."""

    alias: str
    action: str
    description: str
    forms: Tuple[str, ...]
    # Set by the alias: `redeploy: true`.
    fixed: Mapping[str, Any]
    parameters: Mapping[str, Mapping[str, Any]]
    effect: str

    @property
    def title(self) -> str:
        """The words before the first value: `deploy`, `lock everything`."""
        if self.alias in _TITLES:
            return _TITLES[self.alias]
        words = PLACEHOLDER.split(self.forms[0])[0].replace(":", " ").split()
        return " ".join(words[:-1] if words[-1] in _CONNECTING else words)

    def example(self, form: str) -> str:
        """A form with the examples of its parameters in their places."""
        return PLACEHOLDER.sub(lambda found: self._example_of(found.group(1), form), form)

    def _example_of(self, name: str, form: str) -> str:
        description = self.parameters[name]["description"]
        found = examples_of(description) or [name.upper()]
        # A moment instead of a length: "until {{ length }}".
        return found[-1 if f"until {{{{ {name} }}}}" in form else 0]


def commands_page() -> str:
    """The page."""
    known = {action for actions in GROUPS.values() for action in actions}
    others = dict.fromkeys(one.action for one in read_all() if one.action not in known)
    groups = {**GROUPS, _LAST: (*GROUPS[_LAST], *others)}
    grouped = [(title, list(_of_group(actions))) for title, actions in groups.items()]
    parts = [_BEFORE]
    for title, commands in grouped:
        rows = [
            (
                f"[{code(shown_form(one.forms[0]))}](#{anchor(one.title)})",
                one.description,
                who_may(one),
                one.effect,
            )
            for one in commands
        ]
        parts += [
            f"## {_HEADINGS.get(title, title)}",
            table(("Say", "What it does", "Who may", "Effect"), rows),
        ]
        parts += [part for one in commands for part in _section(title, one)]
    source = "aliases/, actions/*.yaml and the catalogue of commands"
    return page("Commands: reference", source, parts)


def _section(group: str, command: Command) -> Iterator[str]:
    yield f"### {command.title}"
    yield sentence(command.description)
    yield "\n".join(["```text", *map(shown_form, command.forms), "```"])
    yield f"For example: {', '.join(f'`{one}`' for one in _examples(command))}"
    parameters = list(_parameters(command))
    if parameters:
        yield table(("Value", "Type", "Default", "Meaning"), parameters)
    guides = _GUIDES.get(command.action) or _GUIDES.get(group, ())
    facts = [
        f"**Who may:** {who_may(command)}.",
        f"**Effect:** {command.effect}.",
        f"**Action:** `opsroom.{command.action}`.",
        *([f"**Explained in:** {links(guides)}."] if guides else []),
    ]
    yield " ".join(facts)


def who_may(command: Command) -> str:
    """Who may use a command, by the keys of the config."""
    if command.alias in _WHO:
        return _WHO[command.alias]
    rights = RIGHTS.get(f"opsroom.{command.action}")
    if rights is None:
        return "everyone"
    return f"{' or '.join(_KEYS[one] for one in rights)} of the environment"


def _examples(command: Command) -> List[str]:
    """Of a command with many forms the first and the last; a reader sees the others by them."""
    forms = command.forms if len(command.forms) <= 3 else (command.forms[0], command.forms[-1])
    return [command.example(one) for one in forms]


def _parameters(command: Command) -> Iterator[Tuple[str, str, str, str]]:
    placed = {name for form in command.forms for name in PLACEHOLDER.findall(form)}
    for name, one in command.parameters.items():
        # Only at the end of a message, or set by the command itself.
        if name not in placed and name in command.fixed:
            continue
        shown = name.upper() if name in placed else f"{name}="
        needed = one.get("required") is True or all(
            f"{{{{ {name} }}}}" in form for form in command.forms
        )
        default = one.get("default")
        default_text = (
            "required" if needed else "none" if default is None else code(_plain(default))
        )
        yield code(shown), _type(one), default_text, sentence(marked(one["description"]))


def _type(parameter: Mapping[str, Any]) -> str:
    if parameter.get("enum"):
        return " or ".join(code(_plain(one)) for one in parameter["enum"])
    if parameter["type"] == "boolean":
        return "`true` or `false`"
    if parameter["type"] == "integer":
        least, most = parameter.get("minimum"), parameter.get("maximum")
        return f"number, {least} to {most}" if most is not None else f"number, {least} or more"
    return f"text, up to {parameter['maxLength']:,}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_group(actions: Sequence[str]) -> Iterator[Command]:
    for action in actions:
        yield from (one for one in read_all() if one.action == action)


@lru_cache(maxsize=1)
def read_all() -> Tuple[Command, ...]:
    """Every command of the pack, in the order of the files of the aliases."""
    found: List[Command] = []
    for path in sorted((PACK / "aliases").glob("*.yaml")):
        alias = yaml.safe_load(path.read_text("utf-8"))
        if alias["action_ref"] == UNKNOWN or not alias.get("enabled", True):
            continue
        action = alias["action_ref"].split(".")[1]
        meta = yaml.safe_load((PACK / "actions" / f"{action}.yaml").read_text("utf-8"))
        parameters: Dict[str, Any] = {
            name: one
            for name, one in meta["parameters"].items()
            if not one.get("immutable") and name not in ("typed", "log_level")
        }
        source = (PACK / "actions" / meta["entry_point"]).read_text("utf-8")
        effect = _EFFECT.search(source)
        found.append(
            Command(
                alias=alias["name"],
                action=action,
                description=alias["description"],
                forms=tuple(one["display"] for one in alias["formats"]),
                fixed=alias.get("immutable_parameters") or {},
                parameters=parameters,
                effect=_EFFECTS[effect.group(1) if effect else "CHANGES"],
            )
        )
    return tuple(found)
