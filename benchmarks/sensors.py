"""What it costs to watch versions: processor time and memory at 10, 100 and 1,000 sources, each
asked on its interval.

    .venv/bin/python -m benchmarks.sensors [--against DIR] [--seconds 120] [--stackstorm]

The sources are applications on an HTTP server of this machine, in a process of its own. The watch
runs in another one, whose processor time and memory are told; `--stackstorm` first loads what
StackStorm loads into the process of a sensor (its green threads too) and needs --python with that
of a pack's virtualenv.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Sequence

ROOT = Path(__file__).resolve().parents[1]
# Also run by its path, in processes that do not find this checkout on their own.
sys.path.append(str(ROOT))
from benchmarks.harness import (  # noqa: E402
    Checkout,
    checkouts,
    find,
    parser,
    plain_environ,
    table,
)

INTERVAL = 60


def measure(
    compared: Sequence[Checkout], python: str, counts: Sequence[int], seconds: float, loaded: bool
) -> List[List[str]]:
    """A row for each count and checkout, one after the other. `loaded`: with StackStorm's
    modules."""
    command = [sys.executable, __file__, "serve"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    rows = []
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for count in counts:
            for one in compared:
                job = {
                    "library": one.paths[-1],
                    "port": port,
                    "count": count,
                    "seconds": seconds,
                    "stackstorm": loaded,
                }
                with tempfile.TemporaryDirectory(prefix="opsroom-sensors-") as name:
                    done = subprocess.run(
                        [python, __file__, "watch", json.dumps(job)],
                        cwd=name,
                        env={**os.environ, **plain_environ(Path(name))},
                        capture_output=True,
                        text=True,
                        check=False,
                    )
                if done.returncode:
                    raise SystemExit(done.stderr)
                rows.append([one.name, *json.loads(done.stdout.strip().splitlines()[-1])])
    finally:
        server.terminate()
    return rows


def tables(
    compared: Sequence[Checkout],
    python: str,
    rounds: int,
    counts: Sequence[int] = (1000,),
    seconds: float = float(INTERVAL),
    loaded: bool = False,
) -> Dict[str, str]:
    """The table of docs/performance.md. One round is a minute or more: `rounds` is ignored."""
    heading = ["", "sources", "looks", "late", "processor, of one core", "memory before", "memory"]
    return {"sensors": table(heading, measure(compared, python, counts, seconds, loaded))}


def main() -> None:
    """Measure and print the table."""
    options = parser(__doc__, 1)
    options.add_argument("--seconds", type=float, default=120.0)
    options.add_argument("--counts", default="10,100,1000")
    options.add_argument("--stackstorm", action="store_true")
    given = options.parse_args()
    counts = [int(one) for one in given.counts.split(",")]
    compared = checkouts(given.against)
    made = tables(compared, given.python, 1, counts, given.seconds, given.stackstorm)
    print(made["sensors"])


def serve() -> None:
    """Answers every request with a version; keeps connections open."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" + b'{"version":"1.0"}'
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def forever() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        async with server:
            await server.serve_forever()

    asyncio.run(forever())


def watch(job: Dict[str, Any]) -> None:
    """Watches for so long, and tells what it took, without the start of the process and the first
    look."""
    if job["stackstorm"]:
        import st2reactor.container.sensor_wrapper  # noqa: F401
    before = _memory()
    import threading
    import time

    sys.path.insert(0, job["library"])
    runner_of = find(
        "Runner",
        "opsroom.sensors.runner",
        "opsroom.sensors.runner:Keeper",
        "opsroom.watching.keeper:Keeper",
    )
    version_watch = find("version_watch", "opsroom.sensors.sources", "opsroom.watching.sources")

    url = f"http://127.0.0.1:{job['port']}/{{app}}/{{environment}}"
    version = {"kind": "http", "url": url, "json": "version"}
    config = {
        "environments": {"uat": {}},
        "apps": {f"app{number}": {"version": version} for number in range(job["count"])},
        "watching": {"versions": f"{INTERVAL}s"},
    }
    looks: List[float] = []
    _count_looks(looks)
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/opsroom.db"
        said: List[str] = []
        runner = runner_of(
            "version:", version_watch, lambda: config, lambda settings: (database, Path(folder)),
            lambda *told: None, said.append,
        )  # fmt: skip
        threading.Thread(target=runner.run, daemon=True).start()
        time.sleep(INTERVAL + 5)
        assert len(looks) >= job["count"], (len(looks), said)
        del looks[:]
        start, used = time.monotonic(), time.process_time()
        time.sleep(job["seconds"])
        seconds, used = time.monotonic() - start, time.process_time() - used
        expected = job["count"] * seconds / INTERVAL
        late = max(0.0, 1 - len(looks) / expected)
        cells = (
            f"{job['count']:,}",
            f"{len(looks):,}",
            f"{late:.1%}",
            f"{used / seconds:.1%}",
            f"{before:.0f} MB",
            f"{_memory():.0f} MB",
        )
        print(json.dumps(cells), flush=True)
        os._exit(0)


def _count_looks(looks: List[float]) -> None:
    from opsroom.versions.http import HttpVersion

    ask = HttpVersion.ask

    def counted(self: Any) -> Any:
        answer = ask(self)
        looks.append(0.0)
        return answer

    HttpVersion.ask = counted


def _memory() -> float:
    """The most that was resident so far, in MB."""
    line = next(
        one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve()
    elif sys.argv[1:2] == ["watch"]:
        watch(json.loads(sys.argv[2]))
    else:
        main()
