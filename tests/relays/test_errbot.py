"""opsroom's plugin for errbot, in a virtualenv of errbot's: the tests in the folder `errbot` run
there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from support.virtualenvs import python, site_packages, virtualenv
from support.worlds.world import ROOT

HERE = Path(__file__).parent / "errbot"
PLUGIN = ROOT / "relays" / "errbot" / "plugin"
FILES = sorted(one.name for one in HERE.glob("test_*.py"))


@pytest.fixture(scope="session")
def errbot() -> Path:
    return virtualenv("errbot", HERE / "requirements.txt")


@pytest.mark.parametrize("file", FILES)
def test_the_plugin_inside_errbot(errbot: Path, file: str, tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PLUGIN), str(site_packages(errbot) / "err-stackstorm")]),
        "PYTHONWARNINGS": "ignore",
    }
    environ.pop("PYTEST_ADDOPTS", None)
    command = [python(errbot), "-m", "pytest", "-q", "--confcutdir", str(HERE), "-c", os.devnull]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "inside"), file],
        cwd=HERE,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert re.search(r"\d+ passed", done.stdout), done.stdout


def test_the_plugin_has_the_version_of_the_pack() -> None:
    pack = re.search(r"^version: (\S+)$", (ROOT / "pack.yaml").read_text(), re.M)
    plugin = re.search(
        r'^VERSION = "(.+)"$', (PLUGIN / "opsroom_relay" / "__init__.py").read_text(), re.M
    )
    assert pack
    assert plugin
    assert plugin.group(1) == pack.group(1)
