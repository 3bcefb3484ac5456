"""What the readers of the config declare by reading it: every key with its type, default and
limits.

The readers run on a mapping that notes what they ask for, so that nothing is declared twice. The
meaning of a key is in the docstring of the function that reads it, one line for each:

- `keep` (a number; default 5): how many releases stay.

What is in the brackets takes the place of what the reader asks for; both parts may be left out.
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from opsroom.config.fields import REQUIRED, Fields
from opsroom.config.problems import Problems

# What stands for a name that people choose, in the place of a key.
ANY = "NAME"
_LIBRARY = "opsroom"
_ENTRY = re.compile(
    r"^- `(?P<key>[\w.]+)`(?:\s\((?P<given>[^)]*)\))?:\s(?P<meaning>.*?)(?=^- |^$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_FILLED = re.compile(r"\{zzz\} is not filled in here[^;]*; known: (.*)")
# Texts in which a reader may find an unknown placeholder, whatever else it wants of the value.
_PROBES = (
    "{zzz}", "/{zzz}", "https://a.example.com/{zzz}", "https://a.example.com/{zzz}:{version}",
    "deployment/{zzz}", "a.example.com/{zzz}:{version}", "{zzz}{version}", "a.yml{zzz}",
)  # fmt: skip
# A year: what a length of time may be where the reader gives no other end.
_YEAR = 86400.0 * 366


@dataclass(frozen=True)
class Key:
    """A key of the config: its path with `ANY` for names, and what its reader says of it. `default`
    is as people write it, empty without one."""

    path: Tuple[str, ...]
    type: str = ""
    default: str = ""
    required: bool = False
    meaning: str = ""
    # Whether the reader says what it expects, and whether it takes the value also as it is: where a
    # key is looked at before it is read, it need not be there.
    checked: bool = True
    looked_at: bool = False

    @property
    def name(self) -> str:
        return self.path[-1]


class Noting(Fields):
    """A mapping of the config that notes each key that is asked for."""

    def __init__(
        self, raw: Any, path: str, place: Tuple[str, ...], found: Dict[Tuple[str, ...], Key]
    ) -> None:
        super().__init__(raw, path, Problems())
        self._place = place
        self._found = found

    def text(
        self, name: str, default: Any = REQUIRED, choices: Any = (), *rest: Any, **more: Any
    ) -> str:
        called = inspect.signature(Fields.text).bind(self, name, default, choices, *rest, **more)
        expected = called.arguments.get("expected", "")
        sort = one_of(choices) if choices else _without_article(expected) or "text"
        self._note(name, sort, default)
        return super().text(name, default, choices, *rest, **more)

    def whole_number(
        self, name: str, default: Any = REQUIRED, minimum: int = 0, maximum: Optional[int] = None
    ) -> int:
        limits = f"{minimum} or more" if maximum is None else f"{minimum} to {maximum}"
        self._note(name, f"number, {limits}", default)
        return super().whole_number(name, default, minimum, maximum)

    def flag(self, name: str, default: Any = REQUIRED) -> bool:
        self._note(name, "true or false", default)
        return super().flag(name, default)

    def seconds(
        self, name: str, default: Any = REQUIRED, minimum: float = 0.0, maximum: float = _YEAR
    ) -> float:
        least, most = short(minimum), short(maximum)
        limits = f", {least} or more" if minimum else ""
        if maximum < _YEAR:
            limits = f", {least} to {most}" if minimum else f", up to {most}"
        wanted = default if default is REQUIRED else short(default) if default >= 0 else ""
        self._note(name, f"length of time{limits}", wanted)
        return super().seconds(name, default, minimum, maximum)

    def texts(
        self, name: str, default: Any = REQUIRED, expected: str = "a list of texts"
    ) -> Tuple[str, ...]:
        self._note(name, _without_article(expected), default)
        return super().texts(name, default, expected)

    def text_map(self, name: str, hidden: bool = False) -> Mapping[str, str]:
        self._note(name, "mapping of texts", "")
        return Fields(self._raw, self.path, self.problems).text_map(name, hidden)

    def inside(self, name: str) -> Fields:
        self._note(name, "mapping", "")
        super().inside(name)
        return self._child(self._raw.get(name), self.key(name), (name,))

    def each(self, name: str) -> Iterator[Tuple[str, Fields]]:
        self._note(name, "mapping", "")
        inner = super().inside(name)
        for key in inner.names():
            yield key, self._child(inner._raw.get(key), inner.key(key), (name, ANY))

    def each_of(self, name: str) -> Iterator[Fields]:
        self._note(name, "list of mappings", "")
        for number, one in enumerate(super().each_of(name)):
            yield self._child(one._raw, f"{self.key(name)}[{number}]", (name,))

    def holds(self, name: str) -> bool:
        # Rules that a config leaves out are read here, too.
        return True

    def raw(self, name: str) -> Any:
        self._note(name, "", "")
        return super().raw(name)

    def _child(self, raw: Any, path: str, below: Tuple[str, ...]) -> Noting:
        child = Noting(raw, path, (*self._place, *below), self._found)
        child.problems = self.problems
        return child

    def _note(self, name: str, sort: str, default: Any) -> None:
        given, meaning = self._documented(name)
        parts = [" ".join(one.split()) for one in given.split(";") if one.strip()]
        own = [one for one in parts if one.startswith(("default ", "required"))]
        checked = bool(sort)
        sort = "; ".join(one for one in parts if one not in own) or sort
        if own:
            default = "; ".join(one[8:] if one.startswith("default ") else one for one in own)
        required = default is REQUIRED
        new = Key(
            (*self._place, name), sort, shown(default), required, meaning, checked, not checked
        )
        known = self._found.get(new.path, new)
        better = known if (known.checked and known.type != "mapping") or not checked else new
        looked_at = known.looked_at or new.looked_at
        self._found[new.path] = replace(better, looked_at=looked_at)

    def _documented(self, name: str) -> Tuple[str, str]:
        """What is in the brackets, and the meaning, from the outermost function that holds this
        very mapping and documents the key."""
        found = ("", "")
        frame: Any = sys._getframe(2)
        while frame is not None:
            names = frame.f_code.co_consts
            if frame.f_globals.get("__name__", "").startswith(_LIBRARY) and any(
                value is self for value in frame.f_locals.values()
            ):
                text = names[0] if names and isinstance(names[0], str) else ""
                entry = entries(text).get(name)
                found = entry or found
            frame = frame.f_back
        return found


def entries(docstring: str) -> Dict[str, Tuple[str, str]]:
    """The keys that a docstring documents: what is in the brackets, and the meaning."""
    return {
        one["key"]: (
            " ".join((one["given"] or "").split()),
            " ".join(one["meaning"].split()).rstrip("."),
        )
        for one in _ENTRY.finditer(inspect.cleandoc(docstring))
    }


def introduction(docstring: Optional[str]) -> str:
    """The paragraphs of a docstring before its first key."""
    text = inspect.cleandoc(docstring or "")
    return re.split(r"^- `", text, maxsplit=1, flags=re.MULTILINE)[0].strip()


def keys_of_kind(registry: Any, kind: str, examples: Sequence[Mapping[str, Any]]) -> List[Key]:
    """The keys that a kind reads, from an empty mapping and from each of the examples."""
    found: Dict[Tuple[str, ...], Key] = {}
    for raw in ({}, *examples):
        given = {key: one for key, one in raw.items() if key != "kind"}
        registry.read_options(kind, Noting(given, "it", (), found))
    return [
        replace(key, type=f"{key.type}; may hold {places}") if places else key
        for key, places in (
            (key, _placeholders(registry, kind, key, examples)) for key in found.values()
        )
    ]


def _placeholders(registry: Any, kind: str, key: Key, examples: Sequence[Mapping[str, Any]]) -> str:
    """The placeholders that a key may hold, from the complaint about one that it may not."""
    for raw in (*examples, {}):
        for probe in _PROBES:
            for value in (probe, [probe], {"a": probe}, {"a": [probe]}):
                given = {one: item for one, item in raw.items() if one != "kind"}
                given = {**given, **_nested(key.path, value, given)}
                problems = Problems()
                registry.read_options(kind, Fields(given, "it", problems))
                for line in problems.lines:
                    complaint = _FILLED.search(line)
                    if complaint and line.startswith(f"it.{'.'.join(key.path)}"):
                        return re.sub(r"(\{\w+\})", r"`\1`", complaint.group(1))
    return ""


def _nested(path: Sequence[str], value: Any, given: Mapping[str, Any]) -> Dict[str, Any]:
    first, rest = path[0], path[1:]
    if not rest:
        return {first: value}
    inner = given.get(first)
    inner = inner if isinstance(inner, dict) else {}
    return {first: {**inner, **_nested(rest, value, inner)}}


def shown(default: Any) -> str:
    """A default as people write it; empty where there is none."""
    if default is REQUIRED or default is None or default == "" or default == () or default == {}:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (list, tuple)):
        return f"[{', '.join(map(str, default))}]"
    return str(default)


def short(seconds: float) -> str:
    """A length of time as the config has it: 90s, 5m, 2h, 1d."""
    for unit, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= unit and seconds % unit == 0:
            # One minute is as often written in seconds; both are read.
            return f"{seconds / unit:g}{letter}" if seconds > unit or unit > 60 else "60s"
    return f"{seconds:g}s"


def one_of(choices: Sequence[str]) -> str:
    named = [f"`{one}`" for one in choices]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _without_article(text: str) -> str:
    """What a reader expects as a type: without the example, which the meaning has."""
    return re.sub(r"^(?:an?|the) |,? such as [^,]*$", "", text)
