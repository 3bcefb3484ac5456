"""From message to the pager's acceptance on a running StackStorm, beside an empty Python action;
requests per verb.

    ST2_API_URL=... ST2_AUTH_TOKEN=... .venv/bin/python -m benchmarks.paging [--rounds N]
    .venv/bin/python -m benchmarks.paging --requests

The first is run where StackStorm runs, with the token of an administrator: it installs a pack of
one empty action, and configures opsroom (which has to be installed) for a PagerDuty that this
process plays, for the time that it takes. What is measured begins with `POST
/v1/aliasexecution/match_and_execute`. It ends, for a page, when the pager has answered that it took
it, and for the empty action when its `run` is entered. A relay adds its own time to both alike.

The second needs the requirements of the tests, and the vendors' descriptions that the contract
tests read.
"""

from __future__ import annotations

import argparse
import json
import ssl
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple
from urllib.error import HTTPError

from benchmarks.harness import Checkout, table
from benchmarks.stackstorm import NOTHING, call, ended, floor_pack

ROOT = Path(__file__).resolve().parents[1]
# What is said, in this order, with the number that the page's answer told.
VERBS = (
    ("on call", "on call for web-team"),
    ("page", "page web-team: checkout is down"),
    ("the same again", "page web-team: checkout is down"),
    ("list", "show pages for web-team"),
    ("ack", "ack page {id}"),
    ("escalate", "escalate page {id}"),
    ("add", "add bob to page {id}"),
    ("resolve", "resolve page {id}"),
)


class Pager:
    """What opsroom needs of PagerDuty to page a service, and when it was accepted. With the paths
    of a certificate and its key it is asked over https."""

    def __init__(self, certificate: Optional[Tuple[str, str]] = None) -> None:
        self.accepted: List[float] = []
        pager = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["incident"]
                self._answer(201, {"incident": pager.incident(sent)})
                pager.accepted.append(time.time())

            def do_GET(self) -> None:
                self._answer(200, {"oncalls": [], "more": False})

            def _answer(self, status: int, content: Any) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # The handshake is made in the thread of the connection.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Pager:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()

    def incident(self, sent: Dict[str, Any]) -> Dict[str, Any]:
        """The incident as PagerDuty answers it."""
        number = len(self.accepted) + 1
        bob = {"id": "PBOB", "type": "user_reference", "summary": "Bob Brown"}
        return {
            "id": f"PI{number}",
            "incident_number": number,
            "title": sent["title"],
            "status": "triggered",
            "html_url": f"{self.url}/incidents/PI{number}",
            "incident_key": sent["incident_key"],
            "created_at": "2026-11-23T09:00:00Z",
            "urgency": "high",
            "service": {"id": "PWEB", "type": "service_reference", "summary": "Web"},
            "assignments": [{"at": "2026-11-23T09:00:00Z", "assignee": bob}],
            "acknowledgements": [],
        }


@contextmanager
def configured(pager: Pager) -> Iterator[None]:
    """opsroom with that pager, a fresh database and no limit; afterwards its config is what it
    was."""
    try:
        before = call("/configs/opsroom?show_secrets=true")["values"]
    except HTTPError:
        before = {}
    with tempfile.TemporaryDirectory(prefix="opsroom-benchmark-") as folder:
        Path(folder).chmod(0o777)
        config = {
            "database": f"sqlite:///{folder}/opsroom.db",
            "environments": {"test": {}},
            "pagers": {
                "duty": {
                    "kind": "pagerduty",
                    "token": "t",
                    "from": "bot@example.com",
                    "url": pager.url,
                }
            },
            "teams": {"web-team": {"duty": "PWEB"}},
            "page_limit": {"pages": 0},
            "watch": "0s",
        }
        _put("/configs/opsroom", config)
        try:
            yield
        finally:
            _put("/configs/opsroom", before or {})


