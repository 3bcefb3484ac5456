"""Reading a config file as YAML: with the line of every key, without duplicates, and with a warning
wherever YAML reads something other than what the file shows.

The file is read as StackStorm reads it (UTF-8, by libyaml where it is installed), except that
StackStorm silently keeps the last of two equal keys. Errors and warnings quote nothing of the file
but names of keys, and scalars outside of secret fields.
"""

from __future__ import annotations

import re
from dataclasses import field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Set, Tuple

import yaml

from ..names import shown
from ..secrets import is_secret, redact
from ..structs import dataclass

Place = Tuple[str, ...]

# A config of a thousand applications has about a tenth of these.
_MAX_BYTES = 2_000_000
_MAX_NODES = 200_000
# The deepest key of a config is at the ninth level, and JSON for an action may go on below.
_MAX_DEPTH = 100
# Larger numbers are kept by no database of StackStorm's.
_MAX_INT = 2**63
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_BOOL, _NULL, _DATE = (
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:null",
    "tag:yaml.org,2002:timestamp",
)
_MERGE = "tag:yaml.org,2002:merge"
_TYPOGRAPHIC_QUOTES = ("“", "”", "„", "‘", "’", "«", "»")
# Written like this, a scalar means to everyone what it means to YAML 1.1.
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
    _BOOL: "",
    _NULL: "nothing",
    _DATE: "a date",
}


@dataclass(frozen=True)
class Note:
    """Something to be said of a line of the file; 0 is the file as a whole."""

    line: int
    text: str


_NOT_UTF8 = "the file is not YAML: it has characters that are not text in UTF-8"
_NO_SUCH_VALUE = "there is no such date, number or answer; put quotes around a text"
# What PyYAML raises for `2026-13-01`, `!!int x`, `!!bool x` and `!!timestamp x`.
_NO_VALUE = (ValueError, KeyError, AttributeError, TypeError)


