"""The house keeps its shape: which module may import which, and how large files and folders may be.

The graph is read from the sources, including imports inside functions and for types alone: a reader
who follows an arrow to understand a module follows those too.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "actions" / "lib" / "opsroom"
# From the ground up. A module may import what stands on its own floor or below.
FLOORS = (
    ("errors", "names", "text", "times", "people"),
    ("secrets", "deadline", "subprocesses", "expressions", "smtp", "grammar"),
    ("config", "registry", "templates", "db", "grants", "http", "stackstorm", "webhooks"),
    ("vendors",),
    ("policy", "records", "trackers", "pagers", "deploys", "versions"),
    ("audit",),
    ("commands",),
    ("action", "sensors", "check", "enrol"),
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


def _modules() -> Dict[str, Path]:
    """Module without `opsroom.` -> its file; migrations belong to Alembic and are left out."""
    found = {}
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(LIBRARY).with_suffix("").parts
        if "migrations" not in parts:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(module: str, path: Path, modules: Dict[str, Path]) -> Iterator[str]:
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [one.name.partition("opsroom.")[2] for one in node.names]
            yield from (name for name in names if name in modules)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            elif node.module and node.module.split(".")[0] == "opsroom":
                base = node.module.split(".")[1:]
            else:
                continue
            source = ".".join(part for part in base if part)
            for one in node.names:
                whole = f"{source}.{one.name}" if source else one.name
                target = whole if whole in modules else source
                if target in modules and target != module:
                    yield target


MODULES = _modules()
GRAPH = {module: set(_imports(module, path, MODULES)) for module, path in MODULES.items()}


def _cycles(graph: Dict[str, Set[str]]) -> List[List[str]]:
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


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_the_graph_is_read_from_the_sources() -> None:
    assert "errors" in GRAPH["names"]
    assert "commands.request" in GRAPH["commands.deployments.pipeline"]
    assert len(MODULES) > 150


def test_a_cycle_is_found_also_through_a_third_module() -> None:
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert _cycles({"a": {"b"}, "b": set()}) == []


def test_no_modules_import_each_other() -> None:
    assert _cycles(GRAPH) == []


def test_every_module_stands_on_a_floor() -> None:
    assert {module.split(".")[0] for module in MODULES if module} == set(FLOOR)


def test_no_import_points_up() -> None:
    wrong = [
        f"{module} -> {other}"
        for module, others in GRAPH.items()
        for other in others
        if module and other and FLOOR[other.split(".")[0]] > FLOOR[module.split(".")[0]]
    ]
    assert wrong == []


@pytest.mark.parametrize("part", sorted(STRANGERS))
def test_neighbours_that_do_not_know_each_other(part: str) -> None:
    wrong = [
        f"{module} -> {other}"
        for module, others in GRAPH.items()
        for other in others
        for stranger in STRANGERS[part]
        if module.split(".")[0] == part and f"{other}.".startswith(f"{stranger}.")
    ]
    assert wrong == []


def test_no_folder_is_too_full() -> None:
    counted = Counter(path.parent for path in MODULES.values())
    full = {
        str(folder.relative_to(LIBRARY)): count
        for folder, count in counted.items()
        if count > MAX_FILES
    }
    assert (full, counted[LIBRARY] <= MAX_ROOT) == ({}, True)


def test_no_file_is_too_long() -> None:
    lengths = {module: _lines(path) for module, path in MODULES.items()}
    assert {module: lines for module, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_small_file_serves_one_other_alone() -> None:
    """Use cases and decisions aside: an action is the user of the one, and the other is as short as
    its rule. The first file of a package is what the package is made of."""
    users = defaultdict(set)
    for module, others in GRAPH.items():
        for other in others:
            users[other].add(module)
    small = [
        (module, _lines(path))
        for module, path in MODULES.items()
        if len(users[module]) == 1
        and not module.startswith(("commands.", "policy."))
        and path.name != "__init__.py"
        and _lines(path) < MIN_LINES
    ]
    assert small == []


def test_only_one_module_imports_stackstorm_s_own_code() -> None:
    users: List[Tuple[str, str]] = []
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("st2common"):
                users.append((module, node.module or ""))
    assert [module for module, _ in users] == ["action"]
