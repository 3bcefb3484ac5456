"""From a version that changes to its announcement: how much is waiting, the sensor, the rule, the
action, the post.

    ST2_API_URL=... ST2_AUTH_TOKEN=... ST2_STREAM_URL=... .venv/bin/python -m benchmarks.changes
    [--rounds N]

Run it where StackStorm runs, with the token of an administrator; opsroom has to be installed, with
its sensors and the rule note_drift on. For the time that it takes it puts a config of its own in
place, a trigger and a rule. An application of kind http is watched at a server of this process,
whose answer changes at a random moment. Beside it, in turns: a rule that posts at once when a
trigger comes, and the post alone. The end is the announcement on StackStorm's stream; with
OPSROOM_IRC and OPSROOM_IRC_HUBOT (or OPSROOM_IRC_ERRBOT) set as for benchmarks.answers, also the
line read in #ops.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.chat.irc import Typist

ROOM = "#ops"
TRIGGER = "opsroom_changes"
PATIENCE = 120.0
# The route of each relay, which is the end of the event's name.
ROUTES = {"hubot": "chatops", "errbot": "errbot"}
PARTS = ("waiting for the look", "sensor", "rule", "action", "post")


class Place:
    """Where an application says its version. `told` has when each version was answered first."""

    def __init__(self) -> None:
        self.version = "v0"
        self.told: Dict[str, float] = {}
        place = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                version = place.version
                body = json.dumps({"version": version}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                place.told.setdefault(version, time.time())

            def log_message(self, *_: Any) -> None:
                """Nothing is written for each look."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stream:
    """What StackStorm announces on a route, with when it was heard."""

    def __init__(self, route: str) -> None:
        self.heard: List[Tuple[float, str]] = []
        url = f"{os.environ['ST2_STREAM_URL']}/stream?events=st2.announcement__{route}"
        request = urllib.request.Request(
            url, headers={"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"]}
        )
        self._lines = urllib.request.urlopen(request, timeout=600)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._lines:
            if line.startswith(b"data: {"):
                said = json.loads(line[6:]).get("payload") or {}
                self.heard.append((time.time(), str(said.get("message", ""))))

    def when(self, word: str) -> Optional[float]:
        """When an announcement with this word in it was heard."""
        return next((at for at, text in list(self.heard) if word in text), None)