class UnreadableFile(Exception):
    """A file that is no config at all: it cannot be read, is not YAML, or is no mapping."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.note = Note(line, text)


@dataclass
class ConfigFile:
    """What is in a file: the config as StackStorm would read it, and what is wrong or doubtful
    with its text.

    `lines` has the line of each key, by its place as complaints write it
    (`environments.uat.rooms[0]`).
    """

    config: Dict[str, Any] = field(default_factory=dict)
    lines: Dict[str, int] = field(default_factory=dict)
    duplicates: List[Note] = field(default_factory=list)
    warnings: List[Note] = field(default_factory=list)

    def place_of(self, complaint: str) -> str:
        """The key that a complaint begins with; one that the file does not have ends at the first
        colon."""
        ends = (found.start() for found in re.finditer(": ", complaint))
        known = (complaint[:end] for end in ends if complaint[:end] in self.lines)
        return max(known, key=len, default=complaint.partition(": ")[0])

    def line_of(self, complaint: str) -> int:
        """The line that a complaint is about: that of the key that it begins with, or of the
        nearest one around it."""
        place = self.place_of(complaint)
        place = place if place in self.lines else ""
        while not place:
            shorter = re.match(r"(?s)(.+)[.\[][^.\[]*\Z", complaint.partition(": ")[0])
            if shorter is None:
                return 0
            complaint = f"{shorter.group(1)}: "
            place = shorter.group(1) if shorter.group(1) in self.lines else ""
        return self.lines[place]


def is_within(place: str, other: str) -> bool:
    """Whether one place of a config is another one, or below it."""
    return place == other or place.startswith((f"{other}.", f"{other}["))


def read_config_file(path: Path) -> ConfigFile:
    """The config in a file. Raises UnreadableFile, whose text holds nothing of the file's."""
    try:
        with path.open("rb") as opened:
            data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(
            0, f"the file cannot be read: {error.strerror or type(error).__name__}"
        ) from None
    if len(data) > _MAX_BYTES:
        raise UnreadableFile(0, f"the file is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableFile(0, _NOT_UTF8) from None
    try:
        _check_depth(text)
        loader = _LOADER(text)
        root = loader.get_single_node()
        if root is None:
            return ConfigFile()
        if not isinstance(root, yaml.MappingNode):
            raise UnreadableFile(root.start_mark.line + 1, "expected a mapping of keys at the top")
        found = ConfigFile()
        _Walk(loader, found).mapping(root, (), "")
        found.config = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise _not_yaml(error, text) from None
    except _NO_VALUE:
        raise UnreadableFile(0, _NO_SUCH_VALUE) from None
    except RecursionError:
        raise UnreadableFile(
            0, "something in the file is a part of itself, or nested too deep"
        ) from None
    return found


def _check_depth(text: str) -> None:
    """Raise UnreadableFile for a text that is nested too deep.

    Up to version 6.0.3 PyYAML lets libyaml compose any depth, and 30,000 brackets end the process.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise UnreadableFile(line, f"something here is nested over {_MAX_DEPTH} levels deep")


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
        merged = [pair for pair in node.value if pair[0].tag == _MERGE]
        for number, (key_node, value_node) in enumerate(merged):
            line = key_node.start_mark.line + 1
            if number:
                self._duplicate(
                    f"{shown_place}.<<".lstrip("."), line, merged[0][0].start_mark.line + 1
                )
            # What is merged gives way to the keys beside it; so it hides no rule, and its lines are
            # those of the rest.
            for one in (
                value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            ):
                if isinstance(one, yaml.MappingNode):
                    self.mapping(one, place, shown_place)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _MERGE:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise UnreadableFile(
                    line, f"{shown_place or 'the top'}: expected keys that are texts"
                )
            name = key_node.value
            # As the config has it once it is read: `yes` and `true` are one key.
            value = _constructed(self._loader, key_node)
            inner = f"{shown_place}.{value}".lstrip(".")
            if value in seen:
                self._duplicate(inner, line, seen[value])
            seen[value] = line
            self._found.lines[inner] = line
            self._warn(key_node, f"{shown_place}.{name}".lstrip("."), hidden=False)
            self._value(value_node, (*place, str(value)), inner)
        self._above.discard(id(node))

    def _duplicate(self, place: str, line: int, first: int) -> None:
        what = f"this key appears twice, first in line {first}; only one of them would count"
        self._found.duplicates.append(Note(line, f"{place}: {what}"))

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
        """Note a scalar without quotes of which YAML makes something else than what stands
        there."""
        self._count += 1
        if not node.style and node.value.startswith(_TYPOGRAPHIC_QUOTES):
            text = f"{place}: the typographic quotes are part of the text; write \" or ' for quotes"
            self._found.warnings.append(Note(node.start_mark.line + 1, text))
        # Without quotes the style is empty (libyaml) or None.
        if node.style or node.tag not in _PLAIN:
            return
        if node.tag == _INT:
            _constructed(self._loader, node)
        if re.fullmatch(_PLAIN[node.tag], node.value):
            return
        value = _constructed(self._loader, node)
        meaning = _MEANING[node.tag]
        if node.tag not in (_NULL, _DATE):
            meaning = f"{meaning} {str(value).lower()}".lstrip()
        what = "what is there" if hidden else shown(redact(node.value))
        other = "something else" if hidden else meaning
        self._found.warnings.append(
            Note(
                node.start_mark.line + 1,
                f"{place}: YAML reads {what} without quotes as {other}; put quotes around a text",
            )
        )


def _constructed(loader: Any, node: Any) -> Any:
    try:
        value = loader.construct_object(node)
    except _NO_VALUE:
        raise UnreadableFile(node.start_mark.line + 1, _NO_SUCH_VALUE) from None
    if isinstance(value, int) and not -_MAX_INT <= value < _MAX_INT:
        what = "StackStorm cannot keep a number as large as this one; put quotes around a text"
        raise UnreadableFile(node.start_mark.line + 1, what)
    return value


def _not_yaml(error: yaml.YAMLError, text: str) -> UnreadableFile:
    """What is wrong, without the lines of the file that PyYAML quotes in its own message: they may
    hold secrets."""
    if isinstance(error, yaml.reader.ReaderError):
        return UnreadableFile(0, "the file is not YAML: it has control characters")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    lines = text.rstrip("\n").split("\n")
    # What is missing at the end is missing in the last line.
    line = min(mark.line + 1, len(lines)) if mark else 0
    problem = str(getattr(error, "problem", "") or "")
    if "another document" in problem:
        return UnreadableFile(
            line,
            "a second document begins here; a config is one document, without `---` in between",
        )
    if mark and "\t" in lines[line - 1][: mark.column + 1]:
        return UnreadableFile(
            line, "the file is not YAML: there is a tab here, and YAML is indented with blanks"
        )
    # Behind a colon, and in quotes, is what was found.
    problem = re.sub(r"'[^']*'|\"[^\"]*\"", "…", problem).partition(": ")[0].partition("\n")[0]
    what = f" ({problem})" if problem else ""
    return UnreadableFile(line, f"the file is not YAML{what}; {_remedy(error)}")


def _remedy(error: yaml.YAMLError) -> str:
    """What is most likely wrong, by the words of PyYAML or of libyaml."""
    problem, context = (str(getattr(error, name, "") or "") for name in ("problem", "context"))
    if "quoted scalar" in context:
        return "a quote is not closed"
    if "expected <block end>" in problem or "expected key" in problem:
        return "indent the line as its neighbours, and look for a quote that is not closed above"
    if "',' or" in problem:
        return (
            "look for a bracket, brace or quote that is not closed, and put quotes around "
            "texts that hold `: `"
        )
    return "texts that hold `: ` or ` #`, or begin with one of * & ! % @ ` { [, need quotes"
