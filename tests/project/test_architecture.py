"""The house keeps its shape: which module may import which, and how large files and folders may be.

The graph is read from the sources, including imports inside functions and for types alone: a reader
who follows an arrow to understand a module follows those too.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import AbstractSet, Dict, FrozenSet, Iterator, List, Mapping

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "actions" / "lib" / "opsroom"
# From the ground up. A module may import what stands on its own floor or below.
FLOORS = (
    ("structs",),
    ("errors", "names", "text", "times", "people"),
    ("secrets", "deadline", "subprocesses", "expressions", "smtp", "grammar", "html"),
    ("config", "registry", "templates", "db", "grants", "http", "stackstorm", "webhooks"),
    ("vendors",),
    ("policy", "records", "trackers", "pagers", "deploys", "versions"),
    ("audit", "metrics", "archive"),
    ("commands",),
    ("action", "board", "sensors", "check", "enrol", "backup", "doctor"),
)
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}
# Providers of one sort do not know those of another, and a decision knows no provider.
STRANGERS = {
    "policy": {"trackers", "pagers", "deploys", "db", "http", "stackstorm"},
    "trackers": {"pagers", "deploys", "versions"},
    "pagers": {"trackers.trello", "trackers.jira", "trackers.github", "deploys", "versions"},
    "deploys": {"trackers", "pagers"},
    "versions": {"trackers", "pagers"},
    "records": {"trackers", "deploys"},
    "vendors": {"db"},
}
MAX_FILES, MAX_ROOT, MAX_LINES, MIN_LINES = 15, 13, 400, 60


@dataclass(frozen=True)
class Module:
    """A module of the library: its file, its length in lines, every name that it imports (absolute,
    with what it takes from there), and which modules of the library that makes."""

    path: Path
    lines: int
    names: FrozenSet[str]
    others: FrozenSet[str]


def _imported(node: ast.AST, package: List[str]) -> Iterator[str]:
    """The absolute names that an import statement of a module in that package names."""
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{source}.{one.name}" for one in node.names)


@lru_cache(maxsize=None)
def library() -> Dict[str, Module]:
    """The modules by their names without `opsroom.`; each file is parsed once. Migrations belong to
    Alembic and are left out."""
    files = {}
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(LIBRARY).with_suffix("").parts
        if "migrations" not in parts:
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found = {}
    for name, path in files.items():
        inside = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
        package = ["opsroom", *filter(None, inside)]
        text = path.read_text("utf-8")
        names = {one for node in ast.walk(ast.parse(text)) for one in _imported(node, package)}
        ours = {one.partition("opsroom.")[2] for one in names if one.startswith("opsroom.")}
        others = {one if one in files else one.rpartition(".")[0] for one in ours}
        found[name] = Module(
            path,
            len(text.splitlines()),
            frozenset(names),
            frozenset((others & set(files)) - {name}),
        )
    return found


def graph() -> Dict[str, FrozenSet[str]]:
    """Module -> the modules of the library that it imports."""
    return {name: module.others for name, module in library().items()}


def _cycles(graph: Mapping[str, AbstractSet[str]]) -> List[List[str]]:
    """The strongly connected parts of more than one module (Tarjan)."""
    index: Dict[str, int] = {}
    low: Dict[str, int] = {}
    stack: List[str] = []
    found: List[List[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            part = []
            while not part or part[-1] != module:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for module in sorted(graph):
        if module not in index:
            visit(module)
    return found


def test_the_graph_is_read_from_the_sources() -> None:
    assert "errors" in graph()["names"]
    assert "commands.request" in graph()["commands.deployments.pipeline"]
    assert len(library()) > 150


def test_a_cycle_is_found_also_through_a_third_module() -> None:
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert _cycles({"a": {"b"}, "b": set()}) == []


def test_no_modules_import_each_other() -> None:
    assert _cycles(graph()) == []


def test_every_module_stands_on_a_floor() -> None:
    assert {module.split(".")[0] for module in library() if module} == set(FLOOR)


def test_no_import_points_up() -> None:
    wrong = [
        f"{module} -> {other}"
        for module, others in graph().items()
        for other in others
        if module and other and FLOOR[other.split(".")[0]] > FLOOR[module.split(".")[0]]
    ]
    assert wrong == []


def test_neighbours_that_do_not_know_each_other() -> None:
    wrong = [
        f"{module} -> {other}"
        for module, others in graph().items()
        for other in others
        for stranger in STRANGERS.get(module.split(".")[0], ())
        if f"{other}.".startswith(f"{stranger}.")
    ]
    assert wrong == []


def test_no_folder_is_too_full() -> None:
    counted = Counter(module.path.parent for module in library().values())
    full = {
        str(folder.relative_to(LIBRARY)): count
        for folder, count in counted.items()
        if count > MAX_FILES
    }
    assert (full, counted[LIBRARY] <= MAX_ROOT) == ({}, True)


def test_no_file_is_too_long() -> None:
    lengths = {name: module.lines for name, module in library().items()}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_folder_of_tests_is_too_full() -> None:
    counted = Counter(path.parent for path in (ROOT / "tests").rglob("*.py"))
    full = {
        str(folder.relative_to(ROOT)): count
        for folder, count in counted.items()
        if count > MAX_FILES
    }
    assert full == {}


def test_no_small_file_serves_one_other_alone() -> None:
    """Use cases and decisions aside: an action is the user of the one, and the other is as short as
    its rule. The first file of a package is what the package is made of."""
    users = defaultdict(set)
    for name, others in graph().items():
        for other in others:
            users[other].add(name)
    small = [
        (name, module.lines)
        for name, module in library().items()
        if len(users[name]) == 1
        and not name.startswith(("commands.", "policy."))
        and module.path.name != "__init__.py"
        and module.lines < MIN_LINES
    ]
    assert small == []


def _users(package: str) -> List[str]:
    """The modules of the library that import a third-party package."""
    return [
        name
        for name, module in library().items()
        if any(f"{one}.".startswith(f"{package}.") for one in module.names)
    ]


def test_only_one_module_imports_stackstorm_s_own_code() -> None:
    assert _users("st2common") == ["action"]


def test_sqlalchemy_and_alembic_are_imported_to_migrate_and_for_nothing_else() -> None:
    assert _users("alembic") == ["db.migrate"]
    assert set(_users("sqlalchemy")) <= {"db.migrate"}
    # It is imported where a database is not at head.
    assert [name for name, others in graph().items() if "db.migrate" in others] == ["db.store"]
