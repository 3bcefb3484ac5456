"""findings/: each script has the form that its README promises. None is run here: they need the
package registries."""

from __future__ import annotations

import re
from pathlib import Path

from support.cases import cases

FINDINGS = Path(__file__).resolve().parents[2] / "findings"
HEAD = re.compile(
    r"#!/usr/bin/env bash\n"
    r"# Behaviour: .+\n(#   .+\n)*"
    r"# One would guess: .+\n(#   .+\n)*"
    r"# Seen: .+ \d{4}-\d\d-\d\d\."
)
SCRIPTS = sorted(path for path in FINDINGS.glob("*.sh") if path.name != "setup.sh")


@cases("script", SCRIPTS)
def test_a_finding_states_what_it_is_about(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert HEAD.match(text)
    packages = re.findall(r"^install (.+)$", text, re.MULTILINE)
    assert packages
    assert all("==" in package for line in packages for package in line.split())
    assert "opsroom" not in text, "a finding runs without opsroom"
    assert script.stat().st_mode & 0o111


def test_the_readme_lists_each_finding_once() -> None:
    readme = (FINDINGS / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\((.+?)\.sh\)", readme)) == [script.stem for script in SCRIPTS]
