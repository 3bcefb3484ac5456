"""Writes the formats of `aliases/` from the grammar: `python -m console.formats`.

An alias whose commands have free text also gets its `immutable_parameters` from here: they close
every parameter but `typed` to what StackStorm takes off the end of a message.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import yaml

from opsroom.grammar.formats import formats

PACK = Path(__file__).resolve().parents[1]
TYPED = "typed"
# What is in a parameter that chat gives within `typed`. Never read; it satisfies the patterns
# of names and texts.
WITHIN = "see typed"
_NOTE = """\
# Written by console/formats.py from actions/lib/opsroom/grammar: change them there. \\x3d is the
# equals sign, which in StackStorm's formats means a default.
"""
_BLOCK = re.compile(
    r"(?:^#[^\n]*\n)*^formats:\n(?:[ #][^\n]*\n)*(?:^immutable_parameters:\n(?: [^\n]*\n)*)?",
    re.MULTILINE,
)


def written(alias: Path) -> str:
    """What the file of an alias says with the formats of the grammar."""
    text = alias.read_text(encoding="utf-8")
    displays = formats()[alias.stem]
    lines = ["formats:"]
    for display, representations in displays:
        lines += [f"  - display: {_quoted(display)}", "    representation:"]
        lines += [f"      - {_quoted(one)}" for one in representations]
    immutable = _immutable(yaml.safe_load(text), displays)
    if immutable:
        lines.append("immutable_parameters:")
        lines += [f"  {name}: {_scalar(value)}" for name, value in immutable.items()]
    return _BLOCK.sub(lambda _: _NOTE + "\n".join(lines) + "\n", text, count=1)


def _immutable(alias: Dict[str, Any], displays: List[Tuple[str, List[str]]]) -> Dict[str, Any]:
    given: Dict[str, Any] = {
        name: value
        for name, value in (alias.get("immutable_parameters") or {}).items()
        if value not in (WITHIN, "INFO")
    }
    if not any("{{typed}}" in one for _, several in displays for one in several):
        return given
    action = yaml.safe_load(
        (PACK / "actions" / f"{alias['action_ref'].split('.')[1]}.yaml").read_text("utf-8")
    )
    closed: Dict[str, Any] = {}
    for name, one in action["parameters"].items():
        if one.get("immutable") or name == TYPED:
            continue
        closed[name] = given.get(name, one.get("default", WITHIN))
    return closed


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def main() -> int:
    """Write every alias; 1 where one was not up to date."""
    changed = 0
    for path in sorted((PACK / "aliases").glob("*.yaml")):
        text = written(path)
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            changed = 1
            print(f"written: {path.name}")
    return changed


if __name__ == "__main__":
    sys.exit(main())
