"""What a deployment needs of Jenkins, played on 127.0.0.1."""

from __future__ import annotations

import json
import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Tuple

# The keys of the config; HOST is the address.
JENKINS = {"url": "HOST", "user": "opsroom", "token": "t", "job": "web-deploy"}


class Jenkins:
    """Has any job whose name begins with `app`; its builds never end. Anything else is a 404."""

    def __init__(self) -> None:
        # The moment of each request by the job that it is about.
        self._asked: Dict[str, List[float]] = {}
        self._jobs: List[str] = []
        jenkins = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content, location = jenkins.answer(self.path.partition("?")[0])
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("X-Jenkins", "2.579")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Jenkins:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> Tuple[int, Any, str]:
        """Status, content and where to look for what was made."""
        parts = path.strip("/").split("/")
        if parts[:2] == ["queue", "item"]:
            number = int(parts[2])
            return 200, {"id": number, "executable": {"number": number}}, ""
        if parts[0] != "job" or not parts[1].startswith("app"):
            return 404, {"message": "Not Found"}, ""
        job = parts[1]
        self._asked.setdefault(job, []).append(time.monotonic())
        if parts[2] == "buildWithParameters":
            self._jobs.append(job)
            return 201, {}, f"{self.url}/queue/item/{len(self._jobs)}/"
        if parts[2] == "api":
            names = ("VERSION", "ENVIRONMENT", "OPSROOM_ID")
            declared = [{"name": name} for name in names]
            return 200, {"buildable": True, "property": [{"parameterDefinitions": declared}]}, ""
        number = int(parts[2])
        build = {"number": number, "queueId": number, "building": True, "result": None}
        return 200, {**build, "timestamp": int(time.time() * 1000)}, ""

    def is_followed(self, job: str) -> bool:
        """Whether a build of the job was looked at."""
        return len(self._asked.get(job, ())) > 2

    def pauses(self, since: float, until: float) -> Tuple[float, float, float]:
        """Seconds between two requests about one job: least, median and most of all jobs."""
        found = []
        for asked in self._asked.values():
            moments = [one for one in asked if since <= one <= until]
            found += [after - one for one, after in zip(moments, moments[1:])]
        return min(found), statistics.median(found), max(found)
