"""The aliases and actions of a pack, read from its YAML, and which alias a message means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar

import yaml

from .matching import Format, normalise

Read = TypeVar("Read")
# libyaml where PyYAML has it: a pack has more than a hundred files.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)[^}]*\}\}")


class PackError(Exception):
    """Files of the pack that cannot be used; `problems` has one sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Alias:
    """One alias. `ack` and `result` are as in the file; `formats` are the expressions that it
    matches."""

    name: str
    action_ref: str
    description: str
    formats: Tuple[AliasFormat, ...]
    ack: Mapping[str, Any]
    result: Mapping[str, Any]
    immutable_parameters: Mapping[str, Any]


@dataclass(frozen=True)
class AliasFormat:
    """One way of saying an alias: what help shows, and the expression behind it."""

    display: str
    format: Format

    def shown(self) -> str:
        """The display with its placeholders in capitals: `deploy APP VERSION to ENVIRONMENT`."""
        return _PLACEHOLDER.sub(lambda found: found.group(1).upper(), self.display)


@dataclass(frozen=True)
class Action:
    """One action's metadata. `parameters` is name -> JSON schema with StackStorm's additions."""

    ref: str
    name: str
    entry_point: Path
    parameters: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Match:
    """An alias and the one of its formats that a message matched."""

    alias: Alias
    format: AliasFormat


@dataclass(frozen=True)
class Pack:
    """What the console needs of a pack."""

    folder: Path
    aliases: Tuple[Alias, ...]
    actions: Mapping[str, Action]

    def matches(self, message: str) -> List[Match]:
        """Every format that a message matches; StackStorm runs it only when there is exactly
        one."""
        return [
            Match(alias, one)
            for alias in self.aliases
            for one in alias.formats
            if one.format.extract(message) is not None
        ]


def load_pack(folder: Path) -> Pack:
    """Read a pack's actions and aliases. Raises PackError with everything that is wrong with
    them."""
    problems: List[str] = []
    meta = _read(folder / "pack.yaml", dict, problems) if (folder / "pack.yaml").exists() else {}
    ref = str(meta.get("ref") or meta.get("name") or folder.name) if meta else folder.name
    # What other runners run, workflows above all, is there for rules and the web; chat may lead to
    # none of it.
    others: Dict[str, str] = {}
    found = _each(folder / "actions", lambda raw: _action(raw, folder, ref, others), problems)
    actions = {one.ref: one for one in found if one is not None}
    aliases = _each(folder / "aliases", _alias, problems)
    for alias in aliases:
        if alias.action_ref in others:
            runner = others[alias.action_ref]
            text = (
                f"the console runs python-script actions only, and {alias.action_ref} is {runner}"
            )
            problems.append(f"alias {alias.name}: {text}")
        elif alias.action_ref not in actions:
            problems.append(
                f"alias {alias.name}: there is no action {alias.action_ref} in {folder / 'actions'}"
            )
    if problems:
        raise PackError(problems)
    return Pack(folder, tuple(aliases), actions)


def _each(folder: Path, make: Callable[[Dict[str, Any]], Read], problems: List[str]) -> List[Read]:
    made: List[Read] = []
    for path in sorted(folder.glob("*.yaml")):
        raw = _read(path, dict, problems)
        if raw is None or not raw.get("enabled", True):
            continue
        try:
            made.append(make(raw))
        except (KeyError, TypeError, ValueError, re.error) as error:
            what = f"there is no key {error}" if isinstance(error, KeyError) else str(error)
            problems.append(f"{path.parent.name}/{path.name}: {what}")
    return made


def _read(path: Path, wanted: type, problems: List[str]) -> Any:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(f"{path}: {' '.join(str(error).split())}")
        return None
    if not isinstance(raw, wanted):
        problems.append(f"{path}: expected a mapping")
        return None
    return raw


def _action(
    raw: Dict[str, Any], folder: Path, pack: str, others: Dict[str, str]
) -> Optional[Action]:
    if raw["runner_type"] != "python-script":
        others[f"{pack}.{raw['name']}"] = str(raw["runner_type"])
        return None
    parameters = {
        str(name): dict(schema or {}) for name, schema in (raw.get("parameters") or {}).items()
    }
    return Action(
        f"{pack}.{raw['name']}", raw["name"], folder / "actions" / raw["entry_point"], parameters
    )


def _alias(raw: Dict[str, Any]) -> Alias:
    formats: List[AliasFormat] = []
    for one in raw["formats"]:
        display, representations, several = normalise(one)
        if several:
            raise ValueError("the console does not know match_multiple")
        # A display alone is for help only; StackStorm fails on the few messages that it would
        # match.
        formats += [AliasFormat(display or one, Format(one)) for one in representations]
    return Alias(
        name=raw["name"],
        action_ref=raw["action_ref"],
        description=str(raw.get("description") or ""),
        formats=tuple(formats),
        ack=raw.get("ack") or {},
        result=raw.get("result") or {},
        immutable_parameters=raw.get("immutable_parameters") or {},
    )
