"""A real errbot with err-stackstorm and opsroom's plugin, in errbot's own virtualenv, started as
docs/chat.md says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from support.chat.story import KEY
from support.virtualenvs import python, site_packages, virtualenv
from support.waiting import until
from support.worlds.world import ROOT

RELAY = ROOT / "relays" / "errbot"
PREFIX = "!"
# The stream of StackStorm is open: until then an answer would be lost.
_STREAM = re.compile(r'"GET \S*/stream HTTP/1\.1" 200')
_SEALING = "speakers are sealed"


class Errbot:
    """`with Errbot(url, api_key, folder, "XMPP", BOT_IDENTITY={...}) as bot:`; `url` is that of
    StackStorm's API, the settings are those of errbot's config.py, which begins with `head`."""

    def __init__(
        self, url: str, key: str, folder: Path, backend: str, head: str = "", **settings: Any
    ) -> None:
        self._venv = virtualenv("errbot", ROOT / "tests/relays/errbot/requirements.txt")
        self.folder = folder / "errbot"
        self.folder.mkdir()
        (self.folder / "data").mkdir()
        self._log = self.folder / "log"
        self._write(head, {**self._usual(url, key, backend), **settings})
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._from = 0

    def __enter__(self) -> Errbot:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def start(self, *ready: str, sealing: bool = True) -> None:
        """Start it, and wait until it seals speakers (unless `sealing` is false), hears StackStorm,
        and has logged what `ready` says."""
        self._from = len(self._text())
        environ = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [python(self._venv), "-m", "errbot.cli", "-c", str(self.folder / "config.py")],
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        for text in (*((_SEALING,) if sealing else ()), *ready):
            self.wait_for(text)
        until(lambda: _STREAM.search(self.log()), "errbot to listen to StackStorm", 60)

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        if self._process is not None:
            # It ends when it is interrupted; its plugins may wait for StackStorm.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def versions(self, *packages: str) -> Dict[str, str]:
        """Those that are installed of these packages."""
        path = [str(site_packages(self._venv))]
        found = {one.metadata["Name"]: one.version for one in distributions(path=path)}
        return {one: found[one] for one in packages}

    def restart(self) -> None:
        self.stop()
        self.start()

    def from_now(self) -> None:
        """What it logged before no longer counts."""
        self._from = len(self._text())

    def log(self) -> str:
        """What it logged since its last start, or since `from_now`."""
        return self._text()[self._from :]

    def dropped(self) -> List[str]:
        """Why it dropped messages since its last start."""
        return re.findall(r"dropped message \S+ of \S+: (.+)", self.log())

    def wait_for_dropped(self, *reasons: str) -> None:
        """Wait until it has dropped a message for each of these reasons (parts of them): it handles
        messages side by side, so one may still be on its way when a later one has been done."""

        def missing() -> List[str]:
            dropped = self.dropped()
            return [reason for reason in reasons if not any(reason in one for one in dropped)]

        until(lambda: not missing(), f"messages to be dropped: {reasons}", 60)

    def wait_for(self, text: str) -> None:
        """Wait until it logs that, since its last start."""

        def found() -> bool:
            if text in self.log():
                return True
            ended = self._process is not None and self._process.poll() is not None
            output = (self.folder / "output").read_text("utf-8", "replace")
            assert not ended, f"errbot ended: {output[-2000:]}"
            return False

        until(found, f"{text!r} in the log of errbot", 90)

    def _text(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def _usual(self, url: str, key: str, backend: str) -> Dict[str, Any]:
        stock = str(site_packages(self._venv) / "err-stackstorm")
        return {
            "BACKEND": backend,
            "BOT_DATA_DIR": str(self.folder / "data"),
            "BOT_LOG_FILE": str(self._log),
            "BOT_LOG_LEVEL": 10,
            "BOT_EXTRA_PLUGIN_DIR": [stock, str(RELAY / "plugin")],
            "BOT_EXTRA_BACKEND_DIR": str(RELAY / "backends"),
            "BOT_PREFIX": PREFIX,
            "BOT_ADMINS": (),
            "CORE_PLUGINS": ("ACLs", "ChatRoom", "Health", "Help", "Plugins"),
            "AUTOINSTALL_DEPS": False,
            "OPSROOM_RELAY_KEY": KEY,
            "STACKSTORM": {
                "api_url": url,
                "auth_url": url,
                "stream_url": stream_url(url),
                "verify_cert": False,
                "api_auth": {"apikey": key},
                "rbac_auth": {"standalone": {}},
                "route_key": "errbot",
                "plugin_prefix": "",
            },
        }

    def _write(self, head: str, settings: Mapping[str, Any]) -> None:
        lines = [f"{name} = {value!r}" for name, value in settings.items()]
        (self.folder / "config.py").write_text("\n".join([head, *lines, ""]), "utf-8")


def stream_url(url: str) -> str:
    """Where StackStorm's stream is, with the version."""
    if url != os.environ.get("ST2_API_URL", "").rstrip("/"):
        return url
    stream = os.environ.get("ST2_STREAM_URL", url).rstrip("/")
    return stream if stream.endswith("/v1") else f"{stream}/v1"
