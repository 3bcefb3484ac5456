"""The recipes of docs/extending*.md work: each of their blocks is applied to a copy of the pack,
and the tests that a recipe ends with pass there, as do those of the house."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COPIED = ("actions", "aliases", "console", "docs", "rbac", "rules", "policies", "tests")

# A line that says what the block below it is, and the block.
_STEP = re.compile(
    r"^(?:New file `(?P<file>[^`]+)`|In `(?P<into>[^`]+)`, after (?P<ticks>`{1,2})(?P<after>.+?)"
    r"(?P=ticks)|(?P<run>Run)):\n\n```\w+\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Recipe(NamedTuple):
    """A section of a page: its heading, the text, and which of the house's own tests it must pass:
    `only` narrows them as pytest's -k."""

    page: str
    heading: str
    house: List[str]
    only: str = ""

    @property
    def text(self) -> str:
        page = (DOCS / self.page).read_text("utf-8")
        found = re.search(
            rf"^## {re.escape(self.heading)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
        )
        assert found, f"{self.page} has no recipe {self.heading!r}"
        return found.group(1)


RECIPES = [
    Recipe("extending.md", "Add a version kind", []),
    Recipe("extending.md", "Add a deploy kind", []),
    Recipe(
        "extending.md",
        "Add a command",
        [
            "test_metadata.py",
            "test_rbac_files.py",
            "test_docs.py::test_every_reason_code_is_explained_once_and_none_that_does_not_exist",
            "test_docs.py::test_the_page_of_commands_has_every_command_of_the_aliases",
            "test_docs.py::test_the_page_of_commands_says_of_a_command_what_its_alias_says",
        ],
        # Not again what is asked of every other command.
        "test_apps or list_apps or reachable or leaves_records or Role or test_docs",
    ),
    Recipe(
        "extending.md",
        "Add a migration",
        ["test_store.py::test_head_is_the_newest_migration"],
        "test_notes or head",
    ),
    Recipe("extending-integrations.md", "Add a tracker", []),
    Recipe("extending-integrations.md", "Add a pager", []),
]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack to change."""
    copy = tmp_path / "opsroom"
    copy.mkdir()
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy / path.name)
    (copy / ".venv" / "bin").mkdir(parents=True)
    python = copy / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return copy


def environ(pack: Path) -> dict[str, str]:
    """This process's environment, with the copy in place of the checkout."""
    path = os.pathsep.join(str(pack / one) for one in ("actions/lib", "actions", ".", "tests"))
    return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def located(test: str, pack: Path) -> str:
    """`test_store.py::test_name` with the path of the file in front."""
    name, _, rest = test.partition("::")
    [path] = (pack / "tests").rglob(name)
    return f"{path.relative_to(pack)}{'::' if rest else ''}{rest}"


def follow(recipe: Recipe, pack: Path) -> List[str]:
    """Apply every block of a recipe. The test files that it made."""
    made = []
    for step in _STEP.finditer(recipe.text):
        if step["file"]:
            path = pack / step["file"]
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step["body"], "utf-8")
            if step["file"].startswith("tests/"):
                made.append(step["file"])
        elif step["into"]:
            path = pack / step["into"]
            lines = path.read_text("utf-8").splitlines(keepends=True)
            [at] = [
                number
                for number, line in enumerate(lines)
                if line.strip().startswith(step["after"].strip())
            ]
            path.write_text("".join([*lines[: at + 1], step["body"], *lines[at + 1 :]]), "utf-8")
        else:
            subprocess.run(["bash", "-euc", step["body"]], cwd=pack, env=environ(pack), check=True)
    return made


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.heading)
def test_a_recipe_works_and_passes_its_own_tests(recipe: Recipe, pack: Path) -> None:
    assert recipe.text.count("```") == 2 * len(_STEP.findall(recipe.text)), "a block has no line"
    own = follow(recipe, pack)
    assert own
    house = [located(one, pack) for one in recipe.house]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-k",
            recipe.only,
            *own,
            *house,
        ],
        cwd=pack,
        env=environ(pack),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_every_recipe_of_the_pages_is_followed() -> None:
    headings = [
        heading
        for page in sorted(DOCS.glob("extending*.md"))
        for heading in re.findall(r"^## (Add a .*)$", page.read_text("utf-8"), re.MULTILINE)
    ]
    assert sorted(headings) == sorted(recipe.heading for recipe in RECIPES)
