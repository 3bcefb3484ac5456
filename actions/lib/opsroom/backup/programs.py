"""PostgreSQL's own programs, which make and read its dumps."""

from __future__ import annotations

import shutil
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..db.url import Address
from ..errors import Code, Failure
from ..subprocesses import run
from ..text import shorten

# Seconds that a dump or a restore may take.
TIME_LIMIT = 6 * 3600.0
_MAX_WHY = 300
# What psycopg or opsroom understand and libpq's programs do not.
_NOT_LIBPQ = ("prepare_threshold", "autocommit")


def run_client(program: str, arguments: Sequence[str], address: Address, folder: str = "") -> None:
    """Run a program of PostgreSQL's client on a database. `folder` is where it is, empty for PATH.

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
    connection, environment = _connection(address.options)
    lines: List[str] = []
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


def _connection(options: Mapping[str, Any]) -> Tuple[str, Dict[str, Optional[str]]]:
    from psycopg.conninfo import make_conninfo

    shown = {
        name: value
        for name, value in options.items()
        if name not in ("password", "passfile", *_NOT_LIBPQ)
    }
    environment: Dict[str, Optional[str]] = {"LC_ALL": "C"}
    if options.get("password"):
        environment["PGPASSWORD"] = str(options["password"])
    if options.get("passfile"):
        environment["PGPASSFILE"] = str(options["passfile"])
    return make_conninfo(**shown), environment


def _hint(lines: Sequence[str]) -> str:
    if any("version mismatch" in one for one in lines):
        return "Its client is older than the server: install the server's major version."
    if any("permission denied" in one for one in lines):
        return "It takes the role that owns the tables, or one that may read all of them."
    return ""
