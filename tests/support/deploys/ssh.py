"""Deployments through SSH in tests: a script that writes what it brings, and waits where a test
wants it to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from opsroom.deploys import REGISTRY, Resolved, Target
from support.deploys.jobs import Notes
from support.options import read_options
from support.servers.sshd import Hosts
from support.waiting import alive, until

TARGET = Target("web", "uat")
_LIBRARY = str(Path(__file__).resolve().parents[3] / "actions" / "lib")

# $1 the version, $2 the folder of the host. It writes that it began, waits while there is a file
# `wait`, and ends as the file `status` says.
_SCRIPT = """
echo $$ >>"$2/begun"
echo "unpacking $1"
while [ -e "$2/wait" ]; do sleep 0.05; done
[ ! -e "$2/status" ] || { echo "no space left"; exit "$(cat "$2/status")"; }
echo "$1" >"$2/version"
"""
# A runner of its own: what it writes down is kept in a file.
_RUNNER = """
import json, sys
sys.path[:0] = [{library!r}, {tests!r}]
from support.deploys.ssh import World, deployer_of
from support.deploys.jobs import Notes
raw, path, version, before = json.load(sys.stdin)
class Job(Notes):
    def keep(self, name, value):
        super().keep(name, value)
        with open(path + ".new", "w") as file:
            json.dump(self.handles, file)
        import os
        os.replace(path + ".new", path)
made = deployer_of(raw)
job = Job()
job.before = before
made.deploy(made.resolve(version), job)
"""


def options_of(raw: Dict[str, Any], kind: str = "ssh") -> Tuple[Any, List[str]]:
    """The options of a deployment, and what is wrong with them."""
    return read_options(REGISTRY, kind, raw, "apps.web.deploy")


def deployer_of(raw: Dict[str, Any]) -> Any:
    """The deployer of a config that is right."""
    options, lines = options_of(raw)
    assert lines == []
    return REGISTRY.make("ssh", options, target=TARGET)


class World:
    """The hosts, what is on them, and a config by which one deploys there."""

    def __init__(self, hosts: Hosts, folder: Path) -> None:
        self.hosts = hosts
        self.folder = folder
        self.raw = hosts.access(
            command=["sh", "-c", _SCRIPT, "deploy", "{version}", f"{folder}/{{host}}"],
            folder=str(folder / "state"),
            # A test that fails must not wait for long.
            time_limit=60,
        )
        for name in hosts.names:
            (folder / name).mkdir()

    def deploy(self, version: str = "v1", job: Optional[Notes] = None, **raw: Any) -> Notes:
        """Deploy to the end, or raise."""
        job = job or Notes()
        made = deployer_of({**self.raw, **raw})
        made.deploy(Resolved(version, version), job)
        return job

    def cancel_left(self, job: Notes) -> Any:
        """What became of what was left."""
        return deployer_of(self.raw).cancel_left(job)

    def versions(self) -> List[str]:
        """What is on each host, empty for nothing."""
        paths = [self.folder / name / "version" for name in self.hosts.names]
        return [path.read_text().strip() if path.exists() else "" for path in paths]

    def begun(self, name: str) -> List[int]:
        """The processes of the script that have begun on a host."""
        path = self.folder / name / "begun"
        return [int(one) for one in path.read_text().split()] if path.exists() else []

    def ended(self, name: str) -> bool:
        """Whether a command has left its status on a host."""
        return bool(list((self.folder / "state").glob(f"*-{name}/rc")))

    def hold(self, *names: str) -> None:
        """Make the script wait on these hosts."""
        for name in names:
            (self.folder / name / "wait").touch()

    def let_go(self, *names: str) -> None:
        """Let it continue."""
        for name in names:
            (self.folder / name / "wait").unlink()

    def fail(self, name: str, status: int = 3) -> None:
        """Make the script end with this status on a host."""
        (self.folder / name / "status").write_text(str(status))

    def killed_runner(self, version: str, at: str, before: str = "") -> Notes:
        """A runner of its own that is killed while the script runs on the host `at`; what it wrote
        down."""
        self.hold(at)
        path = self.folder / "checkpoint"
        tests = str(Path(__file__).resolve().parents[2])
        code = _RUNNER.format(library=_LIBRARY, tests=tests)
        runner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
        assert runner.stdin is not None
        runner.stdin.write(json.dumps([self.raw, str(path), version, before]).encode())
        runner.stdin.close()
        until(lambda: self.begun(at) or runner.poll() is not None, f"the script on {at}")
        runner.kill()
        runner.wait()
        job = Notes()
        job.deployment = "d2"
        job.handles = json.loads(path.read_text())
        return job

    def end(self) -> None:
        """Kill what still runs."""
        for name in self.hosts.names:
            for pid in self.begun(name):
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