def _put(path: str, body: Any) -> None:
    import os
    from urllib.request import Request, urlopen

    headers = {"X-Auth-Token": os.environ["ST2_AUTH_TOKEN"], "Content-Type": "application/json"}
    url = os.environ["ST2_API_URL"] + path
    with urlopen(Request(url, json.dumps(body).encode(), headers, method="PUT"), timeout=30):
        return


def say(message: str, at: Callable[[str], float]) -> float:
    """The seconds from saying something to the moment that `at(execution)` tells once it has
    ended."""
    body = {
        "command": message,
        "user": "benchmark",
        "source_channel": "",
        "notification_route": "none",
    }
    began = time.time()
    execution = call("/aliasexecution/match_and_execute", body)["results"][0]["execution"]["id"]
    if ended(execution) != "succeeded":
        raise SystemExit(f"'{message}' failed: st2 execution get {execution}")
    return at(execution) - began


def measure(rounds: int) -> Dict[str, List[float]]:
    """Seconds of each round, the two in turns, after one round that does not count."""
    kept: Dict[str, List[float]] = {"empty": [], "page": []}

    def ran_at(execution: str) -> float:
        result = call(f"/executions/{execution}")["result"]
        return float(result["result"]["ran_at"])

    with floor_pack(), Pager() as pager, configured(pager):
        for turn in range(rounds + 1):
            seconds = {
                "empty": say(NOTHING, ran_at),
                "page": say(f"page web-team: round {turn}", lambda execution: pager.accepted[-1]),
            }
            if turn:
                for name, taken in seconds.items():
                    kept[name].append(taken)
    return kept


def requests_per_verb() -> List[Tuple[str, Dict[str, str]]]:
    """How many requests each kind sends for each verb; "-" for what it cannot do, which it says
    without a request."""
    sys.path[:0] = [str(ROOT / one) for one in ("tests", "actions/lib")]
    import yaml

    from console.opening import open_session
    from support.pages.kinds import CASES, case

    rows: List[Tuple[str, Dict[str, str]]] = []
    for name in CASES:
        counts: Dict[str, str] = {}
        with case(name) as it, tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "opsroom.yaml"
            config = {
                **it.config(),
                "environments": {"test": {}},
                "database": f"sqlite:///{folder}/opsroom.db",
            }
            path.write_text(yaml.safe_dump(config), encoding="utf-8")
            session, id = open_session(path, ROOT, speaker="alice", room="#dev"), ""
            for verb, text in VERBS:
                before = it.requests()
                reply = session.say(text.replace("{id}", id))
                counts[verb] = str(it.requests() - before)
                if reply.code == "not_possible" or reply.result.get("noted_here_only"):
                    counts[verb] += " -"
                if verb == "page":
                    id = str(reply.result["number"] or reply.result["incident"])
        rows.append((name, counts))
    return rows


def tables(compared: Sequence[Checkout], python: str, rounds: int) -> Dict[str, str]:
    """The table of docs/performance.md that needs no StackStorm: requests for each verb, of this
    checkout."""
    return {"page-requests": _requests_table()}


def _requests_table() -> str:
    verbs, found = [verb for verb, _ in VERBS], requests_per_verb()
    return table(["kind", *verbs], ([name, *map(counts.get, verbs)] for name, counts in found))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--requests", action="store_true", help="count requests instead; needs no StackStorm"
    )
    arguments = parser.parse_args()
    if arguments.requests:
        print(_requests_table())
        return
    seconds = measure(arguments.rounds)
    floor = statistics.median(seconds["empty"])
    print(
        f"Medians of {arguments.rounds} rounds\n\n| message | seconds | of the empty action |\n| "
        "--- | --- | --- |"
    )
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        print(
            f"| {name} | {middle:.3f} ({min(taken):.3f} to {max(taken):.3f}) | "
            f"{middle / floor:.2f} |"
        )


if __name__ == "__main__":
    main()
