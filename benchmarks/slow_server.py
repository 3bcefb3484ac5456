"""An HTTP server whose every answer takes a while, in a process of its own. Answers a version as
JSON, to any path."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

_BODY = b'{"version": "v1.4.2", "commit": "5f2c9e1"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)


@contextmanager
def slow_server(seconds: float) -> Iterator[int]:
    """Start it; the port it listens on, at every address of this machine's loopback. Ends with the
    block."""
    command = [sys.executable, "-m", "benchmarks.slow_server", str(seconds)]
    process = subprocess.Popen(
        command, cwd=Path(__file__).resolve().parents[1], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


async def _serve(seconds: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await asyncio.sleep(seconds)
                writer.write(_ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    # 0.0.0.0, so that 127.0.1.1, 127.0.1.2 and so on are hosts of their own: nobody can reuse a
    # connection.
    server = await asyncio.start_server(answer, "0.0.0.0", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
