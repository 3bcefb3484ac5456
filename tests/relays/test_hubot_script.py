"""The script for hubot, by the tests that come with it."""

from __future__ import annotations

import json
import re
import subprocess

from support.chat.hubot_bot import SCRIPT, node
from support.worlds.world import ROOT


def test_the_tests_of_the_script_pass() -> None:
    tests = sorted(str(path) for path in (SCRIPT / "test").glob("*.test.mjs"))
    done = subprocess.run(
        [node(), "--test", "--test-reporter=tap", *tests],
        cwd=SCRIPT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed, done.stdout[-1000:]
    assert int(passed[1]) >= 70


def test_the_script_is_of_the_version_of_the_pack() -> None:
    pack = (ROOT / "pack.yaml").read_text("utf-8")
    script = json.loads((SCRIPT / "package.json").read_text("utf-8"))
    assert f"\nversion: {script['version']}\n" in pack


def test_the_script_needs_nothing_from_a_registry() -> None:
    script = json.loads((SCRIPT / "package.json").read_text("utf-8"))
    assert not {"dependencies", "devDependencies", "peerDependencies"} & set(script)
    sources = [path.read_text("utf-8") for path in SCRIPT.rglob("*.mjs")]
    imported = {name for text in sources for name in re.findall(r" from '([^.'][^']*)'", text)}
    assert {name for name in imported if not name.startswith("node:")} == set()
