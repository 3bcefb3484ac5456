"""Hosts for tests of SSH: several sshd of OpenSSH on 127.0.0.1, each with a host key of its own,
and a config of ssh in which they have names."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List

import pytest

from support.waiting import until

_SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
_NEEDED = "OpenSSH's server is not installed (apt-get install openssh-server)"


class Hosts:
    """`with Hosts(folder, 3) as hosts:` runs web1, web2 and web3. `hosts.access()` are the keys of
    the config by which they are reached.

    They share this machine's files and processes.
    """

    def __init__(self, folder: Path, count: int = 3) -> None:
        if not os.path.exists(_SSHD):
            pytest.skip(_NEEDED)
        self.folder = folder
        self.names = [f"web{number + 1}" for number in range(count)]
        self._ports = {name: _free_port() for name in self.names}
        self._running: Dict[str, subprocess.Popen[bytes]] = {}
        _key(folder / "user")
        self.allow(folder / "user.pub")
        for name in self.names:
            _key(folder / f"host-{name}")
        self.known_hosts = folder / "known_hosts"
        self.trust()
        self.config = folder / "config"
        self.config.write_text("".join(f"Host {one}\n{self._reached(one)}" for one in self.names))

    def __enter__(self) -> Hosts:
        for name in self.names:
            self.start(name)
        return self

    def __exit__(self, *raised: Any) -> None:
        for name in list(self._running):
            self.stop(name)

    def access(self, **more: Any) -> Dict[str, Any]:
        """The keys `hosts`, `config`, `identity`, `known_hosts`, and others."""
        return {
            "hosts": self.names,
            "config": str(self.config),
            "identity": str(self.folder / "user"),
            "known_hosts": str(self.known_hosts),
            **more,
        }

    def address(self, name: str) -> str:
        """The host and port of a name."""
        return f"127.0.0.1:{self._ports[name]}"

    def trust(self, **keys: str) -> None:
        """Write known_hosts: each host with its key, or with that of another; empty for none."""
        lines = []
        for name in self.names:
            whose = keys.get(name, name)
            if whose:
                key = (self.folder / f"host-{whose}.pub").read_text()
                lines.append(f"{name} {key}[127.0.0.1]:{self._ports[name]} {key}")
        self.known_hosts.write_text("".join(lines))

    def allow(self, *keys: Path) -> None:
        """Let these public keys in, and no other."""
        text = "".join(key.read_text() for key in keys)
        (self.folder / "authorized_keys").write_text(text)

    def start(self, name: str, *more: str) -> None:
        """Start a host, with more lines in its sshd_config."""
        settings = self.folder / f"sshd-{name}"
        lines = [
            f"Port {self._ports[name]}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder}/host-{name}",
            f"AuthorizedKeysFile {self.folder}/authorized_keys",
            f"PidFile {self.folder}/pid-{name}",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            *more,
        ]
        settings.write_text("\n".join(lines) + "\n")
        with suppress(OSError):  # only root needs it
            os.makedirs("/run/sshd", exist_ok=True)
        log = self.folder / f"log-{name}"
        self._running[name] = subprocess.Popen(
            [_SSHD, "-D", "-f", str(settings), "-E", str(log)], stderr=subprocess.DEVNULL
        )
        until(lambda: self._listens(name), f"sshd of {name}: {log}")

    def restore(self) -> None:
        """All hosts run and are known, and let the key in that access() names."""
        self.trust()
        self.allow(self.folder / "user.pub")
        for name in self.names:
            if name not in self._running:
                self.start(name)

    def stop(self, name: str) -> None:
        """Take a host away: nobody listens, and its connections are cut. What runs there stays."""
        daemon = self._running.pop(name)
        inside = _below(daemon.pid)
        daemon.kill()
        daemon.wait()
        for pid in inside:
            _kill(pid)

    def cut(self, name: str) -> None:
        """Cut the connections to a host, which goes on listening."""
        for pid in _below(self._running[name].pid):
            _kill(pid)

    def _reached(self, name: str) -> str:
        return f"  HostName 127.0.0.1\n  HostKeyAlias {name}\n  Port {self._ports[name]}\n"

    def _listens(self, name: str) -> bool:
        assert self._running[name].poll() is None, (self.folder / f"log-{name}").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._ports[name])) == 0


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _below(pid: int) -> List[int]:
    """The sessions of sshd that a daemon has; not what they have started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            name = (path / "comm").read_text().strip()
        except (OSError, IndexError):
            continue
        if parent == pid and name.startswith("sshd"):
            found += [int(path.name), *_below(int(path.name))]
    return found


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, 9)
