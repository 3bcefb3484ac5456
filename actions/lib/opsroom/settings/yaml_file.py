"""Reading a config file as YAML: with the line of every key, without duplicates, and with a warning about everything
that YAML reads as something else than what stands there.

StackStorm's reader keeps the last of two equal keys and says nothing. Nothing of a file's text is ever part of an error
or a warning but names of keys and scalars outside of secret fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Set, Tuple

import yaml

from ..names import shown
from ..secrets import is_secret, redact

Place = Tuple[str, ...]

# A config of a thousand applications has about a tenth of these.
_MAX_BYTES = 2_000_000
_MAX_NODES = 200_000
_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_BOOL, _NULL, _DATE = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"
# Written like this, a scalar means to everybody what it means to YAML 1.1.
_PLAIN: Mapping[str, str] = {
    _INT: r"0|-?[1-9][0-9]*",
    _FLOAT: r"-?(0|[1-9][0-9]*)\.([0-9]*[1-9]|0)",
    _BOOL: r"true|false|True|False|TRUE|FALSE",
    _NULL: r"|null|Null|NULL",
    _DATE: r"(?!)",
}
_MEANING: Mapping[str, str] = {
    _INT: "the number",
    _FLOAT: "the number",
    _BOOL: "the answer",
    _NULL: "nothing",
    _DATE: "a date",
}


@dataclass(frozen=True)
class Note:
    """Something to be said of a line of the file; 0 is the file as a whole."""

    line: int
    text: str


class UnreadableFile(Exception):
    """A file that is no config at all: it cannot be read, is not YAML, or is no mapping."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.note = Note(line, text)


@dataclass
class ConfigFile:
    """What stands in a file: the config as StackStorm would read it, and what is wrong or doubtful with its text.

    `lines` has the line of each key, by its place as complaints write it (`environments.uat.rooms[0]`).
    """

    config: Dict[str, Any] = field(default_factory=dict)
    lines: Dict[str, int] = field(default_factory=dict)
    duplicates: List[Note] = field(default_factory=list)
    warnings: List[Note] = field(default_factory=list)

    def line_of(self, complaint: str) -> int:
        """The line that a complaint is about: that of the key that it begins with, or of the nearest one around it."""
        place = max((one for one in self.lines if complaint.startswith(f"{one}: ")), key=len, default="")
        while not place:
            shorter = re.match(r"(?s)(.+)[.\[][^.\[]*\Z", complaint.partition(": ")[0])
            if shorter is None:
                return 0
            complaint = f"{shorter.group(1)}: "
            place = shorter.group(1) if shorter.group(1) in self.lines else ""
        return self.lines[place]


def read_config_file(path: Path) -> ConfigFile:
    """The config in a file. Raises UnreadableFile, whose text holds nothing of the file's."""
    try:
        with path.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(0, f"the file cannot be read: {error.strerror or type(error).__name__}") from None
    if len(data) > _MAX_BYTES:
        raise UnreadableFile(0, f"the file is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        loader = yaml.SafeLoader(data)
        root = loader.get_single_node()
        if root is None:
            return ConfigFile()
        if not isinstance(root, yaml.MappingNode):
            raise UnreadableFile(root.start_mark.line + 1, "expected a mapping of keys at the top")
        found = ConfigFile()
        _Walk(loader, found).mapping(root, (), "")
        found.config = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _not_yaml(error) from None
    except RecursionError:
        raise UnreadableFile(0, "something in the file is a part of itself, or nested too deep") from None
    return found


class _Walk:
    """Goes once through the nodes of a document, in the order of the file."""

    def __init__(self, loader: Any, found: ConfigFile) -> None:
        self._loader = loader
        self._found = found
        self._count = 0
        self._above: Set[int] = set()

    def mapping(self, node: Any, place: Place, shown_place: str) -> None:
        self._enter(node)
        seen: Dict[Any, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                # What is merged gives way to the keys beside it; so it hides no rule.
                for one in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    if isinstance(one, yaml.MappingNode):
                        self.mapping(one, place, shown_place)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise UnreadableFile(line, f"{shown_place or 'the top'}: expected keys that are texts")
            name = key_node.value
            # As the config has it once it is read: `yes` and `true` are one key.
            value = _constructed(self._loader, key_node)
            inner = f"{shown_place}.{value}".lstrip(".")
            if value in seen:
                first = f"line {seen[value]}"
                self._found.duplicates.append(
                    Note(line, f"{inner}: this key stands there twice, first in {first}; only one of them would count")
                )
            seen[value] = line
            self._found.lines[inner] = line
            self._warn(key_node, f"{shown_place}.{name}".lstrip("."), hidden=False)
            self._value(value_node, (*place, str(value)), inner)
        self._above.discard(id(node))

    def _value(self, node: Any, place: Place, shown_place: str) -> None:
        if isinstance(node, yaml.MappingNode):
            self.mapping(node, place, shown_place)
        elif isinstance(node, yaml.SequenceNode):
            self._enter(node)
            for number, item in enumerate(node.value):
                inner = f"{shown_place}[{number}]"
                self._found.lines[inner] = item.start_mark.line + 1
                self._value(item, place, inner)
            self._above.discard(id(node))
        else:
            self._warn(node, shown_place, hidden=is_secret(place))

    def _enter(self, node: Any) -> None:
        self._count += 1
        if self._count > _MAX_NODES:
            raise UnreadableFile(0, "the file repeats parts of itself without end")
        if id(node) in self._above:
            raise UnreadableFile(node.start_mark.line + 1, "something here is a part of itself")
        self._above.add(id(node))

    def _warn(self, node: Any, place: str, hidden: bool) -> None:
        """Note a scalar without quotes of which YAML makes something else than what stands there."""
        self._count += 1
        if node.style is not None or node.tag not in _PLAIN or re.fullmatch(_PLAIN[node.tag], node.value):
            return
        value = _constructed(self._loader, node)
        meaning = _MEANING[node.tag]
        if node.tag not in (_NULL, _DATE):
            meaning += f" {str(value).lower()}"
        what = "what is there" if hidden else shown(redact(node.value))
        told = "something else" if hidden else meaning
        self._found.warnings.append(
            Note(
                node.start_mark.line + 1,
                f"{place}: YAML reads {what} without quotes as {told}; put quotes around a text",
            )
        )


def _constructed(loader: Any, node: Any) -> Any:
    try:
        return loader.construct_object(node)
    except ValueError:
        # 2026-13-01 and the like.
        raise UnreadableFile(
            node.start_mark.line + 1, "there is no such date or number; put quotes around a text"
        ) from None


def _not_yaml(error: yaml.YAMLError) -> UnreadableFile:
    """What is wrong, without the lines of the file that PyYAML quotes in its own message: they may hold secrets."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = re.sub(r"'[^']*'|\"[^\"]*\"", "…", str(getattr(error, "problem", "") or "")).splitlines()
    what = f" ({problem[0]})" if problem else ""
    if isinstance(error, yaml.reader.ReaderError):
        return UnreadableFile(0, "the file is not YAML: it holds characters that are no text in UTF-8")
    return UnreadableFile(
        mark.line + 1 if mark else 0,
        f"the file is not YAML{what}; texts that hold `: ` or ` #`, or begin with one of * & ! % @ ` {{ [, need quotes",
    )
