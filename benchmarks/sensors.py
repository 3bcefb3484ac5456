"""What it costs to watch versions: processor time and memory at 10, 100 and 1,000 sources, each
asked on its interval.

    .venv/bin/python -m benchmarks.sensors [--seconds 120] [--python PATH] [--stackstorm]

The sources are applications on an HTTP server of this machine, in a process of its own. The watch
runs in another one, whose processor time and memory are told; `--stackstorm` first loads what
StackStorm loads into the process of a sensor (its green threads too) and needs --python with that
of a pack's virtualenv.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

ROOT = Path(__file__).resolve().parents[1]
INTERVAL = 60


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--seconds", type=float, default=120.0)
    arguments.add_argument("--counts", default="10,100,1000")
    arguments.add_argument("--python", default=sys.executable)
    arguments.add_argument("--stackstorm", action="store_true")
    given = arguments.parse_args()
    server = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        print(
            f"{os.getloadavg()[0]:.1f} load; {given.seconds:g} s each, every source each "
            f"{INTERVAL} s"
        )
        print("| sources | looks | late | processor, of one core | memory before | memory |")
        print("| --- | --- | --- | --- | --- | --- |")
        for count in map(int, given.counts.split(",")):
            job = {
                "port": port,
                "count": count,
                "seconds": given.seconds,
                "stackstorm": given.stackstorm,
            }
            done = subprocess.run(
                [given.python, __file__, "watch", json.dumps(job)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            print(done.stdout.strip().splitlines()[-1], flush=True)
    finally:
        server.terminate()


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

    sys.path.insert(0, str(ROOT / "actions" / "lib"))
    from opsroom.sensors.runner import Keeper
    from opsroom.sensors.sources import version_watch

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
        keeper = Keeper(
            "version:", version_watch, lambda: config, lambda settings: (database, Path(folder)),
            lambda *told: None, said.append,
        )  # fmt: skip
        threading.Thread(target=keeper.run, daemon=True).start()
        time.sleep(INTERVAL + 5)
        assert len(looks) >= job["count"], (len(looks), said)
        del looks[:]
        start, used = time.monotonic(), time.process_time()
        time.sleep(job["seconds"])
        seconds, used = time.monotonic() - start, time.process_time() - used
        expected = job["count"] * seconds / INTERVAL
        late = max(0.0, 1 - len(looks) / expected)
        cells = (
            job["count"],
            len(looks),
            f"{late:.1%}",
            f"{used / seconds:.1%}",
            f"{before:.0f} MB",
            f"{_memory():.0f} MB",
        )
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        os._exit(0)


def _count_looks(looks: List[float]) -> None:
    from opsroom.versions.http import HttpVersion

    ask = HttpVersion.ask

    def counted(self: Any) -> Any:
        answer = ask(self)
        looks.append(0.0)
        return answer

    HttpVersion.ask = counted  # type: ignore[method-assign]


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