def call(method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Any:
    """One request to StackStorm's API. Raises urllib.error.HTTPError."""
    headers = {"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"], "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        os.environ["ST2_API_URL"] + path, data=data, headers=headers, method=method
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def wait(found: Callable[[], Any], what: str) -> Any:
    """Wait for something that is not None."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = found()
        if value is not None:
            return value
        time.sleep(0.01)
    raise SystemExit(f"there was no {what} within {PATIENCE:g} s")


def moment(text: str) -> float:
    """Seconds since 1970 of one of StackStorm's times."""
    return (
        datetime.strptime(text[:26].rstrip("Z"), "%Y-%m-%dT%H:%M:%S.%f")
        .replace(tzinfo=timezone.utc)
        .timestamp()
    )


@contextmanager
def watched(app: str, url: str, interval: float, route: str) -> Iterator[None]:
    """A config in which nothing but this application is watched."""
    config = call("GET", "/configs/opsroom?show_secrets=true")["values"]
    with tempfile.TemporaryDirectory(prefix="opsroom-changes-") as folder:
        os.chmod(folder, 0o777)  # StackStorm may run as another user
        ours = {
            "database": f"sqlite:///{folder}/opsroom.db",
            "announce": ROOM,
            "route": route,
            "environments": {"uat": {}},
            "apps": {app: {"version": {"kind": "http", "url": url, "json": "version"}}},
            "watching": {"versions": f"{interval:g}s", "cards": "0s", "pages": "0s"},
        }
        call("PUT", "/configs/opsroom", ours)
        try:
            yield
        finally:
            call("PUT", "/configs/opsroom", config or {})


@contextmanager
def posting_rule(route: str) -> Iterator[None]:
    """A trigger, and a rule that posts a word of it at once."""
    made = []
    rule = {
        "name": TRIGGER,
        "pack": "default",
        "enabled": True,
        "trigger": {"type": f"default.{TRIGGER}", "parameters": {}},
        "criteria": {},
        "action": {
            "ref": "chatops.post_message",
            "parameters": {"channel": ROOM, "message": "{{ trigger.word }}", "route": route},
        },
    }
    try:
        made.append(
            f"/triggertypes/{call('POST', '/triggertypes', {'name': TRIGGER, 'pack': 'default'})['id']}"  # noqa: E501
        )
        made.append(f"/rules/{call('POST', '/rules', rule)['id']}")
        yield
    finally:
        for path in reversed(made):
            call("DELETE", path)


def newest(
    action: str, began: float, fits: Callable[[Dict[str, Any]], bool]
) -> Optional[Dict[str, Any]]:
    """The execution of an action since then that fits."""
    wanted = "include_attributes=parameters,status,start_timestamp,end_timestamp"
    found = call("GET", f"/executions?action={action}&limit=20&sort_desc=True&{wanted}")
    return next(
        (one for one in found if moment(one["start_timestamp"]) >= began - 1 and fits(one)), None
    )


def one_change(app: str, place: Place, stream: Stream, version: str) -> Dict[str, float]:
    """Change what is served, and take apart the time until it was announced; seconds."""
    began = time.time()
    place.version = version
    heard = wait(lambda: stream.when(f"runs {version} now"), f"announcement of {version}")
    instances = call("GET", "/triggerinstances?trigger=opsroom.version_unknown_change&limit=20")
    came = next(
        one
        for one in instances
        if one["payload"]["app"] == app and one["payload"]["version"] == version
    )
    noted = newest(
        "opsroom.note_drift", began, lambda one: one["parameters"].get("version") == version
    )
    posted = newest(
        "chatops.post_message",
        began,
        lambda one: f"runs {version} now" in one["parameters"]["message"],
    )
    assert noted is not None
    assert posted is not None
    steps = [
        began,
        place.told[version],
        moment(came["occurrence_time"]),
        moment(noted["start_timestamp"]),
        moment(posted["start_timestamp"]),
        heard,
    ]
    taken = {part: after - before for part, before, after in zip(PARTS, steps, steps[1:])}
    taken["all"] = heard - began
    return taken


def one_change_read(
    app: str, place: Place, stream: Stream, version: str, person: Optional[Typist]
) -> Dict[str, float]:
    """The same, and when the line was read in the room, if someone is in it."""
    began = time.monotonic()
    taken = one_change(app, place, stream, version)
    if person is not None:
        taken["in the room"] = read_by(person, version) - began
    return taken


def by_the_rule(word: str) -> Dict[str, Any]:
    """What makes the rule post a word."""
    return {"trigger": f"default.{TRIGGER}", "payload": {"word": word}}


def by_itself(route: str) -> Callable[[str], Dict[str, Any]]:
    """What makes StackStorm post a word without a rule."""

    def body(word: str) -> Dict[str, Any]:
        return {
            "action": "chatops.post_message",
            "parameters": {"channel": ROOM, "route": route, "message": word},
        }

    return body


def one_word(stream: Stream, path: str, body: Callable[[str], Dict[str, Any]]) -> float:
    """Ask StackStorm for a post, and wait for it; seconds."""
    word = uuid.uuid4().hex
    began = time.time()
    call("POST", path, body(word))
    return float(wait(lambda: stream.when(word), "announcement") - began)


def read_by(person: Typist, version: str) -> float:
    """When a line with a version in it was read in the room; a time of `time.monotonic`."""

    def lines() -> List[Any]:
        return [one for one in person.heard if version in one.text]

    person.wait(lines, f"a line about {version}", PATIENCE)
    return float(lines()[0].at)


def row(name: str, taken: List[float]) -> str:
    low, middle, high = min(taken), statistics.median(taken), max(taken)
    return f"| {name} | {middle:.2f} ({low:.2f} to {high:.2f}) | {statistics.mean(taken):.2f} |"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--interval", type=float, default=5.0)
    given = parser.parse_args()
    relays = [(kind, os.environ.get(f"OPSROOM_IRC_{kind.upper()}", "")) for kind in ROUTES]
    relay = next((one for one in relays if one[1] and os.environ.get("OPSROOM_IRC")), None)
    route = ROUTES[relay[0]] if relay else "chatops"
    app, place, stream, mark = (
        f"watched-{uuid.uuid4().hex[:6]}",
        Place(),
        Stream(route),
        uuid.uuid4().hex[:6],
    )
    changes: List[Dict[str, float]] = []
    floor: Dict[str, List[float]] = {"a rule that posts": [], "the post alone": []}
    with ExitStack() as stack:
        stack.callback(place.close)
        person = None
        if relay:
            host, _, port = os.environ["OPSROOM_IRC"].rpartition(":")
            person = stack.enter_context(Typist((host, int(port)), "benchmark"))
            person.join(ROOM)
        stack.enter_context(posting_rule(route))
        stack.enter_context(watched(app, place.url, given.interval, route))
        # The sensor takes up a config within half a minute; the look after the first one was
        # certainly remembered.
        wait(lambda: place.told.get("v0"), "first look at the application")
        time.sleep(2 * given.interval)
        for number in range(given.rounds):
            time.sleep(random.uniform(0.0, given.interval))
            version = f"v{number + 1}-{mark}"
            changes.append(one_change_read(app, place, stream, version, person))
            floor["a rule that posts"].append(one_word(stream, "/webhooks/st2", by_the_rule))
            floor["the post alone"].append(one_word(stream, "/executions", by_itself(route)))
    print(
        f"{given.rounds} rounds, looked at each {given.interval:g} s, load {os.getloadavg()[0]:.1f}"
    )
    print("Median (least to most), and mean, in seconds\n")
    print("| from the change to the announcement | median | mean |\n| --- | --- | --- |")
    for part in (*PARTS, "all", "in the room"):
        if part in changes[0]:
            print(row(part, [one[part] for one in changes]))
    print(row("all but the waiting", [one["all"] - one[PARTS[0]] for one in changes]))
    for name, taken in floor.items():
        print(row(name, taken))


if __name__ == "__main__":
    main()
