"""The recipes of docs/extending*.md work: their blocks are applied to a copy of the pack, and the
tests that the recipes end with pass there, as do those of the house.

All recipes go into one copy, whose tests run once: starting pytest for each of them took ten times
as long as their tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COPIED = ("actions", "aliases", "console", "docs", "rbac", "relays", "rules", "policies", "tests")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "node_modules")

# A line that says what the block below it is, and the block.
_STEP = re.compile(
    r"^(?:New file `(?P<file>[^`]+)`|In `(?P<into>[^`]+)`, after (?P<ticks>`{1,2})(?P<after>.+?)"
    r"(?P=ticks)|(?P<run>Run)):\n\n```\w+\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Recipe(NamedTuple):
    """A section of a page: its heading and its text."""

    page: str
    heading: str
    text: str


# What the house asks of everything that the recipes add.
HOUSE = (
    "pack/test_metadata.py",
    "pack/test_rbac_files.py",
    "project/test_reference.py::"
    "test_every_reason_code_is_explained_once_and_none_that_does_not_exist",
    "project/test_reference.py::test_every_form_of_every_command_is_on_the_page_of_commands",
    "project/test_reference.py::test_the_example_of_each_form_is_that_command_and_no_other",
    "project/test_reference.py::test_the_reference_is_what_would_be_written_today",
    "unit/db/test_store.py::test_head_is_the_newest_migration",
    "unit/commands/test_admission.py::test_what_only_reads_and_what_alerts_is_listed_here",
)


def recipes() -> List[Recipe]:
    """All recipes of the pages."""
    heading = re.compile(r"^## (Add a [^\n]*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    return [
        Recipe(page.name, *found.groups())
        for page in sorted(DOCS.glob("extending*.md"))
        for found in heading.finditer(page.read_text("utf-8"))
    ]


def copied_to(pack: Path) -> Path:
    """A copy of the pack to change."""
    for name in COPIED:
        shutil.copytree(ROOT / name, pack / name, ignore=_NOT_COPIED)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, pack / path.name)
    (pack / ".venv" / "bin").mkdir(parents=True)
    python = pack / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return pack


def environ(pack: Path) -> Dict[str, str]:
    """This process's environment, with the copy in place of the checkout."""
    path = os.pathsep.join(str(pack / one) for one in ("actions/lib", "actions", ".", "tests"))
    return {**os.environ, "PYTHONPATH": path}


def follow(recipe: Recipe, pack: Path) -> List[str]:
    """Apply every block of a recipe. The test files that it made."""
    made = []
    assert recipe.text.count("```") == 2 * len(_STEP.findall(recipe.text)), (
        f"{recipe.page}, {recipe.heading}: a block has no line that says what it is"
    )
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
    assert made, f"{recipe.heading} ends with no test"
    return made


def test_the_recipes_work_and_pass_their_own_tests_and_those_of_the_house(tmp_path: Path) -> None:
    pack = copied_to(tmp_path)
    followed = recipes()
    assert len(followed) == 6
    own = [file for recipe in followed for file in follow(recipe, pack)]
    house = [f"tests/{one}" for one in HOUSE]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *own, *house],
        cwd=pack,
        env=environ(pack),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
