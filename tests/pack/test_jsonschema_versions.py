"""The pack means the same to the jsonschema of StackStorm 3.9 (3.2) as to that of 3.10 (4.26):
metadata, parameters and configs.

`make test` installs the older one beside the newer; the suite itself runs on the newer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from support.worlds.verdicts import Verdicts, verdicts

ROOT = Path(__file__).resolve().parents[2]
OLDER = ROOT / ".venv" / "jsonschema-3.2"


@pytest.fixture(scope="module")
def newer() -> Verdicts:
    return verdicts()


@pytest.fixture(scope="module")
def older() -> Verdicts:
    if not OLDER.is_dir():
        pytest.skip(f"there is no {OLDER.relative_to(ROOT)}: `make test` installs it")
    path = [OLDER, ROOT / "actions" / "lib", ROOT / "actions", ROOT, ROOT / "tests"]
    done = subprocess.run(
        [sys.executable, "-m", "support.worlds.verdicts"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_versions_are_compared(older: Verdicts, newer: Verdicts) -> None:
    assert older["version"] == "3.2.0"
    assert int(newer["version"].partition(".")[0]) >= 4


@pytest.mark.parametrize("what", ["config", "parameters", "schema"])
def test_both_versions_say_the_same_of_each(older: Verdicts, newer: Verdicts, what: str) -> None:
    assert older[what].keys() == newer[what].keys()
    differing = {
        name: (older[what][name], newer[what][name])
        for name in newer[what]
        if older[what][name] != newer[what][name]
    }
    assert differing == {}


def test_the_pack_is_right_and_wrong_values_are_seen(newer: Verdicts) -> None:
    assert newer["config"]["example"] == newer["config"]["largest"] == []
    assert [name for name, valid in newer["schema"].items() if not valid] == []
    # Were all of one kind, the two could not differ.
    counted = Counter(newer["parameters"].values())
    assert min(counted["taken"], counted["invalid_parameter"]) > 500
    assert all(found for name, found in newer["config"].items() if "unknown key at" in name)
