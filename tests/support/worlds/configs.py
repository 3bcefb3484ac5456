"""Configs that have every key, and walks over their places."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple, Union

import yaml

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "opsroom.yaml.example"
LARGEST = Path(__file__).with_name("largest.yaml")
SCHEMA = ROOT / "config.schema.yaml"

Step = Union[str, int]
Place = Tuple[Step, ...]


def read(path: Path) -> Dict[str, Any]:
    """The config in a file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text("utf-8"), Loader=loader)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """The place of every key and every entry of a list, the outer ones first."""
    items: List[Tuple[Step, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for step, item in items:
        yield (*at, step)
        yield from places(item, (*at, step))


def schema_keys(schema: Dict[str, Any]) -> Iterator[str]:
    """Every key that the schema names, at any depth; patterns without their anchors."""
    patterns = schema.get("patternProperties") or {}
    for key, one in {**(schema.get("properties") or {}), **patterns}.items():
        yield from re.findall(r"\w+", key)
        yield from schema_keys(one)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from schema_keys(schema["additionalProperties"])


def shown(place: Place) -> str:
    """A place as complaints write it: `environments.uat.rooms[0]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.lstrip(".")


def at(config: Any, place: Place) -> Any:
    """What stands at a place."""
    for step in place:
        config = config[step]
    return config


def put(config: Dict[str, Any], place: Place, value: Any) -> Dict[str, Any]:
    """A copy of the config with another value at one place."""
    return put_at_each(config, [place], value)


def put_at_each(config: Dict[str, Any], wrong: Iterable[Place], value: Any) -> Dict[str, Any]:
    """A copy of the config with another value at some places, none of them inside another."""
    changed = copy.deepcopy(config)
    for place in wrong:
        at(changed, place[:-1])[place[-1]] = value
    return changed
