"""What jsonschema says of configs and parameters of the pack, so that two versions of it can be
compared: `python -m support.worlds.verdicts` prints it as JSON.

StackStorm 3.9 has jsonschema 3.2, StackStorm 3.10 has 4.26. The sentences are left out that
jsonschema writes itself: they differ between the versions, and nothing of the pack looks at them.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Optional

import jsonschema

from console.aliases import Action, load_pack
from console.parameters import Rejected, prepare, schema_of
from opsroom.config import registration
from support.worlds.configs import EXAMPLE, LARGEST, places, put_at_each, read, shown

Verdicts = Dict[str, Any]

ROOT = Path(__file__).resolve().parents[3]
# Put in place of each value of a config, one kind after the other.
VALUES: Dict[str, Any] = {
    "null": None,
    "text": "x",
    "empty text": "",
    "number": 7,
    "negative": -1,
    "fraction": 1.5,
    "whole fraction": 1.0,
    "true": True,
    "list": [],
    "list of null": [None],
    "mapping": {},
    "unknown key": {"no key is called this": 1},
}
# Given for each parameter of each action, as texts of a message.
GIVEN: Dict[str, Optional[str]] = {
    "name": "web",
    "nothing": None,
    "empty": "",
    "blank": " ",
    "number": "7",
    "negative": "-1",
    "fraction": "1.5",
    "true": "true",
    "list": "a, b",
    "line break": "web\n",
    "pair": "a=b",
    "expression": "{{ 1 }}",
    "mapping": '{"a": 1}',
    "letters": "Ünïcode ☃",
    "long": "x" * 31001,
}
CONTEXT = {"user": "chatops_bot", "api_user": "alice", "source_channel": "#dev"}


def main() -> None:
    """Print the verdicts of the jsonschema that is found first on the path."""
    json.dump(verdicts(), sys.stdout)


def verdicts() -> Verdicts:
    """`version` of jsonschema, and what it thinks of each `config`, `parameters` and `schema`."""
    return {
        "version": metadata.version("jsonschema"),
        "config": _of_configs(),
        "parameters": _of_parameters(),
        "schema": _of_schemas(),
    }


def _of_configs() -> Dict[str, List[List[str]]]:
    """The complaints of each config with another value at all places of one depth."""
    found: Dict[str, List[List[str]]] = {}
    for name, path in (("example", EXAMPLE), ("largest", LARGEST)):
        config = read(path)
        found[name] = _complaints(config)
        every = list(places(config))
        for depth in sorted({len(place) for place in every}):
            level = [place for place in every if len(place) == depth]
            for kind, value in VALUES.items():
                changed = put_at_each(config, level, value)
                found[f"{name}, {kind} at {shown(level[0])} and the like"] = _complaints(changed)
    return found


def _complaints(config: Dict[str, Any]) -> List[List[str]]:
    return sorted([place, what] for place, what in registration.complaints(config))


def _of_parameters() -> Dict[str, str]:
    """What comes of each value for each parameter, beside others that are right."""
    found = {}
    for ref, action in load_pack(ROOT).actions.items():
        right = _right(action)
        for name in action.parameters:
            for kind, value in GIVEN.items():
                try:
                    prepare(action, {**right, name: value}, {}, CONTEXT, {})
                    found[f"{ref} {name}: {kind}"] = "taken"
                except Rejected as error:
                    found[f"{ref} {name}: {kind}"] = error.code
    return found


def _right(action: Action) -> Dict[str, Optional[str]]:
    """A right value for each parameter that must be given."""
    properties = schema_of(action)["properties"]
    return {
        name: next(
            value
            for value in (*GIVEN.values(), *schema.get("enum", ()))
            if jsonschema.Draft4Validator(properties[name]).is_valid(value)
        )
        for name, schema in action.parameters.items()
        if schema.get("required") is True and not schema.get("immutable")
    }


def _of_schemas() -> Dict[str, bool]:
    """Whether the config schema and the parameters of each action are valid schemas of draft 4."""
    schemas = {"config": registration.as_checked(read(ROOT / "config.schema.yaml"))}
    for ref, action in load_pack(ROOT).actions.items():
        schemas[ref] = schema_of(action)
    return {name: _is_schema(schema) for name, schema in schemas.items()}


def _is_schema(schema: Dict[str, Any]) -> bool:
    try:
        jsonschema.Draft4Validator.check_schema(schema)
    except jsonschema.SchemaError:
        return False
    return True


if __name__ == "__main__":
    main()
