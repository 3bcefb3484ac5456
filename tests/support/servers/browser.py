"""A real browser, without a window: a page is opened in it, looked at, and asked.

Chromium is driven over its debugging pipe, so that nothing has to be installed beside it.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = os.environ.get("OPSROOM_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), "")
NO_BROWSER = "no Chromium or Chrome on the PATH; OPSROOM_TEST_BROWSER names one elsewhere"
_OPTIONS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-extensions", "--hide-scrollbars", "--force-device-scale-factor=1",
    "--disable-dev-shm-usage", "--disable-background-networking",
)  # fmt: skip
# For a machine on which a hundred other tests run, in seconds.
_PATIENCE = 40.0


def axe_script() -> Optional[str]:
    """The checks of axe-core for people who cannot see well or use no mouse; None where the package
    axe-core-python is missing."""
    found = find_spec("axe_core_python")
    places = list(found.submodule_search_locations or []) if found else []
    return (Path(places[0]) / "axe.min.js").read_text("utf-8") if places else None


@dataclass
class Tab:
    """One open page."""

    browser: Browser
    session: str
    target: str

    def call(self, method: str, **parameters: Any) -> Dict[str, Any]:
        """One command of the DevTools protocol, and its answer."""
        return self.browser.call(method, self.session, **parameters)

    def size(self, width: int, height: int, dark: bool = False, script: bool = True) -> None:
        """The size of the window, whether the reader prefers the dark, whether scripts run."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, address: str) -> None:
        """Load a page and wait until it is there."""
        self.browser.events.clear()
        self.call("Page.navigate", url=address)
        self.browser.wait_for("Page.loadEventFired", self.session)
        self.browser.events[:] = [
            one for one in self.browser.events if one["method"] != "Page.loadEventFired"
        ]

    def close(self) -> None:
        """Close it."""
        self.browser.call("Target.closeTarget", targetId=self.target)

    def wait_for_another(self) -> None:
        """Wait until the page has loaded itself, or another one, again."""
        self.browser.wait_for("Page.loadEventFired", self.session)
        self.browser.events.clear()

    def pass_time(self, seconds: int, event: str = "Emulation.virtualTimeBudgetExpired") -> None:
        """Let so many seconds pass for the page, at once; or until something happens earlier."""
        self.call(
            "Emulation.setVirtualTimePolicy",
            policy="pauseIfNetworkFetchesPending", budget=seconds * 1000,
        )  # fmt: skip
        self.browser.wait_for(event, self.session)
        self.browser.events.clear()

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript on the page, whatever the page's policy."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def picture(self, path: Path, whole: bool = True) -> Path:
        """What a reader sees, as a PNG."""
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(taken["data"]))
        return path

    def press(self, key: str) -> None:
        """A key, pressed and let go."""
        code = {"Tab": 9}[key]
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def logged(self) -> List[str]:
        """What the browser complained of so far."""
        self.ask("1")
        found = []
        for event in self.browser.events:
            parameters = event.get("params", {})
            if event["method"] == "Log.entryAdded":
                entry = parameters["entry"]
                found.append(f"{entry['level']}: {entry['text']}")
            elif event["method"] == "Runtime.exceptionThrown":
                found.append(str(parameters["exceptionDetails"]))
            elif event["method"] == "Runtime.consoleAPICalled":
                found.append(f"console: {parameters['args']}")
            elif event["method"] == "Page.javascriptDialogOpening":
                found.append(f"dialog: {parameters['message']}")
        return found


class Browser:
    """A running browser."""

    def __init__(self, process: subprocess.Popen[bytes], out: int, into: int) -> None:
        self._process, self._out, self._into = process, out, into
        self._left = b""
        self._number = 0
        self.events: List[Dict[str, Any]] = []

    def tab(self) -> Tab:
        """A new empty page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        found = Tab(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            found.call(f"{domain}.enable")
        return found

    def call(self, method: str, session: str = "", **parameters: Any) -> Dict[str, Any]:
        """One command of the DevTools protocol, and its answer; events on the way are kept."""
        self._number += 1
        wanted = self._number
        message: Dict[str, Any] = {"id": wanted, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == wanted:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])
            if "method" in answer:
                self.events.append(answer)

    def wait_for(self, event: str, session: str) -> None:
        """Wait until something of that name has happened there."""
        deadline = time.monotonic() + _PATIENCE
        while not any(
            one["method"] == event and one.get("sessionId") == session for one in self.events
        ):
            assert time.monotonic() < deadline, f"no {event}"
            answer = self._next()
            if "method" in answer:
                self.events.append(answer)

    def _next(self) -> Dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._out], [], [], _PATIENCE)
            assert ready, f"the browser has said nothing for {_PATIENCE:g} s"
            part = os.read(self._out, 1 << 20)
            assert part, "the browser ended"
            self._left += part
        message, _, self._left = self._left.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def running() -> Iterator[Browser]:
    """A browser, for as long as this lasts."""
    with tempfile.TemporaryDirectory(prefix="browser-") as profile:
        to_browser, into = os.pipe()
        out, from_browser = os.pipe()
        command = [BROWSER, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]

        def place() -> None:
            # The browser reads commands from 3 and writes answers to 4.
            first, second = os.dup(to_browser), os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)

        process = subprocess.Popen(
            command,
            preexec_fn=place,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Browser(process, out, into)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(into)
            os.close(out)
