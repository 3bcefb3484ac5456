"""A real hubot with hubot-stackstorm and our script: installed from the registry once, started as
its documentation says.

hubot-stackstorm is on no registry: it comes from GitHub, or from the folder or archive that
`OPSROOM_TEST_HUBOT_STACKSTORM` names. Without node, npm or what is to be installed the test is
skipped, saying so.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

import pytest

from support.virtualenvs import home
from support.waiting import until
from support.worlds.world import ROOT

SCRIPT = ROOT / "relays" / "hubot"
SLACK = "@hubot-friends/hubot-slack@3.8.0"
_STACKSTORM = "github:StackStorm/hubot-stackstorm#6cfc93ba"
_TIMEOUT = 300
# Written when all is there; it holds why nothing could be installed, if so, which is tried again
# after so many seconds: without a network it takes a while, and each worker of the tests asks.
_DONE = "installed"
_AGAIN = 600
_OLD = 86400


def node() -> str:
    """The path of node. Skips the test where there is none, or one that is too old."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < 20:
        pytest.skip(f"node 20 is needed, and this is {version.strip()}")
    return found


def adapter_of_docs(name: str) -> str:
    """The file of that name which docs/chat.md has for an adapter."""
    page = (ROOT / "docs" / "chat.md").read_text("utf-8")
    found = re.search(rf"`{name}`.*?^```js\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


def installed(*packages: str, overrides: Optional[Mapping[str, str]] = None) -> Path:
    """The folder of a bot with these packages, hubot-stackstorm and our script.

    `overrides` are of what the packages need in turn, as npm knows them. The folder is kept beside
    the virtual environment, and used again until one of these changes.
    """
    node()
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    above = home().parent / "opsroom-hubot"
    archive = _stackstorm(npm, above)
    sources = [path for path in sorted(SCRIPT.rglob("*.*")) if "test" not in path.parts]
    texts = [f"{path}\n{path.read_text('utf-8')}" for path in sources]
    parts = [*packages, str(archive), repr(overrides or {}), *texts]

    def install(folder: Path) -> None:
        about = {
            "name": "bot",
            "private": True,
            "type": "module",
            "overrides": dict(overrides or {}),
        }
        (folder / "package.json").write_text(json.dumps(about))
        (folder / "external-scripts.json").write_text('["hubot-opsroom"]')
        script = "./" + _npm(npm, folder, "pack", "--loglevel=error", str(SCRIPT)).split("\n")[-1]
        quiet = ("--no-audit", "--no-fund", "--prefer-offline")
        _npm(npm, folder, "install", *quiet, *packages, str(archive), script)

    return _made(above, "bot", parts, install)


def _stackstorm(npm: str, above: Path) -> Path:
    """An archive of hubot-stackstorm."""
    source = os.environ.get("OPSROOM_TEST_HUBOT_STACKSTORM", _STACKSTORM)
    if os.path.isfile(source):
        return Path(source)

    def pack(folder: Path) -> None:
        _npm(npm, folder, "pack", "--loglevel=error", source)

    (archive,) = _made(above, "stackstorm", [source], pack).glob("*.tgz")
    return archive


def _made(above: Path, name: str, parts: Sequence[str], make: Callable[[Path], None]) -> Path:
    """A folder that `make` has filled, once for the same parts. Skips the test where it cannot."""
    above.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:12]
    folder = above / f"{name}-{digest}"
    done = folder / _DONE
    with (above / f"{name}-{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or (done.read_text() and _age(done) > _AGAIN):
            # What is older was made of another script; a younger one may be another checkout's.
            for old in above.glob(f"{name}-*/{_DONE}"):
                if _age(old) > _OLD:
                    shutil.rmtree(old.parent, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            done.write_text(_problem(make, folder))
        why = done.read_text()
    if why:
        pytest.skip(f"npm could not get {parts[0]} and what it needs: {why}")
    return folder


def _problem(make: Callable[[Path], None], folder: Path) -> str:
    """Why a folder could not be filled; empty when it was."""
    try:
        make(folder)
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or error.stdout).splitlines() if line.strip()]
        return lines[0][:200] if lines else "npm failed"
    except subprocess.TimeoutExpired:
        return "npm took too long"
    return ""


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime


def _npm(npm: str, folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [npm, *arguments, "--fetch-retries=0"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
    ).stdout.strip()


class Bot:
    """A hubot in that folder; `with Bot(folder, adapter, environment) as bot:`.

    `arguments` come before hubot's own program, for node; `adapter` are hubot's own: `-a NAME` or
    `-f FILE`.
    """

    def __init__(
        self,
        folder: Path,
        adapter: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        arguments: Sequence[str] = (),
        name: str = "opsbot",
    ) -> None:
        self._folder, self._log = folder, log
        self._command = [
            node(),
            *arguments,
            str(folder / "node_modules" / "hubot" / "bin" / "hubot"),
            *("--name", name, "--disable-httpd", *adapter),
        ]
        # Nothing of the tests' own: no token of an administrator.
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
        self._environment: Dict[str, str] = {**kept, **environment}
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._from = 0

    def __enter__(self) -> Bot:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def start(self, ready: bool = True) -> None:
        """Start it, and wait until it knows its commands and hears StackStorm."""
        self._from = len(self.log())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if ready:
            self.wait_for("commands are loaded")
            self.wait_for("the stream of StackStorm is open")

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)
            self._process = None

    def versions(self, *packages: str) -> Dict[str, str]:
        """Those that are installed of these packages."""
        modules = self._folder / "node_modules"
        texts = {one: (modules / one / "package.json").read_text("utf-8") for one in packages}
        return {one: str(json.loads(text)["version"]) for one, text in texts.items()}

    def log(self) -> List[str]:
        """What it logged since its first start, the messages alone."""
        if not self._log.exists():
            return []
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return [_message(line) for line in lines]

    def wait_for(self, text: str) -> None:
        """Wait until it logs that, since its last start."""

        def found() -> bool:
            lines = self.log()[self._from :]
            if any(text in line for line in lines):
                return True
            ended = self._process is not None and self._process.poll() is not None
            assert not ended, f"hubot ended: {lines[-8:]}"
            return False

        until(found, f"{text!r} in the log of hubot: {self.log()[-5:]}", 60)


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["msg"])
    except (ValueError, KeyError, TypeError):
        return line
