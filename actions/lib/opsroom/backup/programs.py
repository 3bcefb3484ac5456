"""PostgreSQL's own programs, which make and read its dumps."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..db.url import Address
from ..errors import Code, Failure
from ..subprocesses import run
from ..text import shorten

# Seconds that a dump or a restore may take.
TIME_LIMIT = 6 * 3600.0
_MAX_WHY = 300
_IN_ENVIRONMENT = {"password": "PGPASSWORD", "passfile": "PGPASSFILE"}
# What psycopg or opsroom understand and libpq's programs do not.
_NOT_LIBPQ = ("prepare_threshold", "autocommit")


def run_client(
    program: str, arguments: Sequence[str], address: Address, folder: str = ""
) -> List[str]:
    """Run a program of PostgreSQL's client on a database; the lines that it writes. `folder` is
    where it is, empty for PATH.

    The password goes through the environment: arguments can be seen by everyone on the machine.
    Raises Failure(store_failed) with what the program wrote last.
    """
    path = shutil.which(program, path=folder or None)
    if path is None:
        where = f"in {folder}" if folder else "on PATH"
        raise Failure(
            Code.STORE_FAILED,
            f"{program} is not {where}.",
            "Install PostgreSQL's client (postgresql-client) in the server's major version or a "
            "newer one, or name its folder with --programs.",
        )
    lines: List[str] = []
    with _connection(address.options) as (connection, environment):
        ended = run(
            [path, *arguments, f"--dbname={connection}", "--no-password"],
            TIME_LIMIT,
            environ=environment,
            on_line=lines.append,
            code=Code.STORE_FAILED,
        )
    if ended.status:
        first = next((n for n, one in enumerate(lines) if "error" in one.lower()), 0)
        why = shorten(" ".join(lines[first:]), _MAX_WHY) or f"status {ended.status}"
        raise Failure(Code.STORE_FAILED, f"{program} failed: {why}", _hint(lines))
    return lines


@contextmanager
def _connection(options: Mapping[str, Any]) -> Iterator[Tuple[str, Dict[str, Optional[str]]]]:
    """How to connect, as an argument and as variables. The passphrase of a client key has no
    variable; a service file can hold it."""
    from psycopg.conninfo import make_conninfo

    environment: Dict[str, Optional[str]] = {"LC_ALL": "C"}
    shown = {name: value for name, value in options.items() if name not in _NOT_LIBPQ}
    for name, variable in _IN_ENVIRONMENT.items():
        if shown.get(name):
            environment[variable] = str(shown[name])
        shown.pop(name, None)
    passphrase = shown.pop("sslpassword", None)
    if not passphrase or "service" in shown:
        yield make_conninfo(**shown), environment
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="opsroom-") as file:
        file.write(f"[opsroom]\nsslpassword={passphrase}\n")
        file.flush()
        environment["PGSERVICEFILE"] = file.name
        yield make_conninfo(service="opsroom", **shown), environment


def _hint(lines: Sequence[str]) -> str:
    if any("version mismatch" in one for one in lines):
        return "Its client is older than the server: install the server's major version."
    if any("permission denied" in one for one in lines):
        return "It takes the role that owns the tables, or one that may read all of them."
    return ""
