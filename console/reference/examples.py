"""Parts of opsroom.yaml.example, which is checked as a whole, as the pages show them."""

from __future__ import annotations

import textwrap
from functools import lru_cache
from typing import Any, Dict, Iterator, List, Mapping, Tuple

import yaml

from .. import PACK

FILE = PACK / "opsroom.yaml.example"
Path = Tuple[str, ...]


@lru_cache(maxsize=1)
def values() -> Dict[str, Any]:
    """The file as data."""
    found: Dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def of_kind(section: str, part: str, kind: str) -> List[Path]:
    """The places of a kind: apps.*.deploy, or trackers.* with an empty `part`."""
    found: List[Path] = []
    for name, one in values()[section].items():
        options = one.get(part) if part else one
        if isinstance(options, Mapping) and options.get("kind") == kind:
            found.append((section, name, part) if part else (section, name))
    return found


def at(path: Path) -> Any:
    """The value at a place."""
    found: Any = values()
    for step in path:
        found = found[step]
    return found


def shown(path: Path, under: Path) -> str:
    """The lines of a mapping, with their comments, below the keys `under`."""
    body = textwrap.dedent(_lines(path))
    for key in reversed(under):
        flow = body.startswith("{")
        body = f"{key}: {body}" if flow else f"{key}:\n{textwrap.indent(body, '  ')}"
    return f"```yaml\n{body.rstrip()}\n```"


def top(names: List[str]) -> str:
    """The lines of keys at the top, with the comments above each."""
    return "```yaml\n" + "\n".join(_top_lines(names)) + "\n```"


def _top_lines(names: List[str]) -> Iterator[str]:
    lines = FILE.read_text("utf-8").splitlines()
    for name in names:
        for number, line in enumerate(lines):
            if line.lstrip("# ").startswith(f"{name}: ") and not line.startswith(" "):
                yield line
                following = lines[number + 1 :]
                for more in following:
                    if not more.startswith(" "):
                        break
                    yield more
                break


def _lines(path: Path) -> str:
    text = FILE.read_text("utf-8")
    node: Any = yaml.compose(text)
    for step in path:
        node = next(value for key, value in node.value if key.value == step)
    lines = text.splitlines()
    if node.flow_style:
        return text[node.start_mark.index : node.end_mark.index]
    # An anchor stands before the first key.
    first, last = node.value[0][0].start_mark, node.end_mark
    found = [" " * first.column + lines[first.line][first.column :]]
    found += lines[first.line + 1 : last.line]
    # Comments after the last key are about what follows.
    while found and (
        not found[-1].strip() or len(found[-1]) - len(found[-1].lstrip()) < first.column
    ):
        found.pop()
    return "\n".join(found)
