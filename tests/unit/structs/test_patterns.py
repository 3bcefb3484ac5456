"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest

from opsroom.structs import patterns
from opsroom.structs.patterns import lazy_pattern

LIBRARY = Path(patterns.__file__).resolve().parents[1]


def _modules() -> Iterator[Tuple[str, ast.Module]]:
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
        if "migrations" not in parts and "__main__" not in parts:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, ast.parse(path.read_text("utf-8"))


def _patterns_in(value: Any, depth: int = 3) -> Iterator[Any]:
    if isinstance(value, patterns._LazyPattern):
        yield value
    elif depth and isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _patterns_in(one, depth - 1)
    elif depth and hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        yield from _patterns_in(vars(value), depth - 1)


def _calls_on_import(node: ast.AST, name: str) -> Iterator[ast.Call]:
    """The calls of a function in a module, but not those inside of its functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.Call) and ast.unparse(child.func) == name:
            yield child
        yield from _calls_on_import(child, name)


def test_it_does_what_the_compiled_expression_does() -> None:
    lazy, compiled = lazy_pattern(r"(?P<n>\d+)", re.IGNORECASE), re.compile(r"(?P<n>\d+)", re.I)
    assert lazy.pattern == compiled.pattern
    assert (lazy.flags, lazy.groups, lazy.groupindex) == (
        compiled.flags,
        compiled.groups,
        compiled.groupindex,
    )
    for text in ("a1b22", "7", "none"):
        assert [one.span() for one in lazy.finditer(text)] == [
            one.span() for one in compiled.finditer(text)
        ]
        assert bool(lazy.match(text)) is bool(compiled.match(text))
        assert bool(lazy.fullmatch(text)) is bool(compiled.fullmatch(text))
        assert lazy.sub("x", text) == compiled.sub("x", text)
        assert lazy.split(text) == compiled.split(text)
    assert lazy_pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_it_is_compiled_once_and_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: List[str] = []
    compile = re.compile

    def counted(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return compile(text, flags)

    monkeypatch.setattr(patterns.re, "compile", counted)
    lazy = lazy_pattern("a+")
    assert (lazy.pattern, repr(lazy), compiled) == ("a+", "lazy_pattern('a+', 0)", [])
    assert [lazy.sub("b", text) for text in ("a", "aa")] == ["b", "b"]
    assert compiled == ["a+"]


def test_an_attribute_that_no_expression_has_is_an_error() -> None:
    for name in ("nonsense", "_nonsense"):
        with pytest.raises(AttributeError):
            getattr(lazy_pattern("a"), name)


def test_every_expression_of_the_library_is_one() -> None:
    for name, tree in _modules():
        calls = sum(1 for _ in _calls_on_import(tree, "lazy_pattern"))
        if calls:
            own = list(vars(importlib.import_module(name)).values())
            found = {id(one): one for one in _patterns_in(own, 4)}
            assert len(found) >= calls, name
            assert all(one.groups >= 0 for one in found.values())


def test_no_module_of_the_library_compiles_an_expression_on_import() -> None:
    compiling = [name for name, tree in _modules() if any(_calls_on_import(tree, "re.compile"))]
    assert compiling == []
